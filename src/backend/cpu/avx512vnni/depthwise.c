// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512vnni/avx512vnni.h"

#include "backend/cpu/avx512/integers.h"

enum { TAPS = 4, BLOCK = 64, NARROW = 8 /* channels that fit half a vector */ };

static inline ivec ivec_dot(ivec sum, ivec x, ivec w)
{
    return _mm512_dpbusd_epi32(sum, x, w);
}

#include "backend/cpu/depthwise_int8_tile.h"

static void depthwise_int8_avx512vnni(const fov_depthwise_call *call)
{
    if (fov_depthwise_blocks_avx512vnni_run(call)) return;
    if (call->channels <= NARROW) fov_depthwise_int8_narrow_avx512vnni_run(call);
    else depthwise_int8(call);
}

void fov_depthwise_avx512vnni(fov_kernels *kernels)
{
    kernels->depthwise_int8 = (fov_depthwise_kernel){"int8_avx512vnni", TAPS, BLOCK, depthwise_int8_avx512vnni};
}
