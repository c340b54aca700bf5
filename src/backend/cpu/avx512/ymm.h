// SPDX-License-Identifier: MIT
/* Half vectors of 8 floats, with the masks of AVX-512VL, in the words of gemm_tile.h and depthwise_tile.h. */
#ifndef FOVEA_BACKEND_CPU_AVX512_YMM_H
#define FOVEA_BACKEND_CPU_AVX512_YMM_H

#include "backend/cpu/avx2/ymm_base.h"

static inline vec vec_activate(vec v, vec slope)
{
    return _mm256_mask_mul_ps(v, _mm256_cmp_ps_mask(v, _mm256_setzero_ps(), _CMP_LT_OQ), v, slope);
}

static inline __mmask8 first_lanes(int n)
{
    return (__mmask8)(0xffU >> (8 - n));
}

static inline vec vec_load_part(const float *p, int n)
{
    return n == LANES ? _mm256_loadu_ps(p) : _mm256_maskz_loadu_ps(first_lanes(n), p);
}

static inline void vec_store_part(float *p, int n, vec v)
{
    if (n == LANES) _mm256_storeu_ps(p, v);
    else _mm256_mask_storeu_ps(p, first_lanes(n), v);
}

#endif
