// SPDX-License-Identifier: MIT
/* vdpbf16ps adds two products of bfloat16 to a float. Tiles are those of avx512/gemm.c. */
#include "backend/cpu/avx512bf16/avx512bf16.h"

#include <immintrin.h>
#include <string.h>

typedef __m512   sum;
typedef __m512bh groups;
enum { LANES = 16, MAX_ROWS = 14, MAX_VECS = 2 };

static inline sum sum_load(const void *p)
{
    return _mm512_load_ps(p);
}

static inline void sum_store(void *p, sum s)
{
    _mm512_store_ps(p, s);
}

static inline groups groups_load(const void *p)
{
    return (groups)_mm512_load_si512(p);
}

static inline groups groups_set1(const void *p)
{
    int bytes;
    memcpy(&bytes, p, sizeof bytes);
    return (groups)_mm512_set1_epi32(bytes);
}

static inline sum dot(sum s, groups a, groups w)
{
    return _mm512_dpbf16_ps(s, a, w);
}

#include "backend/cpu/dot_tile.h"

INSTANCES_14(DOT_TILE, 1)
INSTANCES_14(DOT_TILE, 2)
DOT_KERNEL(gemm_bf16_14x32, 14, 2)
DOT_KERNEL(gemm_bf16_14x16, 14, 1)

void fov_gemm_avx512bf16(fov_kernels *kernels)
{
    kernels->gemm_bf16[0] = (fov_gemm_dot){"bf16_avx512bf16_14x32", MAX_ROWS, 32, FOV_GROUP_BF16, gemm_bf16_14x32};
    kernels->gemm_bf16[1] = (fov_gemm_dot){"bf16_avx512bf16_14x16", MAX_ROWS, 16, FOV_GROUP_BF16, gemm_bf16_14x16};
}
