// SPDX-License-Identifier: MIT
/* The first convolution of a network: F32 input of few channels (first_params.h). A block's part of the input goes to shared memory
 * as two planes of halves, whose sum is the input; fragments of A are read from there as they are, without a matrix in between. */
#include "backend/cuda/kernels/divide.cuh"
#include "backend/cuda/kernels/end_plain.cuh"
#include "backend/cuda/kernels/first_params.h"

enum {
    TILES = FOV_FIRST_COLUMNS / 16 /* of 16 pixels, that a warp makes */,
    BATCH = 8,
    PIXELS = FOV_FIRST_ROWS * FOV_FIRST_COLUMNS
};

struct first_tile {
    int image, y, x, rows, columns;

    __device__ __forceinline__ int64_t operator()(int row) const
    {
        const int down = y + row / FOV_FIRST_COLUMNS, across = x + row % FOV_FIRST_COLUMNS;
        return down < rows && across < columns ? ((int64_t)image * rows + down) * columns + across : -1;
    }
};

/* A number of channel c as the convolution sees it. */
static __device__ __forceinline__ float between(const fov_first_params *p, float v, int c)
{
    if (p->between == FOV_U8) return (float)(fov_quantize_u8(v, p->inverse_scale[c], p->zero_point[c]) - p->zero_point[c]);
    if (p->between == FOV_BF16) return fov_bf16_to_float(fov_float_to_bf16(v));
    return p->between == FOV_F16 ? fov_f16_to_float(fov_float_to_f16(v)) : v;
}

/* Number j of a row of the patch, of the row of the image `row`; 0 outside of the image. */
static __device__ __forceinline__ float patch_number(const fov_first_params *p, const float *row, int left, int j)
{
    if (p->x_ld == p->channels) { /* pixels lie side by side */
        const int at = left * p->channels + j;
        return (unsigned)at < (unsigned)(p->x_columns * p->channels) ? between(p, row[at], j % p->channels) : 0.0F;
    }
    const int column = left + j / p->channels;
    return (unsigned)column < (unsigned)p->x_columns ? between(p, row[column * p->x_ld + j % p->channels], j % p->channels)
                                                       : 0.0F;
}

/* The tile's input, split: two numbers at a time, all of a batch on their way at once. */
static __device__ __forceinline__ void load_patch(const fov_first_params *p, const first_tile *tile, uint32_t *high, uint32_t *low)
{
    const int    top = tile->y * p->stride_y - p->pad_top, left = tile->x * p->stride_x - p->pad_left, pairs = p->patch_ld / 2;
    const float *image = p->x + (int64_t)tile->image * p->x_rows * p->x_columns * p->x_ld;
    for (int first = (int)threadIdx.x; first < p->patch_rows * pairs; first += BATCH * FOV_FIRST_THREADS) {
        float v[BATCH][2];
#pragma unroll
        for (int i = 0; i < BATCH; i++) {
            const int at = first + i * FOV_FIRST_THREADS, r = fov_divide(at, p->by_pairs), j = 2 * (at - r * pairs);
            v[i][0] = v[i][1] = 0;
            if (r >= p->patch_rows || (unsigned)(top + r) >= (unsigned)p->x_rows) continue;
            const float *row = image + (int64_t)(top + r) * p->x_columns * p->x_ld;
            v[i][0] = patch_number(p, row, left, j);
            v[i][1] = patch_number(p, row, left, j + 1);
        }
#pragma unroll
        for (int i = 0; i < BATCH; i++) {
            const int at = first + i * FOV_FIRST_THREADS;
            if (at >= p->patch_rows * pairs) break;
            const uint16_t a = fov_float_to_f16(v[i][0]), b = fov_float_to_f16(v[i][1]);
            high[at] = (uint32_t)a | (uint32_t)b << 16;
            low[at] = fov_kind_f16::pair(__fsub_rn(v[i][0], fov_f16_to_float(a)), __fsub_rn(v[i][1], fov_f16_to_float(b)));
        }
    }
}

