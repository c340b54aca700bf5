// SPDX-License-Identifier: MIT
/* Integers in the words of depthwise_int8_tile.h, for vectors of 8. */
#ifndef FOVEA_BACKEND_CPU_AVX2_INTEGERS_H
#define FOVEA_BACKEND_CPU_AVX2_INTEGERS_H

#include "backend/cpu/avx2/storage.h"

/** Fields of `high` moved up by `bits`, 8, 16 or 24, beside those of `low`. */
static inline ivec ivec_join(ivec low, ivec high, const int bits)
{
    const ivec moved = bits == 8    ? _mm256_slli_epi32(high, 8)
                       : bits == 16 ? _mm256_slli_epi32(high, 16)
                                    : _mm256_slli_epi32(high, 24);
    return _mm256_or_si256(low, moved);
}

/** q less its zero point, 16 bits; the upper half of each lane stays 0. */
static inline ivec ivec_center(ivec q, ivec zero_point)
{
    return _mm256_sub_epi16(q, zero_point);
}

/** Of numbers of 16 bits; the upper half of x is 0, that of w does not matter. */
static inline ivec ivec_add_product(ivec sum, ivec x, ivec w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
}

#endif
