// SPDX-License-Identifier: MIT
/* Photos -> the network's input, to the bit as media/letterbox.c makes it.
 *
 * A block makes a tile of the input. As on the CPU the photo's rows are summed first, into shared memory, and along what they give
 * the pixels; products are rounded before they are added, in the order of the taps. A photo that is shrunk so far that the tile's
 * part of a row has no room is taken piece by piece from the left, which leaves the order of every sum as it is. Photos lie in
 * memory as they are stored: the steps from pixel to pixel turn them upright. */
#include "backend/cuda/kernels/kernel.cuh"
#include "backend/cuda/kernels/params_letterbox.h"

enum {
    THREADS = FOV_LETTERBOX_THREADS,
    COLUMNS = FOV_LETTERBOX_COLUMNS,
    ROWS = FOV_LETTERBOX_ROWS,
    LANES = FOV_LETTERBOX_LANES,
    SPAN = FOV_LETTERBOX_SPAN,
    CHANNELS = 3,
    ROW_STEP = THREADS / COLUMNS, /* a thread makes one pixel of every so many rows */
    THREAD_ROWS = ROWS / ROW_STEP,
};

/* The part of a tile that shows the photo, in pixels of the scaled photo. */
typedef struct window {
    int left, top, right, bottom;
} window;

/* Samples of the photo's rows that are blended at a time: columns `from` to `to`, and what is before them up to a multiple of 4. */
typedef struct piece {
    int from, to, sample, samples;
} piece;

static __device__ __forceinline__ piece piece_of(const fov_letterbox_image *image, int from, int last)
{
    piece     part;
    const int columns = (SPAN - 3) / image->pixel;
    part.from = from;
    part.to = last - from < columns ? last : from + columns;
    part.sample = image->words ? from * image->pixel & ~3 : from * image->pixel;
    part.samples = part.to * image->pixel - part.sample;
    return part;
}

/* Four samples of a blended row at once. */
static __device__ __forceinline__ float4 blend_word(const uint8_t *in, int64_t step, const float *weight, int taps)
{
    float4 sum = make_float4(0.0F, 0.0F, 0.0F, 0.0F);
#pragma unroll 4
    for (int k = 0; k < taps; k++) {
        const uint32_t word = *(const uint32_t *)(in + k * step);
        const float    w = weight[k];
        sum.x = __fadd_rn(sum.x, __fmul_rn(w, (float)(word & 255U)));
        sum.y = __fadd_rn(sum.y, __fmul_rn(w, (float)(word >> 8 & 255U)));
        sum.z = __fadd_rn(sum.z, __fmul_rn(w, (float)(word >> 16 & 255U)));
        sum.w = __fadd_rn(sum.w, __fmul_rn(w, (float)(word >> 24)));
    }
    return sum;
}

static __device__ __forceinline__ float blend_sample(const uint8_t *in, int64_t step, const float *weight, int taps)
{
    float sum = 0.0F;
#pragma unroll 4
    for (int k = 0; k < taps; k++) sum = __fadd_rn(sum, __fmul_rn(weight[k], (float)in[k * step]));
    return sum;
}

static __device__ __forceinline__ const float *weights_of(const fov_letterbox_axis *axis)
{
    return (const float *)axis->start + axis->weight;
}

/* A row of a window, to be blended. */
typedef struct blending {
    const uint8_t *in; /* the photo's first row */
    const float   *weight;
    int            taps;
} blending;

static __device__ __forceinline__ blending blending_of(const fov_letterbox_image *image, int y)
{
    const fov_letterbox_axis *axis = &image->y;
    const blending            b = {image->pixels + axis->start[y] * image->step_y, weights_of(axis) + y * axis->most,
                                   axis->start[axis->count + y]};
    return b;
}

static __device__ __forceinline__ void blend_words(const fov_letterbox_image *image, const window *w, const piece *part, float *row)
{
    const int items = (part->samples + 3) / 4, rows = w->bottom - w->top;
    for (int i = (int)threadIdx.x; i < rows * items; i += THREADS) {
        const int      r = i / items, at = (i - r * items) * 4;
        const blending b = blending_of(image, w->top + r);
        *(float4 *)(row + r * SPAN + at) = blend_word(b.in + part->sample + at, image->step_y, b.weight, b.taps);
    }
}

/* Of photos whose pixels are reached by steps. */
static __device__ __forceinline__ void blend_samples(const fov_letterbox_image *image, const window *w, const piece *part,
                                                     float *row)
{
    const int rows = w->bottom - w->top;
    for (int i = (int)threadIdx.x; i < rows * part->samples; i += THREADS) {
        const int      r = i / part->samples, at = i - r * part->samples, sample = part->sample + at, x = sample / image->pixel;
        const blending b = blending_of(image, w->top + r);
        const uint8_t *in = b.in + x * image->step_x + (sample - x * image->pixel);
        row[r * SPAN + at] = blend_sample(in, image->step_y, b.weight, b.taps);
    }
}

/* The vertical step of a piece of all rows of a window. @param row of the window's first one, SPAN floats each */
static __device__ __forceinline__ void blend(const fov_letterbox_image *image, const window *w, const piece *part, float *row)
{
    if (image->words) blend_words(image, w, part, row);
    else blend_samples(image, w, part, row);
}

