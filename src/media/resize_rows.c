// SPDX-License-Identifier: MIT
#include "media/resize_rows.h"

#include "base/cpu.h"

#include <string.h>

enum { BLOCK = 16 }; /* samples summed at once in the vertical step */

typedef float lanes __attribute__((vector_size(16)));

/* The block's sums stay in registers while the taps pass by. */
static void blend(float *out, const uint8_t *in, ptrdiff_t pitch, const float *weight, int taps, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        float sum[BLOCK] = {0};
        for (int k = 0; k < taps; k++) {
            const uint8_t *p = in + k * pitch + i;
            for (int j = 0; j < BLOCK; j++) sum[j] += weight[k] * (float)p[j];
        }
        memcpy(out + i, sum, sizeof sum);
    }
    for (; i < n; i++) {
        float sum = 0;
        for (int k = 0; k < taps; k++) sum += weight[k] * (float)in[k * pitch + (ptrdiff_t)i];
        out[i] = sum;
    }
}

static inline void store(const fov_pixel_map *map, float *out, float c0, float c1, float c2)
{
    out[0] = (c0 - map->mean[0]) * map->scale[0];
    out[1] = (c1 - map->mean[1]) * map->scale[1];
    out[2] = (c2 - map->mean[2]) * map->scale[2];
}

/* Four floats are loaded for every tap, whatever the pixel's size: the ones too many are not used, the row is padded. */
static inline void resample_as(const fov_pixel_map *map, const fov_taps *taps, const float *row, float *out, int width,
                               ptrdiff_t pixel, int c0, int c1, int c2)
{
    for (int x = 0; x < width; x++, out += map->ld) {
        const int    group = x / FOV_RESIZE_LANES;
        const float *weight = fov_taps_of(taps, group, 0) + x % FOV_RESIZE_LANES;
        const float *in = row + taps->start[x] * pixel;
        lanes        sum = {0};
        for (int k = 0; k < taps->count[group]; k++) {
            lanes value;
            memcpy(&value, in + k * pixel, sizeof value);
            sum += value * weight[k * FOV_RESIZE_LANES];
        }
        store(map, out, sum[c0], sum[c1], sum[c2]);
    }
}

static inline void convert_as(const fov_pixel_map *map, const uint8_t *in, float *out, int width, ptrdiff_t pixel, int c0, int c1,
                              int c2)
{
    for (int x = 0; x < width; x++, in += pixel, out += map->ld) store(map, out, in[c0], in[c1], in[c2]);
}

/* The pixel's layout as constants, so that each is a loop of its own to the compiler. */
#define FOR_LAYOUT(map, step, ...)                                                                                                 \
    switch (2 * (map)->pixel + ((map)->channel[0] != 0)) {                                                                         \
    case 2:                                                                                                                        \
        step(__VA_ARGS__, 1, 0, 0, 0);                                                                                             \
        break;                                                                                                                     \
    case 6:                                                                                                                        \
        step(__VA_ARGS__, 3, 0, 1, 2);                                                                                             \
        break;                                                                                                                     \
    case 7:                                                                                                                        \
        step(__VA_ARGS__, 3, 2, 1, 0);                                                                                             \
        break;                                                                                                                     \
    case 8:                                                                                                                        \
        step(__VA_ARGS__, 4, 0, 1, 2);                                                                                             \
        break;                                                                                                                     \
    default:                                                                                                                       \
        step(__VA_ARGS__, 4, 2, 1, 0);                                                                                             \
    }

static void resample(const fov_pixel_map *map, const fov_taps *taps, const float *row, float *out, int width)
{
    FOR_LAYOUT(map, resample_as, map, taps, row, out, width)
}

static void convert(const fov_pixel_map *map, const uint8_t *in, float *out, int width)
{
    FOR_LAYOUT(map, convert_as, map, in, out, width)
}

void fov_resize_rows_plain(fov_resize_rows *rows)
{
    *rows = (fov_resize_rows){blend, resample, convert};
}

void fov_resize_rows_init(fov_resize_rows *rows, unsigned cpu)
{
    fov_resize_rows_plain(rows);
#if defined(__x86_64__) && !defined(FOVEA_PLAIN)
    if (cpu & FOV_CPU_AVX2) fov_resize_rows_avx2(rows);
    if (cpu & FOV_CPU_AVX512) fov_resize_rows_avx512(rows);
#else
    (void)cpu;
#endif
}
