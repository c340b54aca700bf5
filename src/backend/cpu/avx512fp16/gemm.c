// SPDX-License-Identifier: MIT
/* vfmadd231ph multiplies 32 halves. Tiles are those of avx512/gemm.c. */
#include "backend/cpu/avx512fp16/avx512fp16.h"

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

typedef __m512h halves;
typedef struct sums {
    __m512 low, high; /* of columns 0 .. 7, and 8 .. 15 */
} sums;
enum { LANES = 16, MAX_ROWS = 14, MAX_VECS = 2 };

static inline halves halves_load(const void *p)
{
    return _mm512_castsi512_ph(_mm512_load_si512(p));
}

static inline halves halves_set1(const void *p)
{
    int bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm512_castsi512_ph(_mm512_set1_epi32(bytes));
}

static inline halves halves_zero(void)
{
    return _mm512_castsi512_ph(_mm512_setzero_si512());
}

static inline halves halves_fma(halves a, halves w, halves h)
{
    return _mm512_fmadd_ph(a, w, h);
}

/* Masked, not asked: what was not written is not read, and there is one path. */
static inline sums sums_load(const float *p, bool written)
{
    const __mmask16 all = (__mmask16)(written ? 0xffff : 0);
    return (sums){_mm512_maskz_load_ps(all, p), _mm512_maskz_load_ps(all, p + LANES)};
}

static inline void sums_store(float *p, sums s)
{
    _mm512_store_ps(p, s.low);
    _mm512_store_ps(p + LANES, s.high);
}

static inline sums sums_add(sums s, halves h)
{
    const __m512i bits = _mm512_castph_si512(h);
    return (sums){_mm512_add_ps(s.low, _mm512_cvtph_ps(_mm512_castsi512_si256(bits))),
                  _mm512_add_ps(s.high, _mm512_cvtph_ps(_mm512_extracti64x4_epi64(bits, 1)))};
}

static inline void columns_store(float *p, sums s, const float *factor)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    const __m512  sum = _mm512_add_ps(_mm512_permutex2var_ps(s.low, even, s.high), _mm512_permutex2var_ps(s.low, odd, s.high));
    _mm512_store_ps(p, _mm512_mul_ps(sum, _mm512_load_ps(factor)));
}

#include "backend/cpu/half_tile.h"

INSTANCES_14(HALF_TILE, 1)
INSTANCES_14(HALF_TILE, 2)
HALF_KERNEL(gemm_f16_14x32, 14, 2)
HALF_KERNEL(gemm_f16_14x16, 14, 1)

void fov_gemm_avx512fp16(fov_kernels *kernels)
{
    kernels->gemm_f16[0] = (fov_gemm_dot){"f16_avx512fp16_14x32", MAX_ROWS, 32, FOV_GROUP_F16, gemm_f16_14x32};
    kernels->gemm_f16[1] = (fov_gemm_dot){"f16_avx512fp16_14x16", MAX_ROWS, 16, FOV_GROUP_F16, gemm_f16_14x16};
}
