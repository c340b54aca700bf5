// SPDX-License-Identifier: MIT
/* The first convolution of a network: F32 input of few channels (first_params.h). A tile's part of the input goes to shared memory
 * as a plane of halves, or as two whose sum is the input; fragments of A are read from there as they are, without a matrix in
 * between. Sums go from registers into the output: the columns of the product are in such an order that a lane has channels side by
 * side.
 *
 * Blocks have tile after tile. Where pixels of the input lie one behind the other, its rows are runs of floats: those of the next
 * tile are on their way into shared memory, by 16 bytes, while this one is multiplied. */
#include "backend/cuda/kernels/divide.cuh"
#include "backend/cuda/kernels/end_plain.cuh"
#include "backend/cuda/kernels/first_params.h"

enum {
    TILES = FOV_FIRST_COLUMNS / 16 /* of 16 pixels, that a warp makes at once */,
    WARPS = FOV_FIRST_THREADS / 32,
    ROW_THREADS = FOV_FIRST_RUN, /* that have a float4 each of a row of the input */
    ROW_STEP = FOV_FIRST_THREADS / ROW_THREADS,
    ROW_BATCH = 3, /* rows that a thread makes halves of at once */
};

struct first_tile {
    int image, y, x;
};

static __device__ __forceinline__ first_tile tile_of(const fov_first_params *p, int number)
{
    const int down = fov_divide(number, p->by_across), image = fov_divide(down, p->by_down);
    return first_tile{image, (down - image * p->tiles_down) * p->tile_rows, (number - down * p->tiles_across) * FOV_FIRST_COLUMNS};
}

/* A number as the convolution sees it, but for the rounding to halves that follows. */
template <int between> static __device__ __forceinline__ float between_of(float v, float inverse_scale, float zero_point)
{
    if (between == FOV_BF16) return fov_bf16_to_float(fov_float_to_bf16(v));
    return between == FOV_U8 ? __fsub_rn(fov_kind_u8::centred(v, inverse_scale, zero_point), 12582912.0F) : v;
}

/* What halves leave over of a pair of numbers. */
static __device__ __forceinline__ uint32_t rest_of(uint32_t both, float first, float second)
{
    return fov_floats_to_f16(__fsub_rn(first, fov_f16_to_float((uint16_t)(both & 0xffffU))),
                             __fsub_rn(second, fov_f16_to_float((uint16_t)(both >> 16))));
}

/* ---------------------------------------------------------------- rows that are runs of floats */

/* Which float4 of a row is this thread's. Each needs the next one's first number: the last lane of a warp only gives its. */
static __device__ __forceinline__ int run_column(void)
{
    const int t = (int)threadIdx.x % ROW_THREADS;
    return t - t / 32;
}

/* Asks for the thread's part of a tile's input: it alone reads it. What is outside of the image is not read, and 0. */
static __device__ __forceinline__ void fetch(const fov_first_params *p, const first_tile &tile, float4 *raw)
{
    const int     pitch = p->x_columns * FOV_FIRST_RUN_CHANNELS / 4, column = run_column(), first = (int)threadIdx.x / ROW_THREADS;
    const int     at = ((tile.x * FOV_FIRST_RUN_STRIDE - p->pad_left) * FOV_FIRST_RUN_CHANNELS - p->phase) / 4 + column;
    const bool    inside = column < p->patch_ld / 4 && (unsigned)at < (unsigned)pitch;
    int           y = tile.y * p->stride_y - p->pad_top + first;
    float4       *to = raw + threadIdx.x;
    const float4 *from = (const float4 *)p->x + ((int64_t)tile.image * p->x_rows + y) * pitch + at;
#pragma unroll 1
    for (int row = first; row < p->patch_rows; row += ROW_STEP) {
        fov_copy_async_16_if(inside && (unsigned)y < (unsigned)p->x_rows, to, from);
        y += ROW_STEP;
        to += FOV_FIRST_THREADS;
        from += ROW_STEP * pitch;
    }
}

/* What numbers of a row become bytes by: four that lie side by side in a float4, shifted by the phase. There are as many kinds of
 * four as there are channels. */
struct first_numbers {
    float inverse_scale[4], zero_point[4];
};

/* Before a barrier. */
static __device__ __forceinline__ void fill_numbers(const fov_first_params *p, first_numbers *numbers)
{
    const int i = (int)threadIdx.x % 4, kind = (int)threadIdx.x / 4;
    if (kind >= FOV_FIRST_RUN_CHANNELS) return;
    const int c = (4 * kind + i + p->phase % 2 - p->phase + FOV_FIRST_RUN_CHANNELS) % FOV_FIRST_RUN_CHANNELS;
    numbers[kind].inverse_scale[i] = p->inverse_scale[c];
    numbers[kind].zero_point[i] = __int2float_rn(p->zero_point[c]);
}

