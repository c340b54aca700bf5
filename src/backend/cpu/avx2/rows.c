// SPDX-License-Identifier: MIT
#define FOV_ISA avx2
#include "backend/cpu/rows_tmpl.h"
