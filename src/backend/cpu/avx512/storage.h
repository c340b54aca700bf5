// SPDX-License-Identifier: MIT
/* Storage types into vectors of floats and back, in the words of storage_tile.h, for vectors of 16 floats. */
#ifndef FOVEA_BACKEND_CPU_AVX512_STORAGE_H
#define FOVEA_BACKEND_CPU_AVX512_STORAGE_H

#include "backend/cpu/avx512/zmm.h"

#include <stddef.h>
#include <stdint.h>

typedef __m512i ivec;

static inline vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

static inline ivec ivec_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline ivec ivec_set1(int32_t v)
{
    return _mm512_set1_epi32(v);
}

static inline vec vec_from_int(ivec v)
{
    return _mm512_cvtepi32_ps(v);
}

static inline __m256i load_halves(const uint16_t *p, int n)
{
    return n == LANES ? _mm256_loadu_si256((const __m256i *)(const void *)p) : _mm256_maskz_loadu_epi16(first_lanes(n), p);
}

static inline void store_halves(uint16_t *p, int n, __m256i v)
{
    if (n == LANES) _mm256_storeu_si256((__m256i *)(void *)p, v);
    else _mm256_mask_storeu_epi16(p, first_lanes(n), v);
}

static inline vec vec_load_f16(const uint16_t *p, int n)
{
    return _mm512_cvtph_ps(load_halves(p, n));
}

static inline void vec_store_f16(uint16_t *p, int n, vec v)
{
    store_halves(p, n, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

static inline vec vec_load_bf16(const uint16_t *p, int n)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_halves(p, n)), 16));
}

/* Not vcvtneps2bf16, which makes subnormals 0. */
static inline void vec_store_bf16(uint16_t *p, int n, vec v)
{
    const __m512i bits = _mm512_castps_si512(v), high = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd), 16);
    const __m512i words = _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), high, _mm512_set1_epi32(0x40));
    store_halves(p, n, _mm512_cvtepi32_epi16(words));
}

static inline ivec ivec_load_u8(const uint8_t *p, int n)
{
    return _mm512_cvtepu8_epi32(n == LANES ? _mm_loadu_si128((const __m128i *)(const void *)p)
                                           : _mm_maskz_loadu_epi8(first_lanes(n), p));
}

static inline void ivec_store_u8(uint8_t *p, int n, ivec v)
{
    const __m128i bytes = _mm512_cvtusepi32_epi8(_mm512_max_epi32(v, _mm512_setzero_si512()));
    if (n == LANES) _mm_storeu_si128((__m128i *)(void *)p, bytes);
    else _mm_mask_storeu_epi8(p, first_lanes(n), bytes);
}

/** Four vectors of integers, saturated to bytes: `a` at p, the others each `ld` bytes after the one before. */
static inline void ivec_store_u8_rows(uint8_t *p, ptrdiff_t ld, ivec a, ivec b, ivec c, ivec d)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d)));
    if (ld == LANES) {
        _mm512_storeu_si512(p, bytes);
        return;
    }
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_castsi512_si128(bytes));
    _mm_storeu_si128((__m128i *)(void *)(p + ld), _mm512_extracti32x4_epi32(bytes, 1));
    _mm_storeu_si128((__m128i *)(void *)(p + 2 * ld), _mm512_extracti32x4_epi32(bytes, 2));
    _mm_storeu_si128((__m128i *)(void *)(p + 3 * ld), _mm512_extracti32x4_epi32(bytes, 3));
}

/** The same: `a` and `b` side by side at p, `c` and `d` at p + ld. */
static inline void ivec_store_u8_pairs(uint8_t *p, ptrdiff_t ld, ivec a, ivec b, ivec c, ivec d)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d)));
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_castsi512_si256(bytes));
    _mm256_storeu_si256((__m256i *)(void *)(p + ld), _mm512_extracti64x4_epi64(bytes, 1));
}

static inline vec vec_dequantize(ivec q, ivec zero_point, vec scale)
{
    return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(q, zero_point)), scale);
}

/* What is too low for an integer becomes the lowest one, and the store saturates it; only the upper side needs a bound. */
static inline ivec vec_quantize_number(vec v, vec inverse, ivec zero_point)
{
    const vec bounded = _mm512_min_ps(_mm512_mul_ps(v, inverse), _mm512_set1_ps(512));
    return _mm512_add_epi32(_mm512_cvtps_epi32(bounded), zero_point);
}

/* Of what is a number below 2^30. */
static inline ivec vec_quantize_small(vec v, vec inverse, ivec zero_point)
{
    return _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(v, inverse)), zero_point);
}

static inline ivec vec_quantize(vec v, vec inverse, ivec zero_point)
{
    const vec       scaled = _mm512_mul_ps(v, inverse);
    const __mmask16 is_number = _mm512_cmp_ps_mask(scaled, scaled, _CMP_ORD_Q);
    return _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_maskz_min_ps(is_number, scaled, _mm512_set1_ps(512))), zero_point);
}

#endif
