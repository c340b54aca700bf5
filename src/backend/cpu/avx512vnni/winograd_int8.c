// SPDX-License-Identifier: MIT
/* vpdpwssd adds two products of 16 bits to a 32-bit sum: a quarter of the products at half of vpdpbusd's rate. */
#include "backend/cpu/avx512vnni/avx512vnni.h"

#include "backend/cpu/avx512/dot_zmm.h"

#include <stdint.h>

enum { MAX_ROWS = 14, MAX_VECS = 2 };

static inline sum dot(sum s, groups a, groups w)
{
    return _mm512_dpwssd_epi32(s, a, w);
}

#include "backend/cpu/dot_tile.h"

INSTANCES_14(DOT_TILE, 1)
INSTANCES_14(DOT_TILE, 2)
DOT_KERNEL(products_14x32, 14, 2)
DOT_KERNEL(products_14x16, 14, 1)

typedef __m512i wide;

static inline wide wide_load_u8(const uint8_t *p)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

static inline void wide_store(int16_t *p, wide v)
{
    _mm512_store_si512(p, v);
}

static inline wide wide_add(wide a, wide b)
{
    return _mm512_add_epi16(a, b);
}

static inline wide wide_sub(wide a, wide b)
{
    return _mm512_sub_epi16(a, b);
}

/* 1 or 2: compilers do not agree on the type of what says how far. */
static inline wide wide_shl(wide v, const int bits)
{
    return bits == 1 ? _mm512_slli_epi16(v, 1) : _mm512_slli_epi16(v, 2);
}

static inline sum sum_set1(int32_t v)
{
    return _mm512_set1_epi32(v);
}

static inline sum sum_add(sum a, sum b)
{
    return _mm512_add_epi32(a, b);
}

static inline sum sum_sub(sum a, sum b)
{
    return _mm512_sub_epi32(a, b);
}

static inline sum sum_mul(sum a, sum b)
{
    return _mm512_mullo_epi32(a, b);
}

static inline sum sum_shl(sum v, const int bits)
{
    return _mm512_slli_epi32(v, (unsigned)bits);
}

static inline sum sum_sar(sum v, const int bits)
{
    return _mm512_srai_epi32(v, (unsigned)bits);
}

#include "backend/cpu/winograd_int8_tile.h"

void fov_winograd_int8_avx512vnni(fov_kernels *kernels)
{
    kernels->winograd_int8 =
        (fov_winograd_int8){.name = "u8_avx512vnni",
                            .lanes = LANES,
                            .products = {{"s16_avx512vnni_14x32", MAX_ROWS, 32, FOV_GROUP_S16, products_14x32},
                                         {"s16_avx512vnni_14x16", MAX_ROWS, 16, FOV_GROUP_S16, products_14x16}},
                            .input = winograd_int8_input,
                            .output = winograd_int8_output};
}