/* Eight bytes at once. */
static __device__ __forceinline__ void store_pairs(uint16_t *to, uint32_t first, uint32_t second)
{
    *(uint64_t *)to = first | (uint64_t)second << 32;
}

/* What was fetched, as halves, of which pairs begin where groups do: at even places, or at odd ones. What is outside of the image
 * is 0, and stays it. */
template <int between, int planes>
static __device__ __forceinline__ void convert(const fov_first_params *p, const first_numbers *numbers, const float4 *raw,
                                               uint16_t *high)
{
    const int         column = run_column(), plane = p->patch_rows * p->patch_ld;
    alignas(16) float inverse_scale[4], zero_point[4];
    fov_copy_aligned<16>(inverse_scale, numbers[column % FOV_FIRST_RUN_CHANNELS].inverse_scale);
    fov_copy_aligned<16>(zero_point, numbers[column % FOV_FIRST_RUN_CHANNELS].zero_point);
    const bool stores = column < p->patch_ld / 4 && threadIdx.x % 32 < 31, odd = p->phase % 2;
    for (int first = (int)threadIdx.x / ROW_THREADS; first < p->patch_rows; first += ROW_BATCH * ROW_STEP) {
        float4 four[ROW_BATCH];
#pragma unroll
        for (int r = 0; r < ROW_BATCH; r++)
            four[r] = raw[min(first + r * ROW_STEP, p->patch_rows - 1) * ROW_THREADS + (int)threadIdx.x % ROW_THREADS];
#pragma unroll
        for (int r = 0; r < ROW_BATCH; r++) {
            const float number[5] = {four[r].x, four[r].y, four[r].z, four[r].w, __shfl_down_sync(0xffffffffU, four[r].x, 1)};
            float       v[4];
#pragma unroll
            for (int i = 0; i < 4; i++)
                v[i] = between_of<between>(odd ? number[i + 1] : number[i], inverse_scale[i], zero_point[i]);
            const uint32_t one = fov_floats_to_f16(v[0], v[1]), two = fov_floats_to_f16(v[2], v[3]);
            uint16_t      *to = high + (first + r * ROW_STEP) * p->patch_ld + 4 * column;
            if (!stores || first + r * ROW_STEP >= p->patch_rows) continue;
            store_pairs(to, one, two);
            if (planes > 1) store_pairs(to + plane, rest_of(one, v[0], v[1]), rest_of(two, v[2], v[3]));
        }
    }
}

template <int planes>
static __device__ __forceinline__ void convert_run(const fov_first_params *p, const first_numbers *numbers, const float4 *raw,
                                                   uint16_t *high)
{
    if (planes == 1 && p->between == FOV_U8) convert<FOV_U8, planes>(p, numbers, raw, high);
    else if (planes == 1) convert<FOV_F16, planes>(p, numbers, raw, high);
    else if (p->between == FOV_BF16) convert<FOV_BF16, planes>(p, numbers, raw, high);
    else convert<FOV_F32, planes>(p, numbers, raw, high);
}

/* ---------------------------------------------------------------- any input */

static __device__ __forceinline__ float number_at(const fov_first_params *p, const first_tile &tile, int row, int i)
{
    const int right = fov_divide(i, p->by_channels), c = i - right * p->channels;
    const int y = tile.y * p->stride_y - p->pad_top + row, x = tile.x * p->stride_x - p->pad_left + right;
    if ((unsigned)y >= (unsigned)p->x_rows || (unsigned)x >= (unsigned)p->x_columns) return 0;
    const float v = p->x[(((int64_t)tile.image * p->x_rows + y) * p->x_columns + x) * p->x_ld + c];
    if (p->between == FOV_U8) return between_of<FOV_U8>(v, p->inverse_scale[c], __int2float_rn(p->zero_point[c]));
    return p->between == FOV_BF16 ? between_of<FOV_BF16>(v, 0, 0) : v;
}

template <int planes>
static __device__ __forceinline__ void load_any(const fov_first_params *p, const first_tile &tile, uint16_t *high)
{
    const int pairs = p->patch_ld / 2;
    for (int i = (int)threadIdx.x; i < p->patch_rows * pairs; i += FOV_FIRST_THREADS) {
        const int      row = fov_divide(i, p->by_pairs), at = 2 * (i - row * pairs);
        const float    first = number_at(p, tile, row, at), second = number_at(p, tile, row, at + 1);
        const uint32_t both = fov_floats_to_f16(first, second);
        ((uint32_t *)high)[i] = both;
        if (planes > 1) ((uint32_t *)high)[p->patch_rows * pairs + i] = rest_of(both, first, second);
    }
}

