// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/zmm.h"
#include "backend/cpu/rows_tile.h"

void fov_rows_avx512(fov_kernels *kernels)
{
    kernels->add = (fov_add_f32){"add_f32_avx512", add_f32};
    kernels->max = (fov_max_f32){"max_f32_avx512", max_f32};
}
