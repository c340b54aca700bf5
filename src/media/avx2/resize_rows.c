// SPDX-License-Identifier: MIT
#include "media/resize_rows.h"

#include <immintrin.h>

enum { LANES = 8, BLOCK = 4, PAIR_FLOATS = 6, CONVERT_PIXELS = 8, CONVERT_VECTORS = 3, LOAD_BYTES = 16 };

/* ---------------------------------------------------------------- vertical */

static inline __m256 widen(__m128i bytes)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
}

static inline __m256 add_product(__m256 sum, __m256 a, __m256 b)
{
    return _mm256_add_ps(sum, _mm256_mul_ps(a, b));
}

static void blend_block(float *out, const uint8_t *in, ptrdiff_t pitch, const float *weight, int taps)
{
    __m256 sum[BLOCK];
    for (int j = 0; j < BLOCK; j++) sum[j] = _mm256_setzero_ps();
    for (int k = 0; k < taps; k++, in += pitch) {
        const __m256 w = _mm256_set1_ps(weight[k]);
        for (int j = 0; j < BLOCK; j++) sum[j] = add_product(sum[j], w, widen(_mm_loadl_epi64((const void *)(in + LANES * j))));
    }
    for (int j = 0; j < BLOCK; j++) _mm256_storeu_ps(out + LANES * j, sum[j]);
}

static void blend(float *out, const uint8_t *in, ptrdiff_t pitch, const float *weight, int taps, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK * LANES <= n; i += BLOCK * LANES) blend_block(out + i, in + i, pitch, weight, taps);
    for (; i < n; i++) {
        float sum = 0;
        for (int k = 0; k < taps; k++) sum += weight[k] * (float)in[k * pitch + (ptrdiff_t)i];
        out[i] = sum;
    }
}

/* ---------------------------------------------------------------- horizontal */

/* Value i belongs to channel i % 3; the last two of the eight mean nothing. */
static inline __m256 per_channel(const float *v)
{
    return _mm256_setr_ps(v[0], v[1], v[2], v[0], v[1], v[2], 0, 0);
}

/* The lanes `pair` and `pair` + 1 of a group, one pixel of a blended row in each half of a vector. `taps` by value: a store of
 * floats could change what a pointer points to. */
static inline __m256 pair_sum(fov_taps taps, int group, int pair, const float *row, ptrdiff_t pixel)
{
    const __m256i lane = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    const int    *start = taps.start + FOV_RESIZE_LANES * group + pair;
    const float  *weight = fov_taps_of(&taps, group, 0) + pair, *a = row + start[0] * pixel, *b = row + start[1] * pixel;
    __m256        sum = _mm256_setzero_ps();
    for (int k = 0; k < taps.count[group]; k++, weight += FOV_RESIZE_LANES) {
        const __m128    two = _mm_castsi128_ps(_mm_loadl_epi64((const void *)weight));
        const __m256    w = _mm256_permutevar8x32_ps(_mm256_castps128_ps256(two), lane);
        const ptrdiff_t at = k * pixel;
        const __m256    low = _mm256_castps128_ps256(_mm_loadu_ps(a + at));
        sum = add_product(sum, _mm256_insertf128_ps(low, _mm_loadu_ps(b + at), 1), w);
    }
    return sum;
}

static void resample(const fov_pixel_map *map, const fov_taps *taps, const float *row, float *out, int width)
{
    const int      *c = map->channel;
    const fov_taps  own = *taps;
    const ptrdiff_t pixel = map->pixel;
    const __m256    mean = per_channel(map->mean), scale = per_channel(map->scale);
    const __m256i   order = _mm256_setr_epi32(c[0], c[1], c[2], 4 + c[0], 4 + c[1], 4 + c[2], 0, 0);
    const __m256i   count = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, PAIR_FLOATS, PAIR_FLOATS);
    for (int x = 0; x < width; x += 2, out += PAIR_FLOATS) {
        const int     left = width - x < 2 ? 3 : PAIR_FLOATS;
        const __m256i some = _mm256_cmpgt_epi32(_mm256_set1_epi32(left), count);
        const __m256  sum = pair_sum(own, x / FOV_RESIZE_LANES, x % FOV_RESIZE_LANES, row, pixel);
        const __m256  value = _mm256_permutevar8x32_ps(sum, order);
        _mm256_maskstore_ps(out, some, _mm256_mul_ps(_mm256_sub_ps(value, mean), scale));
    }
}

/* ---------------------------------------------------------------- unchanged size */

/* Eight pixels are 24 floats in three vectors, each from 16 bytes among those of the pixels (a gray pixel's are 8 in all). */
typedef struct convert_plan {
    int     offset[CONVERT_VECTORS]; /* of the 16 bytes */
    __m128i order[CONVERT_VECTORS];
    __m256  mean[CONVERT_VECTORS], scale[CONVERT_VECTORS];
} convert_plan;

static void plan_vector(convert_plan *plan, const fov_pixel_map *map, int v)
{
    const int first = LANES * v / 3 * map->pixel, last = CONVERT_PIXELS * map->pixel - LOAD_BYTES;
    int8_t    order[LOAD_BYTES] = {0};
    float     mean[LANES], scale[LANES];
    plan->offset[v] = map->pixel == 1 ? 0 : first < last ? first : last;
    for (int j = 0; j < LANES; j++) {
        const int i = LANES * v + j;
        order[j] = (int8_t)(i / 3 * map->pixel + map->channel[i % 3] - plan->offset[v]);
        mean[j] = map->mean[i % 3];
        scale[j] = map->scale[i % 3];
    }
    plan->order[v] = _mm_loadu_si128((const void *)order);
    plan->mean[v] = _mm256_loadu_ps(mean);
    plan->scale[v] = _mm256_loadu_ps(scale);
}

static inline __m128i load_bytes(const uint8_t *in, int pixel)
{
    return pixel == 1 ? _mm_loadl_epi64((const void *)in) : _mm_loadu_si128((const void *)in);
}

static void convert(const fov_pixel_map *map, const uint8_t *in, float *out, int width)
{
    convert_plan    plan;
    fov_resize_rows plain;
    int             x = 0;
    for (int v = 0; v < CONVERT_VECTORS; v++) plan_vector(&plan, map, v);
    for (; x + CONVERT_PIXELS <= width; x += CONVERT_PIXELS, in += CONVERT_PIXELS * map->pixel, out += 3 * CONVERT_PIXELS)
        for (int v = 0; v < CONVERT_VECTORS; v++) {
            const __m256 value = widen(_mm_shuffle_epi8(load_bytes(in + plan.offset[v], map->pixel), plan.order[v]));
            _mm256_storeu_ps(out + LANES * v, _mm256_mul_ps(_mm256_sub_ps(value, plan.mean[v]), plan.scale[v]));
        }
    fov_resize_rows_plain(&plain);
    plain.convert(map, in, out, width - x);
}

void fov_resize_rows_avx2(fov_resize_rows *rows)
{
    rows->blend = blend;
    rows->resample = resample;
    rows->convert = convert;
}
