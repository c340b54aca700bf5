// SPDX-License-Identifier: MIT
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/vec.h"
#include "backend/cpu/depthwise_tile.h"

void fov_depthwise_generic(fov_kernels *kernels)
{
    kernels->depthwise = (fov_depthwise_f32){"f32_generic", depthwise};
}