/* ---------------------------------------------------------------- product */

static __device__ __forceinline__ void load_a(uint32_t (&a)[4], const uint16_t *first, const uint16_t *second, int eight_pixels)
{
    a[0] = *(const uint32_t *)first;
    a[1] = *(const uint32_t *)(first + eight_pixels);
    a[2] = *(const uint32_t *)second;
    a[3] = *(const uint32_t *)(second + eight_pixels);
}

/* Where the two groups of a step begin, in halves. Behind the last group there is one without weights: any numbers do. */
static __device__ __forceinline__ void fill_steps(const fov_first_params *p, int *steps)
{
    const int groups = p->window_rows * p->row_groups;
    for (int i = (int)threadIdx.x; i < 2 * p->k_steps; i += FOV_FIRST_THREADS) {
        const int row = i / p->row_groups;
        steps[i] = i < groups ? row * p->patch_ld + (i - row * p->row_groups) * FOV_FIRST_GROUP : 0;
    }
}

/* What a block has in shared memory, besides the numbers of runs. */
struct first_shared {
    const int2     *steps;
    const uint2    *weight;
    const uint16_t *high;
    fov_end_rows    ends;
};

/* @param pixel halves from one output pixel's input to the next's; mine: of this lane, where its row begins */
template <int groups, int planes, int parts>
static __device__ __forceinline__ void multiply(const fov_first_params *p, const first_shared &shared, const uint16_t *mine,
                                                int pixel, float (&d)[TILES][groups][4])
{
    const int    plane = p->patch_rows * p->patch_ld;
    const uint2 *weight = shared.weight + threadIdx.x % 32;
#pragma unroll 1
    for (int k = 0; k < p->k_steps; k++, weight += groups * 32) {
        const int2      at = shared.steps[k];
        const uint16_t *first = mine + at.x, *second = mine + at.y;
        uint32_t        a_high[TILES][4], a_low[TILES][4];
#pragma unroll
        for (int m = 0; m < TILES; m++) {
            load_a(a_high[m], first + m * 16 * pixel, second + m * 16 * pixel, 8 * pixel);
            if (planes > 1) load_a(a_low[m], first + plane + m * 16 * pixel, second + plane + m * 16 * pixel, 8 * pixel);
        }
#pragma unroll
        for (int n = 0; n < groups; n++) {
            const uint2    two = weight[n * 32];
            const uint32_t b[2] = {two.x, two.y};
#pragma unroll
            for (int m = 0; m < TILES; m++) {
                if (planes > 1) fov_mma_f16(d[m][n], a_low[m], b);
                fov_mma_f16(d[m][n], a_high[m], b);
            }
            if (parts == 1) continue;
            const uint2    rest = weight[(p->k_steps * groups + n) * 32];
            const uint32_t b_low[2] = {rest.x, rest.y};
#pragma unroll
            for (int m = 0; m < TILES; m++) fov_mma_f16(d[m][n], a_high[m], b_low);
        }
    }
}

/* ---------------------------------------------------------------- end */

/* A row of the tile in the output: this lane's first pixel, and how many columns are from there on. */
struct first_row {
    int64_t pixel;
    int     columns;
};

/* What the end needs of channels, as it is used: sums are of weights times powers of two, which the scale undoes, and zero points
 * are floats. */
static __device__ __forceinline__ void fill_ends(const fov_first_params *p, float *rows, int first, int channels)
{
    fov_end_rows_fill((uint32_t *)rows, &p->end, first, channels);
    for (int i = (int)threadIdx.x; i < channels && first + i < p->end.channels; i += FOV_FIRST_THREADS) {
        float *scale = rows + FOV_END_SCALE * channels + i, *zero = rows + FOV_END_ZERO_POINT * channels + i;
        *scale = __fmul_rn(p->scale[first + i], p->between == FOV_U8 ? *scale : 1.0F);
        *zero = __int2float_rn(__float_as_int(*zero));
    }
}

