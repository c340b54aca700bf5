// SPDX-License-Identifier: MIT
/* Integers in whole vectors, in the words of dot_tile.h, less dot(). */
#ifndef FOVEA_BACKEND_CPU_AVX512_DOT_ZMM_H
#define FOVEA_BACKEND_CPU_AVX512_DOT_ZMM_H

#include <immintrin.h>
#include <string.h>

typedef __m512i sum;
typedef __m512i groups;
enum { LANES = 16 };

static inline sum sum_load(const void *p)
{
    return _mm512_load_si512(p);
}

static inline void sum_store(void *p, sum s)
{
    _mm512_store_si512(p, s);
}

static inline groups groups_load(const void *p)
{
    return _mm512_load_si512(p);
}

static inline groups groups_set1(const void *p)
{
    int bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm512_set1_epi32(bytes);
}

#endif
