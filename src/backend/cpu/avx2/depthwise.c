// SPDX-License-Identifier: MIT
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/ymm.h"
#include "backend/cpu/depthwise_tile.h"

void fov_depthwise_avx2(fov_kernels *kernels)
{
    kernels->depthwise = (fov_depthwise_f32){"f32_avx2", depthwise};
}
