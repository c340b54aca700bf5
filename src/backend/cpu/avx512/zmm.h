// SPDX-License-Identifier: MIT
/* Whole vectors of 16 floats, in the words of gemm_tile.h and depthwise_tile.h. */
#ifndef FOVEA_BACKEND_CPU_AVX512_ZMM_H
#define FOVEA_BACKEND_CPU_AVX512_ZMM_H

#include <immintrin.h>

typedef __m512 vec;
enum { LANES = 16 };

static inline vec vec_load(const float *p)
{
    return _mm512_load_ps(p);
}

static inline vec vec_set1(float v)
{
    return _mm512_set1_ps(v);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

static inline vec vec_activate(vec v, vec slope)
{
    return _mm512_mask_mul_ps(v, _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ), v, slope);
}

static inline __mmask16 first_lanes(int n)
{
    return (__mmask16)(0xffffU >> (16 - n));
}

static inline vec vec_load_part(const float *p, int n)
{
    return n == LANES ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(first_lanes(n), p);
}

static inline void vec_store_part(float *p, int n, vec v)
{
    if (n == LANES) _mm512_storeu_ps(p, v);
    else _mm512_mask_storeu_ps(p, first_lanes(n), v);
}

#endif