/* The horizontal step: add to the sums of pixel `x` what the piece has of it. @param row of the thread's first one */
static __device__ __forceinline__ void resample(const fov_letterbox_image *image, const piece *part, int x, const float *row,
                                                float (*sum)[CHANNELS])
{
    const fov_letterbox_axis *axis = &image->x;
    const int    group = x / LANES, start = axis->start[x], end = min(start + axis->start[axis->count + group], part->to);
    const float *weight = weights_of(axis) + group * axis->most * LANES + x % LANES;
#pragma unroll 1
    for (int at = max(start, part->from); at < end; at++) {
        const float  w = weight[(at - start) * LANES];
        const float *in = row + (at * image->pixel - part->sample);
#pragma unroll
        for (int r = 0; r < THREAD_ROWS; r++)
#pragma unroll
            for (int c = 0; c < CHANNELS; c++)
                sum[r][c] = __fadd_rn(sum[r][c], __fmul_rn(in[r * ROW_STEP * SPAN + image->channel[c]], w));
    }
}

/* All threads: the sums of the tile's pixels, those of the thread. @param column of the tile; its first row is `first` */
static __device__ __forceinline__ void sum_tile(const fov_letterbox_image *image, const window *w, int x, int first, int tile_y,
                                                float *row, float (*sum)[CHANNELS])
{
    const int left = image->x.start[w->left], right = w->right - 1;
    const int last = min(image->width, image->x.start[right] + image->x.start[image->x.count + right / LANES]);
    for (int from = left; from < last;) {
        const piece part = piece_of(image, from, last);
        blend(image, w, &part, row + (w->top - tile_y) * SPAN);
        __syncthreads();
        if (x >= w->left && x < w->right) resample(image, &part, x, row + first * SPAN, sum);
        from = part.to;
        if (from < last) __syncthreads();
    }
}

/* All threads: a tile of packed pixels from shared memory. @param out of its first pixel */
static __device__ __forceinline__ void store_tile(const fov_letterbox_params *p, const float *result, float *out, int columns,
                                                  int rows)
{
    const int  row_floats = columns * CHANNELS;
    const bool wide = p->out_w % 4 == 0;
    const int  width = wide ? 4 : 1, items = row_floats / width;
    for (int i = (int)threadIdx.x; i < rows * items; i += THREADS) {
        const int    r = i / items, at = (i - r * items) * width;
        const float *from = result + r * COLUMNS * CHANNELS + at;
        float       *to = out + (int64_t)r * p->out_w * CHANNELS + at;
        if (wide) *(float4 *)to = *(const float4 *)from;
        else *to = *from;
    }
}

/* Where it is near, little of it is kept in registers. */
static __device__ __forceinline__ void copy_image(fov_letterbox_image *to, const fov_letterbox_image *from)
{
    const uint32_t words = sizeof *to / sizeof(uint32_t);
    if (threadIdx.x < words) ((uint32_t *)to)[threadIdx.x] = ((const uint32_t *)from)[threadIdx.x];
    __syncthreads();
}

FOV_KERNEL(fov_letterbox_tiles, fov_letterbox_params, FOV_LETTERBOX_THREADS)
{
    fov_depend_launch();
    fov_depend_wait();
    float               *row = (float *)fov_shared(), *result = row + ROWS * SPAN;
    fov_letterbox_image *image = (fov_letterbox_image *)(result + ROWS * COLUMNS * CHANNELS);
    copy_image(image, &p.image[blockIdx.y]);
    const int    tile_x = (int)blockIdx.x % p.tiles_x * COLUMNS, tile_y = (int)blockIdx.x / p.tiles_x * ROWS;
    const int    column = (int)threadIdx.x % COLUMNS, first = (int)threadIdx.x / COLUMNS;
    const int    x = tile_x + column - image->left, y = tile_y - image->top;
    const int    columns = min((int)COLUMNS, p.out_w - tile_x), rows = min((int)ROWS, p.out_h - tile_y);
    const window w = {max(tile_x - image->left, 0), max(y, 0), min(tile_x + columns - image->left, image->scaled_w),
                      min(y + rows, image->scaled_h)};
    float        sum[THREAD_ROWS][CHANNELS] = {};
    if (w.left < w.right && w.top < w.bottom) sum_tile(image, &w, x, first, y, row, sum);

    float *out = p.out + (((int64_t)blockIdx.y * p.out_h + tile_y) * p.out_w + tile_x) * p.ld;
#pragma unroll
    for (int i = 0; i < THREAD_ROWS; i++) {
        const int  r = first + i * ROW_STEP;
        const bool shown = x >= w.left && x < w.right && y + r >= w.top && y + r < w.bottom;
        float *to = p.ld == CHANNELS ? result + (r * COLUMNS + column) * CHANNELS : out + ((int64_t)r * p.out_w + column) * p.ld;
        if (r < rows && column < columns)
            for (int c = 0; c < CHANNELS; c++)
                to[c] = shown ? __fmul_rn(__fsub_rn(sum[i][c], image->mean[c]), image->scale[c]) : image->fill[c];
    }
    if (p.ld != CHANNELS) return;
    __syncthreads();
    store_tile(&p, result, out, columns, rows);
}
