// SPDX-License-Identifier: MIT
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/ymm.h"

#include "backend/cpu/avx2/integers.h"

enum { TAPS = 2 };

/* Not vpmaddubsw, which saturates. */
static inline ivec ivec_dot(ivec sum, ivec x, ivec w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
}

#include "backend/cpu/depthwise_int8_tile.h"
#include "backend/cpu/depthwise_tile.h"

void fov_depthwise_avx2(fov_kernels *kernels)
{
    kernels->depthwise = (fov_depthwise_kernel){"avx2", 0, 0, depthwise};
    kernels->depthwise_int8 = (fov_depthwise_kernel){"int8_avx2", TAPS, 0, depthwise_int8};
}