/* Where group `group` of the window's numbers begins in the patch, in halves. Those after the last one have no weight. */
static __device__ __forceinline__ int group_at(const fov_first_params *p, int group)
{
    const int row = group / p->row_groups;
    return row < p->window_rows ? row * p->patch_ld + (group - row * p->row_groups) * FOV_FIRST_GROUP : 0;
}

static __device__ __forceinline__ void load_a(uint32_t (&a)[4], const uint16_t *plane, int first, int second, int eight_pixels)
{
    a[0] = *(const uint32_t *)(plane + first);
    a[1] = *(const uint32_t *)(plane + first + eight_pixels);
    a[2] = *(const uint32_t *)(plane + second);
    a[3] = *(const uint32_t *)(plane + second + eight_pixels);
}

template <int groups, int parts, bool halves>
static __device__ __forceinline__ void multiply(const fov_first_params *p, const uint16_t *high, int plane, const uint2 *weight,
                                                float (&d)[TILES][groups][4])
{
    const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32, pixel = p->stride_x * p->channels;
    const int mine = warp * p->stride_y * p->patch_ld + lane / 4 * pixel + lane % 4 * 2;
    for (int k = 0; k < p->k_steps; k++) {
        const int first = mine + group_at(p, 2 * k), second = mine + group_at(p, 2 * k + 1);
        uint32_t  a_high[TILES][4], a_low[TILES][4];
#pragma unroll
        for (int m = 0; m < TILES; m++) {
            load_a(a_high[m], high, first + m * 16 * pixel, second + m * 16 * pixel, 8 * pixel);
            if (!halves) load_a(a_low[m], high + plane, first + m * 16 * pixel, second + m * 16 * pixel, 8 * pixel);
        }
#pragma unroll
        for (int n = 0; n < groups; n++) {
            const uint2    two = weight[(k * groups + n) * 32 + lane];
            const uint32_t b[2] = {two.x, two.y};
#pragma unroll
            for (int m = 0; m < TILES; m++) {
                if (!halves) fov_mma_f16(d[m][n], a_low[m], b);
                fov_mma_f16(d[m][n], a_high[m], b);
            }
            if (parts == 1) continue;
            const uint2    rest = weight[((p->k_steps + k) * groups + n) * 32 + lane];
            const uint32_t b_low[2] = {rest.x, rest.y};
#pragma unroll
            for (int m = 0; m < TILES; m++) fov_mma_f16(d[m][n], a_high[m], b_low);
        }
    }
}

template <class Kind, class Sum>
static __device__ __forceinline__ void store(const fov_first_params *p, const fov_end_rows &rows, const Sum *sums, int ld,
                                             const first_tile &tile, int c, int columns)
{
    fov_end_plain<Kind, FOV_FIRST_THREADS>(&p->end, rows, sums, ld, tile, PIXELS, c, columns);
}

template <class Sum>
static __device__ __forceinline__ void end_tile(const fov_first_params *p, const fov_end_rows &rows, const Sum *sums, int ld,
                                                const first_tile &tile, int c, int columns)
{
    if (fov_end_is_plain(&p->end, FOV_F16)) store<fov_kind_f16>(p, rows, sums, ld, tile, c, columns);
    else if (fov_end_is_plain(&p->end, FOV_U8)) store<fov_kind_u8>(p, rows, sums, ld, tile, c, columns);
    else if (fov_end_is_plain(&p->end, FOV_BF16)) store<fov_kind_bf16>(p, rows, sums, ld, tile, c, columns);
    else fov_end_tile_with<FOV_FIRST_THREADS>(&p->end, rows, sums, ld, tile, PIXELS, c, columns);
}

