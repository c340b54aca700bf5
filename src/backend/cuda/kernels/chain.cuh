// SPDX-License-Identifier: MIT
/* A depthwise convolution of 3x3 and the 1x1 that reads it. What the first makes of a strip of pixels, rounded to its type as if it
 * had been stored, is what the lane needs of the matrix A: K and the columns are in such an order that it goes from registers into
 * the product, and that sums go from registers into the output, 8 channels of a pixel at a time. Only where there are more steps
 * than registers hold, and several warps need them, A goes through shared memory, as fragments. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_CHAIN_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_CHAIN_CUH

#include "backend/cuda/kernels/chain_params.h"
#include "backend/cuda/kernels/divide.cuh"
#include "backend/cuda/kernels/end_plain.cuh"

/* ---------------------------------------------------------------- types */

/* 8 bytes of channels, as floats: `width` at a time, `parts` times. */

struct fov_lane_f16 {
    static const int  width = 4, parts = 1, dtype = FOV_F16;
    static const bool integer = false;

    static __device__ __forceinline__ void widen(float (&v)[4], const uint2 &raw, int)
    {
        v[0] = fov_f16_to_float((uint16_t)(raw.x & 0xffffU));
        v[1] = fov_f16_to_float((uint16_t)(raw.x >> 16));
        v[2] = fov_f16_to_float((uint16_t)(raw.y & 0xffffU));
        v[3] = fov_f16_to_float((uint16_t)(raw.y >> 16));
    }

    static __device__ __forceinline__ void narrow(uint32_t (&word)[2], const float (&v)[4], int)
    {
        word[0] = fov_floats_to_f16(v[0], v[1]);
        word[1] = fov_floats_to_f16(v[2], v[3]);
    }
};

struct fov_lane_bf16 {
    static const int  width = 4, parts = 1, dtype = FOV_BF16;
    static const bool integer = false;

    static __device__ __forceinline__ void widen(float (&v)[4], const uint2 &raw, int)
    {
        v[0] = __uint_as_float(raw.x << 16);
        v[1] = __uint_as_float(raw.x & 0xffff0000U);
        v[2] = __uint_as_float(raw.y << 16);
        v[3] = __uint_as_float(raw.y & 0xffff0000U);
    }

    static __device__ __forceinline__ void narrow(uint32_t (&word)[2], const float (&v)[4], int)
    {
        word[0] = fov_floats_to_bf16(v[0], v[1]);
        word[1] = fov_floats_to_bf16(v[2], v[3]);
    }
};

/** Integers; narrow() takes what fov_kind_u8::quantize() gives. */
struct fov_lane_u8 {
    static const int  width = 4, parts = 2, dtype = FOV_U8;
    static const bool integer = true;

    static __device__ __forceinline__ void widen(float (&v)[4], const uint2 &raw, int part)
    {
#pragma unroll
        for (int i = 0; i < 4; i++) v[i] = fov_kind_u8::byte(part ? raw.y : raw.x, (uint32_t)i);
    }

    static __device__ __forceinline__ void narrow(uint32_t (&word)[2], const float (&v)[4], int part)
    {
        word[part] = fov_kind_u8::word(__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]), __float_as_uint(v[3]));
    }
};

struct fov_lane_f32 {
    static const int  width = 2, parts = 1, dtype = FOV_F32;
    static const bool integer = false;

    static __device__ __forceinline__ void widen(float (&v)[2], const uint2 &raw, int)
    {
        v[0] = __uint_as_float(raw.x);
        v[1] = __uint_as_float(raw.y);
    }

    static __device__ __forceinline__ void narrow(uint32_t (&word)[2], const float (&v)[2], int)
    {
        word[0] = __float_as_uint(v[0]);
        word[1] = __float_as_uint(v[1]);
    }
};

template <int width> static __device__ __forceinline__ void fov_chain_numbers(float (&v)[width], const float *from)
{
    fov_copy_aligned<width * 4>(v, from);
}

/* ---------------------------------------------------------------- products of a step of 32 bytes */

struct fov_chain_f16 {
    typedef fov_lane_f16 Kind;
    typedef float        Sum;

