// SPDX-License-Identifier: MIT
/* Photos -> the network's input, to the bit as media/letterbox.c makes it.
 *
 * A block makes a tile of the input. As on the CPU the photo's rows are summed first, into shared memory, and along what they give
 * the pixels; products are rounded before they are added, in the order of the taps. Taps are taken four at a time, so that their
 * loads do not wait for each other; one too many weighs 0 and meets a number that is there. A photo that is shrunk so far that the
 * tile's part of a row has no room is taken piece by piece from the left, which leaves the order of every sum as it is. Photos lie
 * in memory as they are stored: the steps from pixel to pixel turn them upright. */
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
    TAPS = 4,       /* at a time */
    LD = SPAN + 4,  /* of blended rows: threads of different rows write at once */
    MOST_PIXEL = 4, /* samples */
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

static __device__ __forceinline__ const float *weights_of(const fov_letterbox_axis *axis)
{
    return (const float *)axis->start + axis->weight;
}

/* ---------------------------------------------------------------- the vertical step */

/* A row to be blended: the photo's first one that it is made of. */
typedef struct blending {
    const uint8_t *in;
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

static __device__ __forceinline__ float add_byte(float sum, float weight, uint32_t word, int byte)
{
    return __fadd_rn(sum, __fmul_rn(weight, (float)(word >> 8 * byte & 255U)));
}

/* Four samples at once. */
static __device__ __forceinline__ float4 blend_word(const blending *b, const uint8_t *in, int64_t step)
{
    float4 sum = make_float4(0.0F, 0.0F, 0.0F, 0.0F);
    for (int first = 0; first < b->taps; first += TAPS) {
        uint32_t word[TAPS];
        float    weight[TAPS];
#pragma unroll
        for (int k = 0; k < TAPS; k++) {
            const bool is_tap = first + k < b->taps;
            weight[k] = is_tap ? b->weight[first + k] : 0.0F;
            word[k] = is_tap ? *(const uint32_t *)(in + (first + k) * step) : 0U;
        }
#pragma unroll
        for (int k = 0; k < TAPS; k++) {
            sum.x = add_byte(sum.x, weight[k], word[k], 0);
            sum.y = add_byte(sum.y, weight[k], word[k], 1);
            sum.z = add_byte(sum.z, weight[k], word[k], 2);
            sum.w = add_byte(sum.w, weight[k], word[k], 3);
        }
    }
    return sum;
}

static __device__ __forceinline__ void blend_words(const fov_letterbox_image *image, const window *w, const piece *part, float *row)
{
    const int items = (part->samples + 3) / 4, rows = w->bottom - w->top;
    int       r = (int)threadIdx.x / items, at = (int)threadIdx.x - r * items;
    while (r < rows) {
        const blending b = blending_of(image, w->top + r);
        *(float4 *)(row + r * LD + 4 * at) = blend_word(&b, b.in + part->sample + 4 * at, image->step_y);
        for (at += THREADS; at >= items; at -= items) r++;
    }
}

/* All samples of a pixel. */
static __device__ __forceinline__ void blend_pixel(const blending *b, const uint8_t *in, int64_t step, int pixel, float *out)
{
    float sum[MOST_PIXEL] = {};
    for (int k = 0; k < b->taps; k++) {
        const float weight = b->weight[k];
#pragma unroll
        for (int c = 0; c < MOST_PIXEL; c++)
            if (c < pixel) sum[c] = __fadd_rn(sum[c], __fmul_rn(weight, (float)in[k * step + c]));
    }
#pragma unroll
    for (int c = 0; c < MOST_PIXEL; c++)
        if (c < pixel) out[c] = sum[c];
}

/* Of photos whose pixels are reached by steps: neighbouring threads take neighbouring rows, which a turned photo has side by side.
 */
static __device__ __forceinline__ void blend_pixels(const fov_letterbox_image *image, const window *w, const piece *part,
                                                    float *row)
{
    const int r = (int)threadIdx.x % ROWS, pixel = image->pixel;
    if (r >= w->bottom - w->top) return;
    const blending b = blending_of(image, w->top + r);
    for (int x = part->from + (int)threadIdx.x / ROWS; x < part->to; x += THREADS / ROWS)
        blend_pixel(&b, b.in + x * image->step_x, image->step_y, pixel, row + r * LD + (x - part->from) * pixel);
}

/* ---------------------------------------------------------------- the horizontal step */

/* Add to the sums of pixel `x` what the piece has of it. @param row of the thread's first one */
static __device__ __forceinline__ void resample(const fov_letterbox_image *image, const piece *part, int x, const float *row,
                                                float (*sum)[CHANNELS])
{
    const fov_letterbox_axis *axis = &image->x;
    const int    group = x / LANES, start = axis->start[x], end = min(start + axis->start[axis->count + group], part->to);
    const float *weights = weights_of(axis) + group * axis->most * LANES + x % LANES;
    const int    channel = image->channel[0], channel_step = image->channel[1] - channel;
    for (int first = max(start, part->from); first < end; first += TAPS) {
        float weight[TAPS];
        int   at[TAPS];
#pragma unroll
        for (int k = 0; k < TAPS; k++) {
            const int tap = min(first + k, end - 1);
            weight[k] = first + k < end ? weights[(tap - start) * LANES] : 0.0F;
            at[k] = tap * image->pixel - part->sample + channel;
        }
#pragma unroll
        for (int r = 0; r < THREAD_ROWS; r++)
#pragma unroll
            for (int k = 0; k < TAPS; k++)
#pragma unroll
                for (int c = 0; c < CHANNELS; c++)
                    sum[r][c] = __fadd_rn(sum[r][c], __fmul_rn(row[r * ROW_STEP * LD + at[k] + c * channel_step], weight[k]));
    }
}

/* ---------------------------------------------------------------- a tile */

/* All threads: the sums of the tile's pixels, those of the thread. @param first its first row of the tile, whose own is `tile_y` */
static __device__ __forceinline__ void sum_tile(const fov_letterbox_image *image, const window *w, int x, int first, int tile_y,
                                                float *row, float (*sum)[CHANNELS])
{
    const int left = image->x.start[w->left], right = w->right - 1;
    const int last = min(image->width, image->x.start[right] + image->x.start[image->x.count + right / LANES]);
    float    *shown = row + (w->top - tile_y) * LD;
    for (int from = left; from < last;) {
        const piece part = piece_of(image, from, last);
        if (image->words) blend_words(image, w, &part, shown);
        else blend_pixels(image, w, &part, shown);
        __syncthreads();
        if (x >= w->left && x < w->right) resample(image, &part, x, row + first * LD, sum);
        from = part.to;
        __syncthreads();
    }
}

/* All threads: a tile of packed pixels from shared memory. @param out of its first pixel */
static __device__ __forceinline__ void store_tile(const fov_letterbox_params *p, const float *result, float *out, int columns,
                                                  int rows)
{
    const bool wide = p->out_w % 4 == 0;
    const int  items = columns * CHANNELS / (wide ? 4 : 1);
    for (int r = (int)threadIdx.x / COLUMNS; r < rows; r += ROW_STEP) {
        const float *from = result + r * COLUMNS * CHANNELS;
        float       *to = out + (int64_t)r * p->out_w * CHANNELS;
        for (int at = (int)threadIdx.x % COLUMNS; at < items; at += COLUMNS) {
            if (wide) ((float4 *)to)[at] = ((const float4 *)from)[at];
            else to[at] = from[at];
        }
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
    fov_letterbox_image *image = (fov_letterbox_image *)fov_shared();
    float               *row = (float *)(fov_shared() + FOV_LETTERBOX_IMAGE_BYTES);
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
        float     *to = p.ld == CHANNELS ? row + (r * COLUMNS + column) * CHANNELS : out + ((int64_t)r * p.out_w + column) * p.ld;
        if (r < rows && column < columns)
#pragma unroll
            for (int c = 0; c < CHANNELS; c++)
                to[c] = shown ? __fmul_rn(__fsub_rn(sum[i][c], image->mean[c]), image->scale[c]) : image->fill[c];
    }
    if (p.ld != CHANNELS) return;
    __syncthreads();
    store_tile(&p, row, out, columns, rows);
}
