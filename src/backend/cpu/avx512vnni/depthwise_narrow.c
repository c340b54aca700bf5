// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512vnni/avx512vnni.h"

#include "backend/cpu/avx512/ymm.h"

#include "backend/cpu/avx2/integers.h"

enum { TAPS = 4 };

static inline ivec ivec_dot(ivec sum, ivec x, ivec w)
{
    return _mm256_dpbusd_epi32(sum, x, w);
}

#include "backend/cpu/depthwise_int8_tile.h"

void fov_depthwise_int8_narrow_avx512vnni_run(const fov_depthwise_call *call)
{
    depthwise_int8(call);
}
