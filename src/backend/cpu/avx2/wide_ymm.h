// SPDX-License-Identifier: MIT
/* Integers in vectors of 256 bits, in the words of winograd_int8_tile.h, less dot(). */
#ifndef FOVEA_BACKEND_CPU_AVX2_WIDE_YMM_H
#define FOVEA_BACKEND_CPU_AVX2_WIDE_YMM_H

#include "backend/cpu/avx2/dot_ymm.h"

#include <stdint.h>

typedef __m256i wide;

static inline wide wide_load_u8(const uint8_t *p)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline void wide_store(int16_t *p, wide v)
{
    _mm256_store_si256((__m256i *)(void *)p, v);
}

static inline wide wide_add(wide a, wide b)
{
    return _mm256_add_epi16(a, b);
}

static inline wide wide_sub(wide a, wide b)
{
    return _mm256_sub_epi16(a, b);
}

static inline wide wide_shl(wide v, const int bits)
{
    return _mm256_slli_epi16(v, bits);
}

static inline sum sum_set1(int32_t v)
{
    return _mm256_set1_epi32(v);
}

static inline sum sum_add(sum a, sum b)
{
    return _mm256_add_epi32(a, b);
}

static inline sum sum_sub(sum a, sum b)
{
    return _mm256_sub_epi32(a, b);
}

static inline sum sum_mul(sum a, sum b)
{
    return _mm256_mullo_epi32(a, b);
}

static inline sum sum_shl(sum v, const int bits)
{
    return _mm256_slli_epi32(v, bits);
}

static inline sum sum_sar(sum v, const int bits)
{
    return _mm256_srai_epi32(v, bits);
}

#endif
