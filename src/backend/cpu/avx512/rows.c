// SPDX-License-Identifier: MIT
#define FOV_ISA avx512
#include "backend/cpu/rows_tmpl.h"
