// SPDX-License-Identifier: MIT
/* Vectors of 8 floats, in the words of gemm_tile.h and depthwise_tile.h. */
#ifndef FOVEA_BACKEND_CPU_AVX2_YMM_H
#define FOVEA_BACKEND_CPU_AVX2_YMM_H

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

static inline vec vec_activate(vec v, vec slope)
{
    return _mm256_blendv_ps(v, _mm256_mul_ps(v, slope), _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LT_OQ));
}

static inline __m256i first_lanes(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vec vec_load_part(const float *p, int n)
{
    return n == LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_lanes(n));
}

static inline void vec_store_part(float *p, int n, vec v)
{
    if (n == LANES) _mm256_storeu_ps(p, v);
    else _mm256_maskstore_ps(p, first_lanes(n), v);
}

#endif
