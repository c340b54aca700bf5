// SPDX-License-Identifier: MIT
/* Integers in vectors of 256 bits, in the words of dot_tile.h, less dot(). */
#ifndef FOVEA_BACKEND_CPU_AVX2_DOT_YMM_H
#define FOVEA_BACKEND_CPU_AVX2_DOT_YMM_H

#include <immintrin.h>
#include <string.h>

typedef __m256i sum;
typedef __m256i groups;
enum { LANES = 8 };

static inline sum sum_load(const void *p)
{
    return _mm256_load_si256(p);
}

static inline void sum_store(void *p, sum s)
{
    _mm256_store_si256(p, s);
}

static inline groups groups_load(const void *p)
{
    return _mm256_load_si256(p);
}

static inline groups groups_set1(const void *p)
{
    int bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm256_set1_epi32(bytes);
}

#endif
