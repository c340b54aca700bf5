// SPDX-License-Identifier: MIT
#define FOV_ISA generic
#include "backend/cpu/rows_tmpl.h"
