// SPDX-License-Identifier: MIT
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/vec.h"
#include "backend/cpu/rows_tile.h"

void fov_rows_generic(fov_kernels *kernels)
{
    kernels->add = (fov_add_f32){"add_f32_generic", add_f32};
    kernels->max = (fov_max_f32){"max_f32_generic", max_f32};
}