/* W channels from `c` on of each of a lane's pixels, from registers into the output. @param d sums of groups from `first` on */
template <class Kind, int W, int groups>
static __device__ __forceinline__ void end_plain(const fov_first_params *p, const fov_end_rows &rows, const first_row &at,
                                                 int first, int c, const float (&d)[TILES][groups][4])
{
    float scale[W], bias[W], slope[W], inverse[W], zero[W];
    rows.row<W>(scale, FOV_END_SCALE, c);
    rows.row<W>(bias, FOV_END_BIAS, c);
    rows.row<W>(slope, FOV_END_SLOPE, c);
    if (Kind::integer) {
        rows.row<W>(inverse, FOV_END_INVERSE_SCALE, c);
        rows.row<W>(zero, FOV_END_ZERO_POINT, c);
    }
    const int      ld = p->end.output[0].ld;
    unsigned char *to = (unsigned char *)p->end.output[0].data + (at.pixel * ld + c) * Kind::size;
#pragma unroll
    for (int i = 0; i < 2 * TILES; i++) {
        if (8 * i >= at.columns) continue;
        alignas(16) unsigned char bytes[W * Kind::size];
#pragma unroll
        for (int j = 0; j < W; j += 2) {
            alignas(8) float v[2];
#pragma unroll
            for (int k = 0; k < 2; k++) {
                v[k] = __fadd_rn(__fmul_rn(d[i / 2][first + j / 2][i % 2 * 2 + k], scale[j + k]), bias[j + k]);
                v[k] = fov_end_activate(v[k], slope[j + k]);
                if (Kind::integer) v[k] = fov_kind_u8::quantize(v[k], inverse[j + k], zero[j + k]);
            }
            if (Kind::dtype == FOV_F32) fov_copy_aligned<8>(bytes + j * Kind::size, v);
            else if (Kind::integer)
                *(uint16_t *)(bytes + j) = (uint16_t)__byte_perm(__float_as_uint(v[0]), __float_as_uint(v[1]), 0x0040U);
            else
                *(uint32_t *)(bytes + j * Kind::size) =
                    Kind::dtype == FOV_F16 ? fov_floats_to_f16(v[0], v[1]) : fov_floats_to_bf16(v[0], v[1]);
        }
        fov_copy_aligned<W * Kind::size>(to + (ptrdiff_t)(8 * i * ld) * Kind::size, bytes);
    }
}

/* The same of any end, by pairs of channels, or one by one. @param Sum of whole numbers int32_t */
template <class Sum, int W, int groups>
static __device__ __forceinline__ void end_any(const fov_first_params *p, const first_row &at, int first, int c,
                                               const float (&d)[TILES][groups][4])
{
    alignas(16) Sum sums[2 * TILES][W];
#pragma unroll
    for (int i = 0; i < 2 * TILES * W; i++)
        sums[i / W][i % W] = (Sum)__fmul_rn(d[i / W / 2][first + i % W / 2][i / W % 2 * 2 + i % 2], p->scale[c + i % W]);
#pragma unroll 1
    for (int i = 0; 8 * i < at.columns && i < 2 * TILES; i++) {
        const int64_t pixel = at.pixel + 8 * i;
#pragma unroll 1
        for (int j = 0; j < W && c + j < p->end.channels; j += 2) {
            const fov_end_channel *channel = p->end.channel + c + j;
            if (p->end.vector > 1) fov_end_store<2>(&p->end, channel, fov_end_output_of(&p->end, c + j), pixel, c + j, &sums[i][j]);
            else
                for (int k = 0; k < 2 && c + j + k < p->end.channels; k++)
                    fov_end_store<1>(&p->end, channel + k, fov_end_output_of(&p->end, c + j + k), pixel, c + j + k,
                                     &sums[i][j + k]);
        }
    }
}

/* A row of the tile: sums of this lane are channels side by side, of up to four groups. */
template <int groups>
static __device__ __forceinline__ void end_row(const fov_first_params *p, const fov_end_rows &rows, const first_row &at,
                                               const float (&d)[TILES][groups][4])
{
    const int together = groups < 4 ? groups : 4, W = 2 * together;
#pragma unroll
    for (int first = 0; first < groups; first += together) {
        const int c = rows.first + first * 8 + (int)threadIdx.x % 4 * W;
        if (c >= p->end.channels) continue;
        if (fov_end_is_plain(&p->end, FOV_F16)) end_plain<fov_kind_f16, W>(p, rows, at, first, c, d);
        else if (fov_end_is_plain(&p->end, FOV_U8)) end_plain<fov_kind_u8, W>(p, rows, at, first, c, d);
        else if (fov_end_is_plain(&p->end, FOV_BF16)) end_plain<fov_kind_bf16, W>(p, rows, at, first, c, d);
        else if (fov_end_is_plain(&p->end, FOV_F32)) end_plain<fov_kind_f32, W>(p, rows, at, first, c, d);
        else if (p->between == FOV_U8) end_any<int32_t, W>(p, at, first, c, d);
        else end_any<float, W>(p, at, first, c, d);
    }
}