    template <int tiles>
    static __device__ __forceinline__ void step(float (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
#pragma unroll
        for (int i = 0; i < tiles; i++) fov_mma_f16(d[i], a, b[i]);
    }
};

/* The same where tensor cores do not know the type: each lane asks the others for its rows and columns. */
template <class Kind>
static __device__ __forceinline__ void fov_chain_step_plain(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    const int width = Kind::width / 2, lane = (int)threadIdx.x % 32; /* width: numbers of a word */
#pragma unroll 1
    for (int q = 0; q < 4; q++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const uint32_t upper = __shfl_sync(0xffffffffU, a[2 * half], (lane & ~3) | q);
            const uint32_t lower = __shfl_sync(0xffffffffU, a[2 * half + 1], (lane & ~3) | q);
            for (int j = 0; j < 2; j++) {
                const uint32_t column = __shfl_sync(0xffffffffU, b[half], (lane % 4 * 2 + j) * 4 + q);
                float          x[2][width], w[width];
                fov_load_elements<width>(x[0], &upper, Kind::dtype, 0);
                fov_load_elements<width>(x[1], &lower, Kind::dtype, 0);
                fov_load_elements<width>(w, &column, Kind::dtype, 0);
                for (int i = 0; i < width; i++) {
                    d[j] = __fmaf_rn(x[0][i], w[i], d[j]);
                    d[2 + j] = __fmaf_rn(x[1][i], w[i], d[2 + j]);
                }
            }
        }
}

#ifdef FOV_PTX_80
struct fov_chain_bf16 {
    typedef fov_lane_bf16 Kind;
    typedef float         Sum;

    template <int tiles>
    static __device__ __forceinline__ void step(float (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
#pragma unroll
        for (int i = 0; i < tiles; i++) fov_mma_bf16(d[i], a, b[i]);
    }
};
#else
struct fov_chain_bf16 {
    typedef fov_lane_bf16 Kind;
    typedef float         Sum;

    template <int tiles>
    static __device__ __forceinline__ void step(float (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
#pragma unroll
        for (int i = 0; i < tiles; i++) fov_chain_step_plain<Kind>(d[i], a, b[i]);
    }
};
#endif

struct fov_chain_u8 {
    typedef fov_lane_u8 Kind;
    typedef int32_t     Sum;

    template <int tiles>
    static __device__ __forceinline__ void step(int32_t (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
#pragma unroll
        for (int i = 0; i < tiles; i++) fov_mma_u8s8(d[i], a, b[i]);
    }
};

/* A float is a float of 11 bits and the rest, of which 11 bits count; the product of the rests does not. */
#ifdef FOV_PTX_80
struct fov_chain_f32 {
    typedef fov_lane_f32 Kind;
    typedef float        Sum;

    template <int count>
    static __device__ __forceinline__ void split(uint32_t (&high)[count], uint32_t (&low)[count], const uint32_t (&v)[count])
    {
#pragma unroll
        for (int i = 0; i < count; i++) {
            high[i] = fov_to_tf32(__uint_as_float(v[i]));
            low[i] = fov_to_tf32(__fsub_rn(__uint_as_float(v[i]), __uint_as_float(high[i])));
        }
    }

    template <int tiles>
    static __device__ __forceinline__ void step(float (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
        uint32_t a_high[4], a_low[4];
        split(a_high, a_low, a);
#pragma unroll
        for (int i = 0; i < tiles; i++) {
            uint32_t high[2], low[2];
            split(high, low, b[i]);
            fov_mma_tf32(d[i], a_low, high);
            fov_mma_tf32(d[i], a_high, low);
            fov_mma_tf32(d[i], a_high, high);
        }
    }
};

/* The same with the ten bits after the point that TF32 has, in one product. */
struct fov_chain_tf32 {
    typedef fov_lane_f32 Kind;
    typedef float        Sum;

    template <int count> static __device__ __forceinline__ void round(uint32_t (&to)[count], const uint32_t (&v)[count])
    {
#pragma unroll
        for (int i = 0; i < count; i++) to[i] = fov_to_tf32(__uint_as_float(v[i]));
    }

    template <int tiles>
    static __device__ __forceinline__ void step(float (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
        uint32_t row[4];
        round(row, a);
#pragma unroll
        for (int i = 0; i < tiles; i++) {
            uint32_t column[2];
            round(column, b[i]);
            fov_mma_tf32(d[i], row, column);
        }
    }
};
#else
struct fov_chain_f32 {
    typedef fov_lane_f32 Kind;
    typedef float        Sum;

