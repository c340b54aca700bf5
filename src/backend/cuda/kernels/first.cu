// SPDX-License-Identifier: MIT
/* The first convolution of a network: F32 input of few channels (first_params.h). A block's part of the input goes to shared memory
 * as two planes of halves, whose sum is the input; fragments of A are read from there as they are, without a matrix in between.
 * Sums go from registers into the output: the columns of the product are in such an order that a lane has channels side by side. */
#include "backend/cuda/kernels/divide.cuh"
#include "backend/cuda/kernels/end_plain.cuh"
#include "backend/cuda/kernels/first_params.h"

enum {
    TILES = FOV_FIRST_COLUMNS / 16 /* of 16 pixels, that a warp makes at once */,
    WARPS = FOV_FIRST_THREADS / 32,
    BATCH = 4, /* pairs of a row that a lane loads at once */
    ROW_BATCH = 3,
};

struct first_tile {
    int image, y, x, rows, columns;
};

/* What a lane knows of a number of the patch's rows, which are all alike. */
struct first_number {
    int   at; /* floats from the beginning of a row of the image; negative: outside of it */
    float inverse_scale;
    int   zero_point;
};

static __device__ __forceinline__ first_number number_of(const fov_first_params *p, int left, int j)
{
    first_number number = {-1, 0, 0};
    if (j >= p->patch_ld) return number;
    const int right = fov_divide(j, p->by_channels), c = j - right * p->channels, column = left + right;
    if ((unsigned)column < (unsigned)p->x_columns) number.at = column * p->x_ld + c;
    number.inverse_scale = p->inverse_scale[c];
    number.zero_point = p->zero_point[c];
    return number;
}

/* As the convolution sees it. */
static __device__ __forceinline__ float between(const fov_first_params *p, float v, const first_number &number)
{
    if (p->between == FOV_U8) return (float)(fov_quantize_u8(v, number.inverse_scale, number.zero_point) - number.zero_point);
    if (p->between == FOV_BF16) return fov_bf16_to_float(fov_float_to_bf16(v));
    return p->between == FOV_F16 ? fov_f16_to_float(fov_float_to_f16(v)) : v;
}

/* A pair of numbers as halves; `low`: what they leave over. */
static __device__ __forceinline__ void split(uint32_t *high, uint32_t *low, float first, float second)
{
    const uint32_t both = fov_floats_to_f16(first, second);
    *high = both;
    if (low)
        *low = fov_floats_to_f16(__fsub_rn(first, fov_f16_to_float((uint16_t)(both & 0xffffU))),
                                 __fsub_rn(second, fov_f16_to_float((uint16_t)(both >> 16))));
}

