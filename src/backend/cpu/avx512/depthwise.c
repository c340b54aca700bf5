// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/integers.h"

enum { TAPS = 2, NARROW = 8 /* channels that fit half a vector */ };

static inline ivec ivec_dot(ivec sum, ivec x, ivec w)
{
    return _mm512_add_epi32(sum, _mm512_madd_epi16(x, w));
}

#include "backend/cpu/depthwise_int8_tile.h"
#include "backend/cpu/depthwise_tile.h"

static void depthwise_avx512(const fov_depthwise_call *call)
{
    if (call->channels <= NARROW) fov_depthwise_narrow_avx512_run(call);
    else depthwise(call);
}

static void depthwise_int8_avx512(const fov_depthwise_call *call)
{
    if (call->channels <= NARROW) fov_depthwise_int8_narrow_avx512_run(call);
    else depthwise_int8(call);
}

void fov_depthwise_avx512(fov_kernels *kernels)
{
    kernels->depthwise = (fov_depthwise_kernel){"avx512", 0, 0, depthwise_avx512};
    kernels->depthwise_int8 = (fov_depthwise_kernel){"int8_avx512", TAPS, 0, depthwise_int8_avx512};
}
