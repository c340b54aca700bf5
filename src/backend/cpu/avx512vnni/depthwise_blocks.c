// SPDX-License-Identifier: MIT
/* Blocks of 64 bytes. */
#include "backend/cpu/avx512vnni/avx512vnni.h"

#include "backend/cpu/avx512/storage.h"

enum { BLOCK = 64 };
typedef __m512i bytes;

static inline bytes bytes_zero(void)
{
    return _mm512_setzero_si512();
}

static inline bytes bytes_load(const unsigned char *p)
{
    return _mm512_loadu_si512(p);
}

static inline bytes bytes_load_pieces(const unsigned char *p, ptrdiff_t step, ptrdiff_t piece)
{
    if (piece == 32)
        return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(const void *)p)),
                                  _mm256_loadu_si256((const __m256i *)(const void *)(p + step)), 1);
    const __m128i *first = (const __m128i *)(const void *)p, *second = (const __m128i *)(const void *)(p + step);
    const __m128i *third = (const __m128i *)(const void *)(p + 2 * step), *fourth = (const __m128i *)(const void *)(p + 3 * step);
    const __m512i  half = _mm512_inserti32x4(_mm512_castsi128_si512(_mm_loadu_si128(first)), _mm_loadu_si128(second), 1);
    return _mm512_inserti32x4(_mm512_inserti32x4(half, _mm_loadu_si128(third), 2), _mm_loadu_si128(fourth), 3);
}

static inline bytes bytes_low(bytes a, bytes b)
{
    return _mm512_unpacklo_epi8(a, b);
}

static inline bytes bytes_high(bytes a, bytes b)
{
    return _mm512_unpackhi_epi8(a, b);
}

static inline bytes pairs_low(bytes a, bytes b)
{
    return _mm512_unpacklo_epi16(a, b);
}

static inline bytes pairs_high(bytes a, bytes b)
{
    return _mm512_unpackhi_epi16(a, b);
}

static inline void bytes_store(unsigned char *p, ivec a, ivec b, ivec c, ivec d)
{
    _mm512_storeu_si512(p, _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d)));
}

static inline ivec word_dot(ivec sum, bytes x, ivec w)
{
    return _mm512_dpbusd_epi32(sum, x, w);
}

#include "backend/cpu/depthwise_block_tile.h"

bool fov_depthwise_blocks_avx512vnni_run(const fov_depthwise_call *call)
{
    if (!blocks_fit(call)) return false;
    depthwise_blocks(call);
    return true;
}
