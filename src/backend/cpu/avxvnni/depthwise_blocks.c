// SPDX-License-Identifier: MIT
/* Blocks of 32 bytes. */
#include "backend/cpu/avxvnni/avxvnni.h"

#include "backend/cpu/avx2/ymm.h"

#include "backend/cpu/avx2/storage.h"

enum { BLOCK = 32 };
typedef __m256i bytes;

static inline bytes bytes_zero(void)
{
    return _mm256_setzero_si256();
}

static inline bytes bytes_load(const unsigned char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline bytes bytes_load_pieces(const unsigned char *p, ptrdiff_t step, ptrdiff_t piece)
{
    (void)piece; /* 16 is all that fits twice */
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p)),
                                   _mm_loadu_si128((const __m128i *)(const void *)(p + step)), 1);
}

static inline bytes bytes_low(bytes a, bytes b)
{
    return _mm256_unpacklo_epi8(a, b);
}

static inline bytes bytes_high(bytes a, bytes b)
{
    return _mm256_unpackhi_epi8(a, b);
}

static inline bytes pairs_low(bytes a, bytes b)
{
    return _mm256_unpacklo_epi16(a, b);
}

static inline bytes pairs_high(bytes a, bytes b)
{
    return _mm256_unpackhi_epi16(a, b);
}

static inline void bytes_store(unsigned char *p, ivec a, ivec b, ivec c, ivec d)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d)));
}

static inline ivec word_dot(ivec sum, bytes x, ivec w)
{
    return _mm256_dpbusd_avx_epi32(sum, x, w);
}

#include "backend/cpu/depthwise_block_tile.h"

bool fov_depthwise_blocks_avxvnni_run(const fov_depthwise_call *call)
{
    if (!blocks_fit(call)) return false;
    depthwise_blocks(call);
    return true;
}
