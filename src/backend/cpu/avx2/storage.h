// SPDX-License-Identifier: MIT
/* Storage types into vectors of floats and back, in the words of storage_tile.h, for vectors of 8 floats (also AVX-512's half
 * ones). Parts of 16-bit and 8-bit elements are read whole, which FOV_OVERREAD allows. */
#ifndef FOVEA_BACKEND_CPU_AVX2_STORAGE_H
#define FOVEA_BACKEND_CPU_AVX2_STORAGE_H

#include "backend/cpu/avx2/ymm_base.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __m256i ivec;

static inline vec vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}

static inline ivec ivec_load(const int32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline ivec ivec_set1(int32_t v)
{
    return _mm256_set1_epi32(v);
}

static inline vec vec_from_int(ivec v)
{
    return _mm256_cvtepi32_ps(v);
}

/* The first `bytes` of a vector, of which there are 1 to 15. */
static inline void store_bytes(void *to, int bytes, __m128i v)
{
    char *p = to;
    if (bytes & 8) {
        _mm_storel_epi64((__m128i *)(void *)p, v);
        v = _mm_unpackhi_epi64(v, v);
        p += 8;
    }
    uint64_t low = (uint64_t)_mm_cvtsi128_si64(v);
    for (int size = 4; size; size /= 2) {
        if (!(bytes & size)) continue;
        memcpy(p, &low, (size_t)size);
        low >>= 8 * size;
        p += size;
    }
}

static inline void store_halves(uint16_t *p, int n, __m128i v)
{
    if (n == LANES) _mm_storeu_si128((__m128i *)(void *)p, v);
    else store_bytes(p, 2 * n, v);
}

static inline vec vec_load_f16(const uint16_t *p, int n)
{
    (void)n;
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline void vec_store_f16(uint16_t *p, int n, vec v)
{
    store_halves(p, n, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

static inline vec vec_load_bf16(const uint16_t *p, int n)
{
    (void)n;
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

static inline void vec_store_bf16(uint16_t *p, int n, vec v)
{
    const __m256i bits = _mm256_castps_si256(v), high = _mm256_srli_epi32(bits, 16);
    const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd), 16);
    const __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
    const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i words = _mm256_blendv_epi8(rounded, quiet, is_nan);
    store_halves(p, n, _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

static inline ivec ivec_load_u8(const uint8_t *p, int n)
{
    (void)n;
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

static inline void ivec_store_u8(uint8_t *p, int n, ivec v)
{
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i bytes = _mm_packus_epi16(words, words);
    if (n == LANES) _mm_storel_epi64((__m128i *)(void *)p, bytes);
    else store_bytes(p, n, bytes);
}

/** Four vectors of integers, saturated to bytes: `a` at p, the others each `ld` bytes after the one before. */
static inline void ivec_store_u8_rows(uint8_t *p, ptrdiff_t ld, ivec a, ivec b, ivec c, ivec d)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i bytes =
        _mm256_permutevar8x32_epi32(_mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d)), order);
    const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
    _mm_storel_epi64((__m128i *)(void *)p, low);
    _mm_storel_epi64((__m128i *)(void *)(p + ld), _mm_unpackhi_epi64(low, low));
    _mm_storel_epi64((__m128i *)(void *)(p + 2 * ld), high);
    _mm_storel_epi64((__m128i *)(void *)(p + 3 * ld), _mm_unpackhi_epi64(high, high));
}

/** The same: `a` and `b` side by side at p, `c` and `d` at p + ld. */
static inline void ivec_store_u8_pairs(uint8_t *p, ptrdiff_t ld, ivec a, ivec b, ivec c, ivec d)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i bytes =
        _mm256_permutevar8x32_epi32(_mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d)), order);
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_castsi256_si128(bytes));
    _mm_storeu_si128((__m128i *)(void *)(p + ld), _mm256_extracti128_si256(bytes, 1));
}

static inline vec vec_dequantize(ivec q, ivec zero_point, vec scale)
{
    return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(q, zero_point)), scale);
}

/* What is too low for an integer becomes the lowest one, and the store saturates it; only the upper side needs a bound. */
static inline ivec vec_quantize_number(vec v, vec inverse, ivec zero_point)
{
    const vec bounded = _mm256_min_ps(_mm256_mul_ps(v, inverse), _mm256_set1_ps(512));
    return _mm256_add_epi32(_mm256_cvtps_epi32(bounded), zero_point);
}

/* Of what is a number below 2^30. */
static inline ivec vec_quantize_small(vec v, vec inverse, ivec zero_point)
{
    return _mm256_add_epi32(_mm256_cvtps_epi32(_mm256_mul_ps(v, inverse)), zero_point);
}

static inline ivec vec_quantize(vec v, vec inverse, ivec zero_point)
{
    const vec scaled = _mm256_mul_ps(v, inverse);
    const vec number = _mm256_and_ps(scaled, _mm256_cmp_ps(scaled, scaled, _CMP_ORD_Q));
    return _mm256_add_epi32(_mm256_cvtps_epi32(_mm256_min_ps(number, _mm256_set1_ps(512))), zero_point);
}

#endif
