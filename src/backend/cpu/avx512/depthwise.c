// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/zmm.h"
#include "backend/cpu/depthwise_tile.h"

enum { NARROW = 8 }; /* channels that fit half a vector */

static void depthwise_f32_avx512(const fov_depthwise_f32_call *call)
{
    if (call->channels <= NARROW) fov_depthwise_narrow_avx512_run(call);
    else depthwise(call);
}

void fov_depthwise_avx512(fov_kernels *kernels)
{
    kernels->depthwise = (fov_depthwise_f32){"f32_avx512", depthwise_f32_avx512};
}
