// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/ymm.h"

#include "backend/cpu/avx2/integers.h"

enum { TAPS = 2 };

static inline ivec ivec_dot(ivec sum, ivec x, ivec w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
}

#include "backend/cpu/depthwise_int8_tile.h"
#include "backend/cpu/depthwise_tile.h"

void fov_depthwise_narrow_avx512_run(const fov_depthwise_call *call)
{
    depthwise(call);
}

void fov_depthwise_int8_narrow_avx512_run(const fov_depthwise_call *call)
{
    depthwise_int8(call);
}
