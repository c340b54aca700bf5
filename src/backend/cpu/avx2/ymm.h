// SPDX-License-Identifier: MIT
/* Vectors of 8 floats, in the words of gemm_tile.h and depthwise_tile.h. */
#ifndef FOVEA_BACKEND_CPU_AVX2_YMM_H
#define FOVEA_BACKEND_CPU_AVX2_YMM_H

#include "backend/cpu/avx2/ymm_base.h"

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