    template <int tiles>
    static __device__ __forceinline__ void step(float (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
#pragma unroll
        for (int i = 0; i < tiles; i++) fov_chain_step_plain<Kind>(d[i], a, b[i]);
    }
};
#endif

/* ---------------------------------------------------------------- shared memory */

/** Parts of it, in bytes from its start; chain.c adds them up alike. */
struct fov_chain_layout {
    int table, end_table, weight, a;
};

template <class Kind> static __device__ __forceinline__ fov_chain_layout fov_chain_layout_of(const fov_chain_params *p)
{
    const int        table_rows = Kind::integer ? FOV_CHAIN_U8_ROWS : FOV_CHAIN_FLOAT_ROWS;
    fov_chain_layout l;
    l.table = 0;
    l.end_table = l.table + table_rows * p->table_channels * 4;
    l.weight = l.end_table + p->end_channels * FOV_END_ROWS * 4;
    l.a = l.weight + p->block_slices * p->k_steps * FOV_CHAIN_STEP_BYTES * FOV_CHAIN_SLICE;
    return l;
}

static __device__ __forceinline__ void fov_chain_copy(unsigned char *to, const void *from, int bytes)
{
    for (int i = (int)threadIdx.x * 16; i < bytes; i += (int)blockDim.x * 16)
        fov_copy_async_16(to + i, (const unsigned char *)from + i);
}

/* A block's place. */
struct fov_chain_block {
    int image, y, x; /* of the tile, in the output */
    int first_slice, slices;
    int first_channel; /* of the end's table */
};

static __device__ __forceinline__ fov_chain_block fov_chain_block_of(const fov_chain_params *p)
{
    const int       number = (int)(blockIdx.x / (unsigned)p->splits), down = number / p->tiles_across;
    fov_chain_block block;
    block.first_slice = (int)(blockIdx.x % (unsigned)p->splits) * p->block_slices;
    block.slices = min(p->block_slices, p->slices - block.first_slice);
    block.image = down / p->tiles_down;
    block.y = (down - block.image * p->tiles_down) * p->tile_rows;
    block.x = (number - down * p->tiles_across) * p->tile_columns;
    block.first_channel = p->packed > 1 ? 0 : block.first_slice * FOV_CHAIN_SLICE;
    return block;
}

/* Constants, which may be read before the kernels before this one are done. */
static __device__ __forceinline__ void fov_chain_constants(const fov_chain_params *p, const fov_chain_layout *l,
                                                           const fov_chain_block *block)
{
    unsigned char *shared = fov_shared();
    const int      slice_bytes = p->k_steps * FOV_CHAIN_STEP_BYTES * FOV_CHAIN_SLICE;
    fov_chain_copy(shared + l->table, p->table, l->end_table - l->table);
    fov_copy_async_commit();
    fov_chain_copy(shared + l->weight, (const unsigned char *)p->weight + (int64_t)block->first_slice * slice_bytes,
                   block->slices * slice_bytes);
    fov_copy_async_commit();
    fov_end_rows_fill((uint32_t *)(shared + l->end_table), &p->end, block->first_channel, p->end_channels);
}

/* ---------------------------------------------------------------- the depthwise convolution */

/* The first output pixel of strip `strip` of the tile. @return false: there is none */
template <int across>
static __device__ __forceinline__ bool fov_chain_place(const fov_chain_params *p, const fov_chain_block *block, int strip, int *y,
                                                       int *x)
{
    const int down = fov_divide(strip, p->by_strips_across);
    *y = block->y + down * FOV_CHAIN_DOWN;
    *x = block->x + (strip - down * p->strips_across) * across;
    return strip < p->strips && *y < p->end.rows && *x < p->end.columns;
}

/* The input of a strip of `across` x FOV_CHAIN_DOWN output pixels, all of it asked for at once. */
template <int stride, int across> struct fov_chain_input {
    static const int columns = (across - 1) * stride + 3, rows = (FOV_CHAIN_DOWN - 1) * stride + 3;

    uint2 raw[rows][columns];

    /** @param at the lane's first byte of a pixel; y, x: the first tap of the window */
    __device__ __forceinline__ void load(const fov_chain_params *p, int image, int at, int y, int x)
    {
        const int            ld = p->x_ld_bytes;
        const int64_t        pitch = (int64_t)p->x_columns * ld;
        const unsigned char *first = (const unsigned char *)p->x + ((int64_t)image * p->x_rows + y) * pitch + (x * ld + at);
        if (y >= 0 && x >= 0 && y + rows <= p->x_rows && x + columns <= p->x_columns) {
#pragma unroll
            for (int r = 0; r < rows; r++) {
                const unsigned char *row = first + r * pitch;
#pragma unroll
                for (int j = 0; j < columns; j++) raw[r][j] = *(const uint2 *)(row + j * ld);
            }
            return;
        }
        const uint2 outside = *(const uint2 *)((const unsigned char *)p->pad + at);
#pragma unroll
        for (int r = 0; r < rows; r++)
#pragma unroll
            for (int j = 0; j < columns; j++) {
                const bool there = (unsigned)(y + r) < (unsigned)p->x_rows && (unsigned)(x + j) < (unsigned)p->x_columns;
                raw[r][j] = outside;
                if (there) raw[r][j] = *(const uint2 *)(first + r * pitch + j * ld);
            }
    }

    __device__ __forceinline__ void clear(void)
    {
#pragma unroll
        for (int i = 0; i < rows * columns; i++) raw[i / columns][i % columns] = make_uint2(0, 0);
    }
};

/* The end of the depthwise convolution (end.cuh), in floats: of sums that are whole numbers, exactly the same. Sums have the bias,
 * or those of integers `start`, from the beginning. */
template <class Kind, int pixels>
static __device__ __forceinline__ void fov_chain_middle(float (&v)[pixels][Kind::width], const float *table, int channels)
{
    const int W = Kind::width;
    float     slope[Kind::width];
    fov_chain_numbers(slope, table + FOV_CHAIN_SLOPE * channels);
    if (Kind::integer) {
        float bias[Kind::width], scale[Kind::width];
        fov_chain_numbers(bias, table + FOV_CHAIN_BIAS * channels);
        fov_chain_numbers(scale, table + FOV_CHAIN_SCALE * channels);
#pragma unroll
        for (int i = 0; i < pixels * W; i++) v[i / W][i % W] = __fadd_rn(__fmul_rn(v[i / W][i % W], scale[i % W]), bias[i % W]);
    }
#pragma unroll
    for (int i = 0; i < pixels * W; i++) v[i / W][i % W] = fov_end_activate(v[i / W][i % W], slope[i % W]);
    if (Kind::integer) {
        float inverse[Kind::width], zero[Kind::width];
        fov_chain_numbers(inverse, table + FOV_CHAIN_INVERSE_SCALE * channels);
        fov_chain_numbers(zero, table + FOV_CHAIN_ZERO_POINT * channels);
#pragma unroll
        for (int i = 0; i < pixels * W; i++) v[i / W][i % W] = fov_kind_u8::quantize(v[i / W][i % W], inverse[i % W], zero[i % W]);
    }
}

/* What a lane's input becomes: two words of each pixel. @param table the lane's first channel */
template <class Kind, int stride, int across>
static __device__ __forceinline__ void fov_chain_depthwise(uint32_t (&word)[across * FOV_CHAIN_DOWN][2],
                                                           const fov_chain_input<stride, across> &input, const float *table,
                                                           int channels)
{
    const int W = Kind::width, pixels = across * FOV_CHAIN_DOWN;
#pragma unroll
    for (int part = 0; part < Kind::parts; part++, table += W) {
        float w[FOV_CHAIN_TAPS][Kind::width], start[Kind::width], sum[across * FOV_CHAIN_DOWN][Kind::width];
        fov_chain_numbers(start, table + (Kind::integer ? FOV_CHAIN_START : FOV_CHAIN_BIAS) * channels);
#pragma unroll
        for (int tap = 0; tap < FOV_CHAIN_TAPS; tap++) fov_chain_numbers(w[tap], table + tap * channels);
#pragma unroll
        for (int i = 0; i < pixels * W; i++) sum[i / W][i % W] = start[i % W];
#pragma unroll
        for (int r = 0; r < fov_chain_input<stride, across>::rows; r++)
#pragma unroll
            for (int j = 0; j < fov_chain_input<stride, across>::columns; j++) {
                float v[Kind::width];
                Kind::widen(v, input.raw[r][j], part);
#pragma unroll
                for (int pixel = 0; pixel < pixels; pixel++) {
                    const int down = r - pixel / across * stride, right = j - pixel % across * stride;
                    if (down < 0 || down > 2 || right < 0 || right > 2) continue;
#pragma unroll
                    for (int i = 0; i < W; i++) sum[pixel][i] = __fmaf_rn(v[i], w[3 * down + right][i], sum[pixel][i]);
                }
            }
        fov_chain_middle<Kind, pixels>(sum, table, channels);
#pragma unroll
        for (int pixel = 0; pixel < pixels; pixel++) Kind::narrow(word[pixel], sum[pixel], part);
    }
}

/* Step k of A, for the strips of a group: pixels 2 m and 2 m + 1 of all strips are the upper and lower rows of tile m. */
template <class Kind, int stride, int across>
static __device__ __forceinline__ void fov_chain_fragments(const fov_chain_params *p, const fov_chain_layout *l,
                                                           const fov_chain_block *block, int group, int k, uint32_t (&a)[across][4])
{
    const int                       lane = (int)threadIdx.x % 32, packed = lane % 4 >> p->lane_shift;
    const int                       strip = (group * FOV_CHAIN_STRIPS + lane / 4) * p->packed + packed;
    const int                       at = k * FOV_CHAIN_STEP_BYTES + (lane % 4 - (packed << p->lane_shift)) * FOV_CHAIN_LANE_BYTES;
    int                             y, x;
    uint32_t                        word[across * FOV_CHAIN_DOWN][2];
    fov_chain_input<stride, across> input;
    if (fov_chain_place<across>(p, block, strip, &y, &x) && at < p->pixel_bytes)
        input.load(p, block->image, at, y * stride - p->pad_top, x * stride - p->pad_left);
    else input.clear();
    const float *table = (const float *)(fov_shared() + l->table) + at * (Kind::width * Kind::parts) / FOV_CHAIN_LANE_BYTES;
    fov_chain_depthwise<Kind, stride, across>(word, input, table, p->table_channels);
#pragma unroll
    for (int m = 0; m < across; m++)
#pragma unroll
        for (int i = 0; i < 4; i++) a[m][i] = word[2 * m + i % 2][i / 2];
}

/* ---------------------------------------------------------------- the 1x1 */

enum { FOV_CHAIN_TILES = 2, FOV_CHAIN_COLUMNS = 4 /* of 16 rows, of 8 columns: what a warp multiplies at once */ };

static __device__ __forceinline__ float fov_chain_sum(int32_t sum, float scale, float bias)
{
    return __fadd_rn(__fmul_rn(__int2float_rn(sum), scale), bias);
}

static __device__ __forceinline__ float fov_chain_sum(float sum, float, float)
{
    return sum;
}

/* Where sums begin: at the bias, or those of integers at `start`. */
static __device__ __forceinline__ void fov_chain_begin(int32_t *sum, const fov_end_rows &rows, int c)
{
    float start[2];
    fov_chain_numbers(start, rows.rows + FOV_END_START * rows.ld + c);
    sum[0] = sum[2] = __float_as_int(start[0]);
    sum[1] = sum[3] = __float_as_int(start[1]);
}

static __device__ __forceinline__ void fov_chain_begin(float *sum, const fov_end_rows &rows, int c)
{
    float bias[2];
    fov_chain_numbers(bias, rows.rows + FOV_END_BIAS * rows.ld + c);
    sum[0] = sum[2] = bias[0];
    sum[1] = sum[3] = bias[1];
}

/* The words of 8 channels, two channels at a time. */
static __device__ __forceinline__ void fov_chain_put(fov_lane_f16, uint32_t *word, int n, const float (&v)[2])
{
    word[n] = fov_floats_to_f16(v[0], v[1]);
}

static __device__ __forceinline__ void fov_chain_put(fov_lane_bf16, uint32_t *word, int n, const float (&v)[2])
{
    word[n] = fov_floats_to_bf16(v[0], v[1]);
}

static __device__ __forceinline__ void fov_chain_put(fov_lane_f32, uint32_t *word, int n, const float (&v)[2])
{
    word[2 * n] = __float_as_uint(v[0]);
    word[2 * n + 1] = __float_as_uint(v[1]);
}

static __device__ __forceinline__ void fov_chain_put(fov_lane_u8, uint32_t *word, int n, const float (&v)[2])
{
    const uint32_t two = __byte_perm(__float_as_uint(v[0]), __float_as_uint(v[1]), 0x0040U);
    word[n / 2] = n % 2 ? __byte_perm(word[n / 2], two, 0x5410U) : two;
}

/* Where a lane's 8 channels of a tile's pixels go. */
struct fov_chain_out {
    bool there;
    int  y, x, c; /* of the strip's first pixel; the first channel */
};

template <int across>
static __device__ __forceinline__ fov_chain_out fov_chain_out_of(const fov_chain_params *p, const fov_chain_block *block, int group,
                                                                 int slice)
{
    const int     lane = (int)threadIdx.x % 32;
    int           strip = (group * FOV_CHAIN_STRIPS + lane / 4) * p->packed, packed = 1;
    fov_chain_out out;
    out.c = (block->first_slice + slice) * FOV_CHAIN_SLICE + lane % 4 * 8;
    for (; packed < p->packed && out.c >= p->end.channels; packed++, strip++) out.c -= p->end.channels;
    out.there = fov_chain_place<across>(p, block, strip, &out.y, &out.x) && out.c < p->end.channels;
    return out;
}

template <int across>
static __device__ __forceinline__ int64_t fov_chain_pixel(const fov_chain_params *p, const fov_chain_block *block,
                                                          const fov_chain_out *out, int pixel)
{
    const int y = out->y + pixel / across, x = out->x + pixel % across;
    if (!out->there || y >= p->end.rows || x >= p->end.columns) return -1;
    return ((int64_t)block->image * p->end.rows + y) * p->end.columns + x;
}

/* Sums with what they begin with, from registers into the output. @param first the first pixel of the strip */
template <class Kind, int across, class Sum>
static __device__ __forceinline__ void fov_chain_end(const fov_chain_params *p, const fov_chain_block *block,
                                                     const fov_end_rows &rows, const fov_chain_out *out, int first,
                                                     const Sum (&d)[FOV_CHAIN_TILES][FOV_CHAIN_COLUMNS][4])
{
    const int words = Kind::dtype == FOV_F32 ? 8 : Kind::integer ? 2 : 4, c = out->there ? out->c - rows.first : 0;
    uint32_t  word[2 * FOV_CHAIN_TILES][Kind::dtype == FOV_F32 ? 8 : Kind::integer ? 2 : 4];
#pragma unroll
    for (int n = 0; n < FOV_CHAIN_COLUMNS; n++) {
        float scale[2] = {1, 1}, bias[2] = {0, 0}, slope[2], inverse[2], zero[2];
        fov_chain_numbers(slope, rows.rows + FOV_END_SLOPE * rows.ld + c + 2 * n);
        if (Kind::integer) {
            fov_chain_numbers(scale, rows.rows + FOV_END_SCALE * rows.ld + c + 2 * n);
            fov_chain_numbers(bias, rows.rows + FOV_END_BIAS * rows.ld + c + 2 * n);
            fov_chain_numbers(inverse, rows.rows + FOV_END_INVERSE_SCALE * rows.ld + c + 2 * n);
            fov_chain_numbers(zero, rows.rows + FOV_END_ZERO_POINT * rows.ld + c + 2 * n);
            for (float &z : zero) z = __int2float_rn(__float_as_int(z));
        }
#pragma unroll
        for (int row = 0; row < 2 * FOV_CHAIN_TILES; row++) {
            float v[2];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                v[i] = fov_end_activate(fov_chain_sum(d[row / 2][n][row % 2 * 2 + i], scale[i], bias[i]), slope[i]);
                if (Kind::integer) v[i] = fov_kind_u8::quantize(v[i], inverse[i], zero[i]);
            }
            fov_chain_put(Kind(), word[row], n, v);
        }
    }
    const int      pixel_bytes = p->end.output[0].ld * (words / 2);
    unsigned char *to = (unsigned char *)p->end.output[0].data + out->c * (words / 2);
#pragma unroll
    for (int row = 0; row < 2 * FOV_CHAIN_TILES; row++) {
        const int64_t pixel = fov_chain_pixel<across>(p, block, out, first + row);
        if (pixel >= 0) fov_copy_aligned<words * 4>(to + pixel * pixel_bytes, word[row]);
    }
}

/* The same of any end; sums begin with 0. */
template <int across, class Sum>
static __device__ __forceinline__ void fov_chain_end_any(const fov_chain_params *p, const fov_chain_block *block,
                                                         const fov_chain_out *out, int first,
                                                         const Sum (&d)[FOV_CHAIN_TILES][FOV_CHAIN_COLUMNS][4])
{
    alignas(16) Sum sums[2 * FOV_CHAIN_TILES][2 * FOV_CHAIN_COLUMNS];
    for (int i = 0; i < 8 * FOV_CHAIN_TILES * FOV_CHAIN_COLUMNS / 2; i++)
        sums[i / 8][i % 8] = d[i / 16][i % 8 / 2][i / 8 % 2 * 2 + i % 2];
#pragma unroll 1
    for (int row = 0; row < 2 * FOV_CHAIN_TILES; row++) {
        const int64_t pixel = fov_chain_pixel<across>(p, block, out, first + row);
        if (pixel < 0) continue;
        if (p->end.vector == 8) {
            fov_end_store<8>(&p->end, p->end.channel + out->c, fov_end_output_of(&p->end, out->c), pixel, out->c, sums[row]);
            continue;
        }
#pragma unroll 1
        for (int c = out->c; c < min(out->c + 8, p->end.channels); c++)
            fov_end_store<1>(&p->end, p->end.channel + c, fov_end_output_of(&p->end, c), pixel, c, &sums[row][c - out->c]);
    }
}

/* What a lane needs of step k of a slice's weights. */
static __device__ __forceinline__ void fov_chain_load_b(uint32_t (&b)[FOV_CHAIN_COLUMNS][2], const unsigned char *slice, int k)
{
#pragma unroll
    for (int pair = 0; pair < FOV_CHAIN_COLUMNS / 2; pair++) {
        const uint4 four = *(const uint4 *)(slice + (k * 2 + pair) * 512 + (int)threadIdx.x % 32 * 16);
        b[2 * pair][0] = four.x;
        b[2 * pair][1] = four.y;
        b[2 * pair + 1][0] = four.z;
        b[2 * pair + 1][1] = four.w;
    }
}

/* Two tiles, from the strip's pixel `first` on, times a slice. @param load_a(a, k, tile) gives what a lane needs of a step */
template <class Product, int across, int unroll, class Load>
static __device__ __forceinline__ void fov_chain_multiply(const fov_chain_params *p, const fov_chain_layout *l,
                                                          const fov_chain_block *block, int group, int first, int slice,
                                                          const Load &load_a)
{
    typedef typename Product::Kind Kind;
    typename Product::Sum          d[FOV_CHAIN_TILES][FOV_CHAIN_COLUMNS][4];
    const fov_end_rows             rows = {(const float *)(fov_shared() + l->end_table), block->first_channel, p->end_channels};
    const fov_chain_out            out = fov_chain_out_of<across>(p, block, group, slice);
    const bool                     plain = fov_end_is_plain(&p->end, Kind::dtype);
    const unsigned char           *b_at = fov_shared() + l->weight + slice * p->k_steps * FOV_CHAIN_STEP_BYTES * FOV_CHAIN_SLICE;
#pragma unroll
    for (int i = 0; i < FOV_CHAIN_TILES * FOV_CHAIN_COLUMNS * 4; i++) d[i / 16][i / 4 % 4][i % 4] = 0;
    if (plain && out.there)
#pragma unroll
        for (int i = 0; i < FOV_CHAIN_TILES * FOV_CHAIN_COLUMNS; i++)
            fov_chain_begin(d[i / 4][i % 4], rows, out.c - rows.first + i % 4 * 2);
    const int steps = unroll ? unroll : p->k_steps;
#pragma unroll(unroll ? unroll : 2)
    for (int k = 0; k < steps; k++) {
        uint32_t b[FOV_CHAIN_COLUMNS][2];
        fov_chain_load_b(b, b_at, k);
#pragma unroll
        for (int m = 0; m < FOV_CHAIN_TILES; m++) {
            uint32_t a[4];
            load_a(a, k, m);
            Product::step(d[m], a, b);
        }
    }
    if (plain) fov_chain_end<Kind, across>(p, block, rows, &out, first, d);
    else fov_chain_end_any<across>(p, block, &out, first, d);
}

/* ---------------------------------------------------------------- kernels */

/** All of a group by one warp, where A has few steps. */
template <class Product, int stride, int across, int steps>
static __device__ __forceinline__ void fov_chain_run_few(const fov_chain_params *p)
{
    typedef typename Product::Kind Kind;
    const fov_chain_layout         l = fov_chain_layout_of<Kind>(p);
    const fov_chain_block          block = fov_chain_block_of(p);
    fov_depend_launch();
    fov_chain_constants(p, &l, &block);
    fov_copy_async_wait<0>();
    __syncthreads();
    fov_depend_wait();
#pragma unroll 1
    for (int group = (int)threadIdx.x / 32; group < p->groups; group += (int)blockDim.x / 32) {
        uint32_t a[steps][across][4];
#pragma unroll
        for (int k = 0; k < steps; k++) fov_chain_fragments<Kind, stride, across>(p, &l, &block, group, k, a[k]);
#pragma unroll 1
        for (int slice = 0; slice < block.slices; slice++)
#pragma unroll
            for (int first = 0; first < across; first += FOV_CHAIN_TILES)
                fov_chain_multiply<Product, across, steps>(p, &l, &block, group, 2 * first, slice,
                                                           [&](uint32_t(&to)[4], int k, int m) {
#pragma unroll
                                                               for (int i = 0; i < 4; i++) to[i] = a[k][first + m][i];
                                                           });
    }
}

/** By all warps of a block: steps of A are shared out first, then tiles and slices. */
template <class Product, int stride, int across>
static __device__ __forceinline__ void fov_chain_run_many(const fov_chain_params *p)
{
    typedef typename Product::Kind Kind;
    const fov_chain_layout         l = fov_chain_layout_of<Kind>(p);
    const fov_chain_block          block = fov_chain_block_of(p);
    const int                      warp = (int)threadIdx.x / 32, warps = (int)blockDim.x / 32, lane = (int)threadIdx.x % 32;
    uint4                         *shared_a = (uint4 *)(fov_shared() + l.a) + lane;
    fov_depend_launch();
    fov_chain_constants(p, &l, &block);
    fov_copy_async_wait<1>();
    __syncthreads();
    fov_depend_wait();
#pragma unroll 1
    for (int item = warp; item < p->groups * p->k_steps; item += warps) {
        const int group = fov_divide(item, p->by_k_steps);
        uint32_t  a[across][4];
        fov_chain_fragments<Kind, stride, across>(p, &l, &block, group, item - group * p->k_steps, a);
#pragma unroll
        for (int m = 0; m < across; m++) shared_a[(item * across + m) * 32] = make_uint4(a[m][0], a[m][1], a[m][2], a[m][3]);
    }
    fov_copy_async_wait<0>();
    __syncthreads();
    const int pairs = across / FOV_CHAIN_TILES;
#pragma unroll 1
    for (int item = warp; item < p->groups * pairs * p->block_slices; item += warps) {
        const int tiles = fov_divide(item, p->by_block_slices), slice = item - tiles * p->block_slices, group = tiles / pairs;
        const int first = tiles % pairs * FOV_CHAIN_TILES;
        if (slice >= block.slices) continue;
        fov_chain_multiply<Product, across, 0>(p, &l, &block, group, 2 * first, slice, [&](uint32_t(&to)[4], int k, int m) {
            const uint4 four = shared_a[((group * p->k_steps + k) * across + first + m) * 32];
            to[0] = four.x;
            to[1] = four.y;
            to[2] = four.z;
            to[3] = four.w;
        });
    }
}

#define FOV_CHAIN_KERNELS_OF(type, stride, across)                                                                                 \
    FOV_KERNEL(fov_chain_##type##_s##stride##_##across##_1, fov_chain_params, FOV_CHAIN_FEW_THREADS)                               \
    {                                                                                                                              \
        fov_chain_run_few<fov_chain_##type, stride, across, 1>(&p);                                                                \
    }                                                                                                                              \
    FOV_KERNEL(fov_chain_##type##_s##stride##_##across##_2, fov_chain_params, FOV_CHAIN_FEW_THREADS)                               \
    {                                                                                                                              \
        fov_chain_run_few<fov_chain_##type, stride, across, 2>(&p);                                                                \
    }                                                                                                                              \
    FOV_KERNEL(fov_chain_##type##_s##stride##_##across##_n, fov_chain_params, FOV_CHAIN_THREADS)                                   \
    {                                                                                                                              \
        fov_chain_run_many<fov_chain_##type, stride, across>(&p);                                                                  \
    }

/** The kernels of a type, named by the stride, the columns of a strip and the steps of A. */
#define FOV_CHAIN_KERNELS(type) FOV_CHAIN_KERNELS_OF(type, 1, 2) FOV_CHAIN_KERNELS_OF(type, 1, 4) FOV_CHAIN_KERNELS_OF(type, 2, 2)

#endif
