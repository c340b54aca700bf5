// SPDX-License-Identifier: MIT
#include "media/resize_rows.h"

#include <immintrin.h>

enum { LANES = 16, BLOCK = 4, OUT_FLOATS = 3 * FOV_RESIZE_LANES };

static inline __m512 widen(__m128i bytes)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

static inline __m512 add_product(__m512 sum, __m512 a, __m512 b)
{
    return _mm512_add_ps(sum, _mm512_mul_ps(a, b));
}

static void blend_block(float *out, const uint8_t *in, ptrdiff_t pitch, const float *weight, int taps)
{
    __m512 sum[BLOCK];
    for (int j = 0; j < BLOCK; j++) sum[j] = _mm512_setzero_ps();
    for (int k = 0; k < taps; k++, in += pitch) {
        const __m512 w = _mm512_set1_ps(weight[k]);
        for (int j = 0; j < BLOCK; j++) sum[j] = add_product(sum[j], w, widen(_mm_loadu_si128((const void *)(in + LANES * j))));
    }
    for (int j = 0; j < BLOCK; j++) _mm512_storeu_ps(out + LANES * j, sum[j]);
}

static void blend_some(float *out, const uint8_t *in, ptrdiff_t pitch, const float *weight, int taps, __mmask16 some)
{
    __m512 sum = _mm512_setzero_ps();
    for (int k = 0; k < taps; k++, in += pitch)
        sum = add_product(sum, _mm512_set1_ps(weight[k]), widen(_mm_maskz_loadu_epi8(some, in)));
    _mm512_mask_storeu_ps(out, some, sum);
}

static void blend(float *out, const uint8_t *in, ptrdiff_t pitch, const float *weight, int taps, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK * LANES <= n; i += BLOCK * LANES) blend_block(out + i, in + i, pitch, weight, taps);
    for (; i < n; i += LANES) {
        const size_t left = n - i;
        blend_some(out + i, in + i, pitch, weight, taps, left < LANES ? (__mmask16)((1U << left) - 1) : (__mmask16)0xffff);
    }
}

/* One pixel of a blended row in each quarter of a vector. */
static inline __m512 load_pixels(const float *a, const float *b, const float *c, const float *d)
{
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(a));
    v = _mm512_mask_broadcast_f32x4(v, 0x00f0, _mm_loadu_ps(b));
    v = _mm512_mask_broadcast_f32x4(v, 0x0f00, _mm_loadu_ps(c));
    return _mm512_mask_broadcast_f32x4(v, 0xf000, _mm_loadu_ps(d));
}

/* Twelve floats, the last four of no meaning: value i belongs to channel i % 3. */
static inline __m512 per_channel(const float *v)
{
    return _mm512_setr_ps(v[0], v[1], v[2], v[0], v[1], v[2], v[0], v[1], v[2], v[0], v[1], v[2], 0, 0, 0, 0);
}

static inline __m512i order_of(const int *c)
{
    return _mm512_setr_epi32(c[0], c[1], c[2], 4 + c[0], 4 + c[1], 4 + c[2], 8 + c[0], 8 + c[1], 8 + c[2], 12 + c[0], 12 + c[1],
                             12 + c[2], 0, 0, 0, 0);
}

/* `taps` by value: a store of floats could change what a pointer points to. */
static inline __m512 group_sum(fov_taps taps, int group, const float *row, ptrdiff_t pixel)
{
    const __m512i lane = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    const int    *start = taps.start + FOV_RESIZE_LANES * group;
    const float  *weight = fov_taps_of(&taps, group, 0);
    const float  *a = row + start[0] * pixel, *b = row + start[1] * pixel, *c = row + start[2] * pixel, *d = row + start[3] * pixel;
    __m512        sum = _mm512_setzero_ps();
    for (int k = 0; k < taps.count[group]; k++, weight += FOV_RESIZE_LANES) {
        const __m512 w = _mm512_permutexvar_ps(lane, _mm512_castps128_ps512(_mm_loadu_ps(weight)));
        sum = add_product(sum, load_pixels(a, b, c, d), w);
        a += pixel, b += pixel, c += pixel, d += pixel;
    }
    return sum;
}

static void resample(const fov_pixel_map *map, const fov_taps *taps, const float *row, float *out, int width)
{
    const __m512    mean = per_channel(map->mean), scale = per_channel(map->scale);
    const __m512i   order = order_of(map->channel);
    const fov_taps  own = *taps;
    const ptrdiff_t pixel = map->pixel;
    const int       groups = (width + FOV_RESIZE_LANES - 1) / FOV_RESIZE_LANES;
    for (int group = 0; group < groups; group++, out += OUT_FLOATS) {
        const int    left = width - group * FOV_RESIZE_LANES;
        const __m512 value = _mm512_permutexvar_ps(order, group_sum(own, group, row, pixel));
        const __m512 result = _mm512_mul_ps(_mm512_sub_ps(value, mean), scale);
        _mm512_mask_storeu_ps(out, left < FOV_RESIZE_LANES ? (__mmask16)((1U << 3 * left) - 1) : (__mmask16)0x0fff, result);
    }
}

void fov_resize_rows_avx512(fov_resize_rows *rows)
{
    rows->blend = blend;
    rows->resample = resample;
}
