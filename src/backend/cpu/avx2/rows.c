// SPDX-License-Identifier: MIT
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/ymm.h"
#include "backend/cpu/rows_tile.h"

void fov_rows_avx2(fov_kernels *kernels)
{
    kernels->add = (fov_add_f32){"add_f32_avx2", add_f32};
    kernels->max = (fov_max_f32){"max_f32_avx2", max_f32};
}
