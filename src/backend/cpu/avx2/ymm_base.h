// SPDX-License-Identifier: MIT
/* What vectors of 8 floats have in common with AVX2 and with AVX-512's masks, in the words of gemm_tile.h. */
#ifndef FOVEA_BACKEND_CPU_AVX2_YMM_BASE_H
#define FOVEA_BACKEND_CPU_AVX2_YMM_BASE_H

#include <immintrin.h>

typedef __m256 vec;
enum { LANES = 8 };

static inline vec vec_load(const float *p)
{
    return _mm256_load_ps(p);
}

static inline vec vec_set1(float v)
{
    return _mm256_set1_ps(v);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}

#endif
