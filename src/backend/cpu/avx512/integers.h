// SPDX-License-Identifier: MIT
/* Integers in the words of depthwise_int8_tile.h, for vectors of 16. */
#ifndef FOVEA_BACKEND_CPU_AVX512_INTEGERS_H
#define FOVEA_BACKEND_CPU_AVX512_INTEGERS_H

#include "backend/cpu/avx512/storage.h"

/** Fields of `high` moved up by `bits`, 8, 16 or 24, beside those of `low`. */
static inline ivec ivec_join(ivec low, ivec high, const int bits)
{
    const ivec moved = bits == 8    ? _mm512_slli_epi32(high, 8)
                       : bits == 16 ? _mm512_slli_epi32(high, 16)
                                    : _mm512_slli_epi32(high, 24);
    return _mm512_or_si512(low, moved);
}

/** q less its zero point, 16 bits; the upper half of each lane stays 0. */
static inline ivec ivec_center(ivec q, ivec zero_point)
{
    return _mm512_sub_epi16(q, zero_point);
}

/** Of numbers of 16 bits; the upper half of x is 0, that of w does not matter. */
static inline ivec ivec_add_product(ivec sum, ivec x, ivec w)
{
    return _mm512_add_epi32(sum, _mm512_madd_epi16(x, w));
}

#endif