template <int groups> static __device__ __forceinline__ void first(const fov_first_params *p)
{
    unsigned char   *shared = fov_shared();
    const int        slice = (int)(blockIdx.x % (unsigned)p->slices), number = (int)(blockIdx.x / (unsigned)p->slices);
    const int        down = number / p->tiles_across, image = down / p->tiles_down, t = (int)threadIdx.x;
    const first_tile tile = {image, (down - image * p->tiles_down) * FOV_FIRST_ROWS, (number % p->tiles_across) * FOV_FIRST_COLUMNS,
                             p->end.rows, p->end.columns};
    const int        plane = p->patch_rows * p->patch_ld, bytes = p->parts * p->k_steps * groups * 256;
    const int        ld = groups * 8 + 8;
    uint2           *weight = (uint2 *)(shared + groups * 8 * FOV_END_ROWS * 4);
    uint16_t        *high = (uint16_t *)((unsigned char *)weight + bytes);
    float           *sums = (float *)weight;
    const bool       whole = p->between == FOV_U8;
    fov_depend_launch();
    for (int i = t * 16; i < bytes; i += FOV_FIRST_THREADS * 16)
        fov_copy_async_16((unsigned char *)weight + i, (const unsigned char *)p->weight + (int64_t)slice * bytes + i);
    fov_copy_async_commit();
    fov_end_rows_fill((uint32_t *)shared, &p->end, slice * groups * 8, groups * 8);
    fov_depend_wait();
    load_patch(p, &tile, (uint32_t *)high, (uint32_t *)(high + plane));
    fov_copy_async_wait<0>();
    __syncthreads();
    float d[TILES][groups][4];
#pragma unroll
    for (int i = 0; i < TILES * groups * 4; i++) d[i / 4 / groups][i / 4 % groups][i % 4] = 0;
    if (p->parts == 1 && (p->between == FOV_F16 || p->between == FOV_U8)) multiply<groups, 1, true>(p, high, plane, weight, d);
    else if (p->parts == 1) multiply<groups, 1, false>(p, high, plane, weight, d);
    else multiply<groups, 2, false>(p, high, plane, weight, d);
    __syncthreads(); /* the sums lie where weights and patch did */
    const float *scale = p->scale + slice * groups * 8;
#pragma unroll
    for (int n = 0; n < groups; n++) {
        const int   c = n * 8 + t % 4 * 2;
        const float undo[2] = {scale[c], scale[c + 1]};
#pragma unroll
        for (int m = 0; m < TILES; m++)
#pragma unroll
            for (int half = 0; half < 2; half++) {
                float *at = sums + (t / 32 * FOV_FIRST_COLUMNS + m * 16 + half * 8 + t % 32 / 4) * ld + c;
                const float v[2] = {__fmul_rn(d[m][n][2 * half], undo[0]), __fmul_rn(d[m][n][2 * half + 1], undo[1])};
                if (whole) *(int2 *)at = make_int2(__float2int_rn(v[0]), __float2int_rn(v[1]));
                else *(float2 *)at = make_float2(v[0], v[1]);
            }
    }
    __syncthreads();
    const int          c = slice * groups * 8, columns = min(groups * 8, p->end.channels - c);
    const fov_end_rows rows = {(const float *)shared, c, groups * 8};
    if (whole) end_tile(p, rows, (const int32_t *)sums, ld, tile, c, columns);
    else end_tile(p, rows, sums, ld, tile, c, columns);
}

/* By the groups of 8 channels in a slice. */

FOV_KERNEL(fov_first_1, fov_first_params, FOV_FIRST_THREADS)
{
    first<1>(&p);
}

FOV_KERNEL(fov_first_2, fov_first_params, FOV_FIRST_THREADS)
{
    first<2>(&p);
}

FOV_KERNEL(fov_first_4, fov_first_params, FOV_FIRST_THREADS)
{
    first<4>(&p);
}

FOV_KERNEL(fov_first_8, fov_first_params, FOV_FIRST_THREADS)
{
    first<8>(&p);
}