/* ---------------------------------------------------------------- kernels */

/* The rows of a tile, of which a warp has every WARPS-th. */
template <int groups, int planes>
static __device__ __forceinline__ void make_tile(const fov_first_params *p, const first_shared &shared, const first_tile &tile,
                                                 int pixel)
{
    const int lane = (int)threadIdx.x % 32, x = tile.x + lane / 4, last = min(p->tile_rows, p->end.rows - tile.y);
#pragma unroll 1
    for (int row = (int)threadIdx.x / 32; row < last; row += WARPS) {
        const uint16_t *mine = shared.high + row * p->stride_y * p->patch_ld + p->phase / 2 * 2 + lane / 4 * pixel + lane % 4 * 2;
        const int64_t   line = (int64_t)tile.image * p->end.rows + tile.y + row;
        float           d[TILES][groups][4];
#pragma unroll
        for (int i = 0; i < TILES * groups * 4; i++) d[i / 4 / groups][i / 4 % groups][i % 4] = 0;
        if (p->parts == 1) multiply<groups, planes, 1>(p, shared, mine, pixel, d);
        else multiply<groups, planes, 2>(p, shared, mine, pixel, d);
        end_row<groups>(p, shared.ends, first_row{line * p->end.columns + x, p->end.columns - x}, d);
    }
}

/* @param planes 1: what the input is made is exact in halves; runs: rows of the input are runs of floats, of
 * FOV_FIRST_RUN_CHANNELS, by FOV_FIRST_RUN_STRIDE */
template <int groups, int planes, bool runs> static __device__ __forceinline__ void first(const fov_first_params *p)
{
    const int      slice = (int)(blockIdx.x % (unsigned)p->slices), step = (int)(gridDim.x / (unsigned)p->slices);
    const int      pixel = runs ? FOV_FIRST_RUN_CHANNELS * FOV_FIRST_RUN_STRIDE : p->stride_x * p->channels;
    const int      bytes = p->parts * p->k_steps * groups * 256;
    float         *ends = (float *)fov_shared();
    unsigned char *weight = (unsigned char *)(ends + groups * 8 * FOV_END_ROWS);
    int           *steps = (int *)(weight + bytes);
    first_numbers *numbers = (first_numbers *)(steps + (p->k_steps + 1) / 2 * 4);
    float4        *raw = (float4 *)(numbers + (runs ? FOV_FIRST_RUN_CHANNELS : 0));
    uint16_t      *high = (uint16_t *)(raw + (runs ? p->patch_rows * ROW_THREADS : 0));
    int            number = (int)(blockIdx.x / (unsigned)p->slices);
    fov_depend_launch();
    for (int i = (int)threadIdx.x * 16; i < bytes; i += FOV_FIRST_THREADS * 16)
        fov_copy_async_16(weight + i, (const unsigned char *)p->weight + (int64_t)slice * bytes + i);
    fill_ends(p, ends, slice * groups * 8, groups * 8);
    fill_steps(p, steps);
    if (runs) fill_numbers(p, numbers);
    const first_shared shared = {(const int2 *)steps, (const uint2 *)weight, high, {ends, slice * groups * 8, groups * 8}};
    fov_depend_wait();
    if (runs) fetch(p, tile_of(p, number), raw);
    fov_copy_async_commit();
#pragma unroll 1
    for (; number < p->tiles; number += step) {
        const first_tile tile = tile_of(p, number);
        fov_copy_async_wait<0>();
        __syncthreads(); /* the plane before was read */
        if (runs) convert_run<planes>(p, numbers, raw, high);
        else load_any<planes>(p, tile, high);
        if (runs && number + step < p->tiles) fetch(p, tile_of(p, number + step), raw);
        fov_copy_async_commit();
        __syncthreads();
        make_tile<groups, planes>(p, shared, tile, pixel);
    }
}

/* By the planes of the input and the groups of 8 channels in a slice. */
#define FIRST(planes, groups)                                                                                                      \
    FOV_KERNEL(fov_first_##planes##_##groups, fov_first_params, FOV_FIRST_THREADS)                                                 \
    {                                                                                                                              \
        first<groups, planes, false>(&p);                                                                                          \
    }                                                                                                                              \
    FOV_KERNEL(fov_first_##planes##_##groups##_runs, fov_first_params, FOV_FIRST_THREADS)                                          \
    {                                                                                                                              \
        first<groups, planes, true>(&p);                                                                                           \
    }

FIRST(1, 1)
FIRST(1, 2)
FIRST(1, 4)
FIRST(1, 8)
FIRST(2, 1)
FIRST(2, 2)
FIRST(2, 4)
FIRST(2, 8)