/* The tile's input: a warp has whole rows, of which it asks for several at once. @param low NULL: is not needed */
static __device__ __forceinline__ void load_patch(const fov_first_params *p, const first_tile *tile, uint32_t *high, uint32_t *low)
{
    const int    warp = (int)threadIdx.x / 32, pairs = p->patch_ld / 2, pitch = p->x_columns * p->x_ld;
    const int    top = tile->y * p->stride_y - p->pad_top, left = tile->x * p->stride_x - p->pad_left;
    const float *image = p->x + (int64_t)tile->image * p->x_rows * pitch;
    for (int pair = (int)threadIdx.x % 32; pair < pairs; pair += 32 * BATCH) {
        first_number number[BATCH][2];
#pragma unroll
        for (int i = 0; i < 2 * BATCH; i++) number[i / 2][i % 2] = number_of(p, left, 2 * (pair + i / 2 * 32) + i % 2);
        for (int first = warp; first < p->patch_rows; first += ROW_BATCH * WARPS) {
            float v[ROW_BATCH][BATCH][2];
#pragma unroll
            for (int r = 0; r < ROW_BATCH; r++) {
                const int    y = top + first + r * WARPS;
                const bool   there = first + r * WARPS < p->patch_rows && (unsigned)y < (unsigned)p->x_rows;
                const float *row = image + (int64_t)y * pitch;
#pragma unroll
                for (int i = 0; i < 2 * BATCH; i++) {
                    const int at = number[i / 2][i % 2].at;
                    v[r][i / 2][i % 2] = 0;
                    if (there && at >= 0) v[r][i / 2][i % 2] = row[at];
                }
            }
#pragma unroll
            for (int r = 0; r < ROW_BATCH; r++) {
                const int y = first + r * WARPS;
                if (y >= p->patch_rows) break;
                const bool outside = (unsigned)(top + y) >= (unsigned)p->x_rows;
#pragma unroll
                for (int i = 0; i < BATCH; i++) {
                    const int at = pair + i * 32, to = y * pairs + at;
                    if (at >= pairs) break;
                    float two[2];
#pragma unroll
                    for (int j = 0; j < 2; j++)
                        two[j] = outside || number[i][j].at < 0 ? 0.0F : between(p, v[r][i][j], number[i][j]);
                    split(high + to, low ? low + to : NULL, two[0], two[1]);
                }
            }
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
                                                int row, float (&d)[TILES][groups][4])
{
    const int lane = (int)threadIdx.x % 32, pixel = p->stride_x * p->channels;
    const int mine = row * p->stride_y * p->patch_ld + lane / 4 * pixel + lane % 4 * 2;
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

/* A row of the tile's pixels: those of this lane, -1 outside of the output. */
static __device__ __forceinline__ int64_t pixel_of(const first_tile &tile, int row, int i)
{
    const int y = tile.y + row, x = tile.x + i * 8 + (int)threadIdx.x % 32 / 4;
    return y < tile.rows && x < tile.columns ? ((int64_t)tile.image * tile.rows + y) * tile.columns + x : -1;
}

/* W channels from `c` on of each of a lane's pixels, from registers into the output. @param own the first of them in the table;
 * d: sums of groups from `first` on */
template <class Kind, int W, int groups>
static __device__ __forceinline__ void end_plain(const fov_first_params *p, const fov_end_rows &rows, const first_tile &tile,
                                                 int row, int first, int c, const float (&d)[TILES][groups][4])
{
    float undo[W], scale[W], bias[W], slope[W], inverse[W], zero[W];
#pragma unroll
    for (int i = 0; i < W; i++) {
        undo[i] = p->scale[c + i];
        scale[i] = p->between == FOV_U8 ? rows.rows[FOV_END_SCALE * rows.ld + c - rows.first + i] : 1.0F;
        bias[i] = rows.rows[FOV_END_BIAS * rows.ld + c - rows.first + i];
        slope[i] = rows.rows[FOV_END_SLOPE * rows.ld + c - rows.first + i];
        inverse[i] = rows.rows[FOV_END_INVERSE_SCALE * rows.ld + c - rows.first + i];
        zero[i] = __int2float_rn(__float_as_int(rows.rows[FOV_END_ZERO_POINT * rows.ld + c - rows.first + i]));
    }
#pragma unroll
    for (int i = 0; i < 2 * TILES; i++) {
        const int64_t pixel = pixel_of(tile, row, i);
        if (pixel < 0) continue;
        alignas(16) unsigned char bytes[W * Kind::size];
#pragma unroll
        for (int j = 0; j < W; j += 2) {
            float v[2];
#pragma unroll
            for (int k = 0; k < 2; k++) {
                v[k] = __fmul_rn(__fmul_rn(d[i / 2][first + j / 2][i % 2 * 2 + k], undo[j + k]), scale[j + k]);
                v[k] = fov_end_activate(__fadd_rn(v[k], bias[j + k]), slope[j + k]);
                if (Kind::integer) v[k] = fov_kind_u8::quantize(v[k], inverse[j + k], zero[j + k]);
            }
            if (Kind::integer)
                *(uint16_t *)(bytes + j) = (uint16_t)__byte_perm(__float_as_uint(v[0]), __float_as_uint(v[1]), 0x0040U);
            else
                *(uint32_t *)(bytes + j * Kind::size) =
                    Kind::dtype == FOV_F16 ? fov_floats_to_f16(v[0], v[1]) : fov_floats_to_bf16(v[0], v[1]);
        }
        fov_copy_aligned<W * Kind::size>((unsigned char *)p->end.output[0].data + (pixel * p->end.output[0].ld + c) * Kind::size,
                                         bytes);
    }
}

/* The same of any end. @param Sum of whole numbers int32_t */
template <class Sum, int W, int groups>
static __device__ __forceinline__ void end_any(const fov_first_params *p, const first_tile &tile, int row, int first, int c,
                                               const float (&d)[TILES][groups][4])
{
    alignas(16) Sum sums[2 * TILES][W];
#pragma unroll
    for (int i = 0; i < 2 * TILES * W; i++)
        sums[i / W][i % W] = (Sum)__fmul_rn(d[i / W / 2][first + i % W / 2][i / W % 2 * 2 + i % 2], p->scale[c + i % W]);
#pragma unroll 1
    for (int i = 0; i < 2 * TILES; i++) {
        const int64_t pixel = pixel_of(tile, row, i);
        if (pixel < 0) continue;
        if (p->end.vector >= W) {
            fov_end_store<W>(&p->end, p->end.channel + c, fov_end_output_of(&p->end, c), pixel, c, sums[i]);
            continue;
        }
#pragma unroll 1
        for (int j = 0; j < W && c + j < p->end.channels; j++)
            fov_end_store<1>(&p->end, p->end.channel + c + j, fov_end_output_of(&p->end, c + j), pixel, c + j, &sums[i][j]);
    }
}

/* A row of the tile: sums of this lane are channels side by side, of up to four groups. */
template <int groups>
static __device__ __forceinline__ void end_row(const fov_first_params *p, const fov_end_rows &rows, const first_tile &tile, int row,
                                               const float (&d)[TILES][groups][4])
{
    const int together = groups < 4 ? groups : 4, W = 2 * together;
#pragma unroll
    for (int first = 0; first < groups; first += together) {
        const int c = rows.first + first * 8 + (int)threadIdx.x % 4 * W;
        if (c >= p->end.channels) continue;
        if (fov_end_is_plain(&p->end, FOV_F16)) end_plain<fov_kind_f16, W>(p, rows, tile, row, first, c, d);
        else if (fov_end_is_plain(&p->end, FOV_U8)) end_plain<fov_kind_u8, W>(p, rows, tile, row, first, c, d);
        else if (fov_end_is_plain(&p->end, FOV_BF16)) end_plain<fov_kind_bf16, W>(p, rows, tile, row, first, c, d);
        else if (p->between == FOV_U8) end_any<int32_t, W>(p, tile, row, first, c, d);
        else end_any<float, W>(p, tile, row, first, c, d);
    }
}

template <int groups> static __device__ __forceinline__ void first(const fov_first_params *p)
{
    unsigned char   *shared = fov_shared();
    const int        slice = (int)(blockIdx.x % (unsigned)p->slices), number = (int)(blockIdx.x / (unsigned)p->slices);
    const int        down = number / p->tiles_across, image = down / p->tiles_down, t = (int)threadIdx.x;
    const first_tile tile = {image, (down - image * p->tiles_down) * FOV_FIRST_ROWS,
                             (number - down * p->tiles_across) * FOV_FIRST_COLUMNS, p->end.rows, p->end.columns};
    const int        plane = p->patch_rows * p->patch_ld, bytes = p->parts * p->k_steps * groups * 256;
    uint2           *weight = (uint2 *)(shared + groups * 8 * FOV_END_ROWS * 4);
    uint16_t        *high = (uint16_t *)((unsigned char *)weight + bytes);
    const bool       halves = p->parts == 1 && (p->between == FOV_F16 || p->between == FOV_U8);
    fov_depend_launch();
    for (int i = t * 16; i < bytes; i += FOV_FIRST_THREADS * 16)
        fov_copy_async_16((unsigned char *)weight + i, (const unsigned char *)p->weight + (int64_t)slice * bytes + i);
    fov_copy_async_commit();
    fov_end_rows_fill((uint32_t *)shared, &p->end, slice * groups * 8, groups * 8);
    fov_depend_wait();
    load_patch(p, &tile, (uint32_t *)high, halves ? NULL : (uint32_t *)(high + plane));
    fov_copy_async_wait<0>();
    __syncthreads();
    const fov_end_rows rows = {(const float *)shared, slice * groups * 8, groups * 8};
#pragma unroll 1
    for (int row = t / 32; row < FOV_FIRST_ROWS; row += WARPS) {
        float d[TILES][groups][4];
#pragma unroll
        for (int i = 0; i < TILES * groups * 4; i++) d[i / 4 / groups][i / 4 % groups][i % 4] = 0;
        if (halves) multiply<groups, 1, true>(p, high, plane, weight, row, d);
        else if (p->parts == 1) multiply<groups, 1, false>(p, high, plane, weight, row, d);
        else multiply<groups, 2, false>(p, high, plane, weight, row, d);
        end_row<groups>(p, rows, tile, row, d);
    }
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
