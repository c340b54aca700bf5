// SPDX-License-Identifier: MIT
/* A Gaussian, as three means over a window: within 3 % of the true curve, at a cost that does not grow with its width. Nothing from
 * beyond the tile is mixed in: its edge is repeated. */
#include "hide/blur.h"

#include <math.h>
#include <string.h>

enum { PASSES = 3, MAX_RADIUS = 32767 }; /* so that the sum of a window fits into 32 bits */

static const float DEFAULT_SIGMA = 0.15F; /* of the face: no feature of a face is as wide, so none is left */

/* Three windows of 2 r + 1 have the variance of a Gaussian of sigma: r (r + 1) = sigma^2. */
static int radius_of(float sigma)
{
    const float radius = (sqrtf(1 + 4 * sigma * sigma) - 1) / 2;
    return radius < 1 ? 1 : radius < MAX_RADIUS ? (int)ceilf(radius) : MAX_RADIUS;
}

static int clamp(int i, int count)
{
    return i < 0 ? 0 : i < count ? i : count - 1;
}

static uint16_t mean(uint32_t sum, float share)
{
    return (uint16_t)((float)sum * share + 0.5F);
}

/* Samples from `from` to `to`, of which neither the first nor the last lies within a window. */
static uint32_t slide(const uint16_t *in, int from, int to, int radius, float share, uint32_t sum, uint16_t *out)
{
    const uint16_t *comes = in + radius + 1, *goes = in - radius;
    for (int i = from; i < to; i++) {
        out[i] = mean(sum, share);
        sum += (uint32_t)comes[i] - goes[i];
    }
    return sum;
}

/* The same near an edge, which is repeated. */
static uint32_t slide_at_edge(const uint16_t *in, int count, int from, int to, int radius, float share, uint32_t sum, uint16_t *out)
{
    for (int i = from; i < to; i++) {
        out[i] = mean(sum, share);
        sum += (uint32_t)in[clamp(i + radius + 1, count)] - in[clamp(i - radius, count)];
    }
    return sum;
}

static void blur_row(const uint16_t *in, int count, int radius, uint16_t *out)
{
    const float share = 1 / (float)(2 * radius + 1);
    const int   first = radius < count ? radius : count, last = count - radius - 1 > first ? count - radius - 1 : first;
    uint32_t    sum = 0;
    for (int i = -radius; i <= radius; i++) sum += in[clamp(i, count)];
    sum = slide_at_edge(in, count, 0, first, radius, share, sum, out);
    sum = slide(in, first, last, radius, share, sum, out);
    slide_at_edge(in, count, last, count, radius, share, sum, out);
}

/* All columns side by side, row after row, so that memory is read as it lies. */
static void blur_columns(const fov_tile *t, const uint16_t *in, int radius, uint16_t *out)
{
    const float     share = 1 / (float)(2 * radius + 1);
    const ptrdiff_t width = t->width;
    memset(t->sums, 0, (size_t)width * sizeof *t->sums);
    for (int i = -radius; i <= radius; i++)
        for (ptrdiff_t x = 0; x < width; x++) t->sums[x] += in[clamp(i, t->height) * width + x];
    for (int y = 0; y < t->height; y++) {
        const uint16_t *comes = in + clamp(y + radius + 1, t->height) * width, *goes = in + clamp(y - radius, t->height) * width;
        for (ptrdiff_t x = 0; x < width; x++) {
            out[y * width + x] = mean(t->sums[x], share);
            t->sums[x] += (uint32_t)comes[x] - goes[x];
        }
    }
}

void fov_tile_blur(const fov_tile *t, float sigma)
{
    const int radius_x = radius_of(sigma / (float)t->plane->ratio_x), radius_y = radius_of(sigma / (float)t->plane->ratio_y);
    for (int pass = 0; pass < PASSES; pass++) {
        for (int y = 0; y < t->height; y++)
            blur_row(t->sample + (ptrdiff_t)y * t->width, t->width, radius_x, t->spare + (ptrdiff_t)y * t->width);
        blur_columns(t, t->spare, radius_y, t->sample);
    }
}

static void fill(const fov_hide_options *options, const fov_tile *t)
{
    const float share = options->strength > 0 ? options->strength : DEFAULT_SIGMA;
    fov_tile_blur(t, share * fov_tile_face_size(t));
}

const fov_style fov_style_blur = {"blur", fill};
