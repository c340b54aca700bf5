// SPDX-License-Identifier: MIT
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/integers.h"

enum { TAPS = 1 };

static inline ivec ivec_dot(ivec sum, ivec x, ivec w)
{
    return sum + x * w;
}

#include "backend/cpu/depthwise_int8_tile.h"
#include "backend/cpu/depthwise_tile.h"

void fov_depthwise_generic(fov_kernels *kernels)
{
    kernels->depthwise = (fov_depthwise_kernel){"generic", 0, 0, depthwise};
    kernels->depthwise_int8 = (fov_depthwise_kernel){"int8_generic", TAPS, 0, depthwise_int8};
}
