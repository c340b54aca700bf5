// SPDX-License-Identifier: MIT
/* The end of every convolution: sums that stand in shared memory become what the next layer reads. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_END_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_END_CUH

#include "backend/cuda/kernels/element.cuh"

/** The output that channel `c` goes to. */
static __device__ __forceinline__ const fov_end_output *fov_end_output_of(const fov_end *end, int c)
{
    int i = 0;
    while (i + 1 < FOV_END_OUTPUTS && c >= end->output[i + 1].first_channel) i++;
    return &end->output[i];
}

/** Pixel of the residual that belongs to output pixel `pixel`. */
static __device__ __forceinline__ int64_t fov_end_residual_pixel(const fov_end *end, int64_t pixel)
{
    const int scale = end->residual_upsample;
    if (scale == 1) return pixel;
    const uint32_t at = (uint32_t)pixel, columns = (uint32_t)end->columns, rows = (uint32_t)end->rows, by = (uint32_t)scale;
    const uint32_t row = at / columns, image = row / rows, x = at - row * columns, y = row - image * rows;
    return (int64_t)(image * (rows / by) + y / by) * (columns / by) + x / by; /* conv.c lets no more pixels in than 31 bits count */
}

/** Sums of whole numbers, or of floats, as floats. */
static __device__ __forceinline__ float fov_end_sum(int32_t sum, const fov_end_channel *channel)
{
    return __fmul_rn(__int2float_rn(sum + channel->start), channel->scale);
}

static __device__ __forceinline__ float fov_end_sum(float sum, const fov_end_channel *channel)
{
    (void)channel;
    return sum;
}

static __device__ __forceinline__ float fov_end_activate(float v, float slope)
{
    return v < 0 ? __fmul_rn(slope, v) : v;
}

/** A channel's result, but for its storing. */
template <class Sum>
static __device__ __forceinline__ float fov_end_value(Sum sum, const fov_end_channel *channel, int residual_at, float residual)
{
    float v = __fadd_rn(fov_end_sum(sum, channel), channel->bias);
    if (residual_at == FOV_END_RESIDUAL_BEFORE) v = __fadd_rn(v, residual);
    v = fov_end_activate(v, channel->slope);
    return residual_at == FOV_END_RESIDUAL_AFTER ? __fadd_rn(v, residual) : v;
}

/* What is known of an end when it is compiled, so that loops over pixels decide nothing. */
enum { FOV_END_ANY_RESIDUAL = -1 };

/** `W` channels from `c` on, of one pixel. @param dtype of the output; residual: end->residual_at, or that it may be any.
 * @param sum W sums */
template <int W, class Sum>
static __device__ __forceinline__ void fov_end_store_as(const fov_end *end, const fov_end_channel *channel, void *data, int dtype,
                                                        int residual_at, int64_t at, int64_t pixel, int c, const Sum *sum)
{
    float v[W], residual[W];
#pragma unroll
    for (int i = 0; i < W; i++) residual[i] = 0;
    if (residual_at != FOV_END_NO_RESIDUAL) {
        fov_load_elements<W>(residual, end->residual, end->residual_dtype, fov_end_residual_pixel(end, pixel) * end->residual_ld + c);
        if (end->residual_dtype == FOV_U8)
#pragma unroll
            for (int i = 0; i < W; i++)
                residual[i] = __fmul_rn(residual[i] - (float)end->channel[c + i].residual_zero_point,
                                        end->channel[c + i].residual_scale); /* rare: not worth registers */
    }
#pragma unroll
    for (int i = 0; i < W; i++) v[i] = fov_end_value(sum[i], &channel[i], residual_at, residual[i]);
    if (dtype != FOV_U8) {
        fov_store_elements<W>(data, dtype, at, v);
        return;
    }
    alignas(16) uint8_t bytes[W];
#pragma unroll
    for (int i = 0; i < W; i++) bytes[i] = (uint8_t)fov_quantize_u8(v[i], channel[i].inverse_scale, channel[i].zero_point);
    fov_copy_aligned<W>((uint8_t *)data + at, bytes);
}

/** The same where nothing is known. */
template <int W, class Sum>
static __device__ __forceinline__ void fov_end_store(const fov_end *end, const fov_end_channel *channel,
                                                     const fov_end_output *output, int64_t pixel, int c, const Sum *sum)
{
    fov_end_store_as<W>(end, channel, output->data, output->dtype, end->residual_at,
                        pixel * output->ld + (c - output->first_channel), pixel, c, sum);
}

/* Where the numbers of a tile's channels are. `c` counts from the first channel of all. */

struct fov_end_table {
    const fov_end_channel *channel;

    template <int W, class Sum> __device__ __forceinline__ void load(fov_end_channel *to, const fov_end *end, int c) const
    {
        (void)end;
#pragma unroll
        for (int i = 0; i < W; i++) to[i] = channel[c + i];
    }
};

/** A pixel for each row of a tile whose rows follow each other in the output. */
struct fov_end_pixels {
    int64_t first;

    __device__ __forceinline__ int64_t operator()(int row) const
    {
        return first + row;
    }
};

/* A thread's rows of a tile, for a type of output and a residual that are known. */
template <int W, int dtype, int residual, class Table, class Sum, class Pixels>
static __device__ __forceinline__ void fov_end_store_rows(const fov_end *end, const Table &table, const fov_end_output *output, const Sum *sums,
                                                    int ld, Pixels pixels, int first, int step, int rows, int c)
{
    fov_end_channel channel[W];
    table.template load<W, Sum>(channel, end, c);
    const int residual_at = residual == FOV_END_ANY_RESIDUAL ? end->residual_at : residual;
    for (int row = first; row < rows; row += step) {
        const int64_t pixel = pixels(row);
        if (pixel < 0) continue;
        fov_end_store_as<W>(end, channel, output->data, dtype, residual_at, pixel * output->ld + (c - output->first_channel), pixel, c,
                            sums + row * ld);
    }
}

template <int W, int dtype, class Table, class Sum, class Pixels>
static __device__ __forceinline__ void fov_end_store_rows_of(const fov_end *end, const Table &table, const fov_end_output *output,
                                                       const Sum *sums, int ld, Pixels pixels, int first, int step, int rows, int c)
{
    if (end->residual_at == FOV_END_NO_RESIDUAL)
        fov_end_store_rows<W, dtype, FOV_END_NO_RESIDUAL>(end, table, output, sums, ld, pixels, first, step, rows, c);
    else fov_end_store_rows<W, dtype, FOV_END_ANY_RESIDUAL>(end, table, output, sums, ld, pixels, first, step, rows, c);
}

template <int W, int threads, class Table, class Sum, class Pixels>
static __device__ __forceinline__ void fov_end_tile_of(const fov_end *end, const Table &table, const Sum *sums, int ld, Pixels pixels,
                                                       int rows, int first_channel, int columns)
{
    const int chunks = (columns + W - 1) / W, step = threads / chunks, thread = (int)threadIdx.x, first = thread / chunks;
    const int chunk = thread - first * chunks, c = first_channel + chunk * W;
    if (first >= step || c >= end->channels) return;
    const fov_end_output *output = fov_end_output_of(end, c);
    const Sum            *own = sums + chunk * W;
    if (output->dtype == FOV_F16) fov_end_store_rows_of<W, FOV_F16>(end, table, output, own, ld, pixels, first, step, rows, c);
    else if (output->dtype == FOV_U8) fov_end_store_rows_of<W, FOV_U8>(end, table, output, own, ld, pixels, first, step, rows, c);
    else if (output->dtype == FOV_BF16) fov_end_store_rows_of<W, FOV_BF16>(end, table, output, own, ld, pixels, first, step, rows, c);
    else fov_end_store_rows_of<W, FOV_F32>(end, table, output, own, ld, pixels, first, step, rows, c);
}

/** fov_end_tile_at() with another table of the channels than end->channel. */
template <int threads, class Table, class Sum, class Pixels>
static __device__ __forceinline__ void fov_end_tile_with(const fov_end *end, const Table &table, const Sum *sums, int ld,
                                                         Pixels pixels, int rows, int first_channel, int columns)
{
    if (end->vector == 8) fov_end_tile_of<8, threads>(end, table, sums, ld, pixels, rows, first_channel, columns);
    else if (end->vector == 4) fov_end_tile_of<4, threads>(end, table, sums, ld, pixels, rows, first_channel, columns);
    else fov_end_tile_of<1, threads>(end, table, sums, ld, pixels, rows, first_channel, columns);
}

/**
 * Store a tile of sums by all threads of the block. Shared memory must have been written before a barrier.
 * @param sums   rows x columns, `ld` from row to row; aligned to 16 bytes as is ld
 * @param pixels the output pixel of each row; negative: the row is outside of the output
 * @param columns at most `threads`, from first_channel on
 */
template <int threads, class Sum, class Pixels>
static __device__ __forceinline__ void fov_end_tile_at(const fov_end *end, const Sum *sums, int ld, Pixels pixels, int rows,
                                                       int first_channel, int columns)
{
    fov_end_tile_with<threads>(end, fov_end_table{end->channel}, sums, ld, pixels, rows, first_channel, columns);
}

/** The same of a tile whose rows are output pixels one after the other, those inside of it. */
template <int threads, class Sum>
static __device__ __forceinline__ void fov_end_tile(const fov_end *end, const Sum *sums, int ld, int64_t first_pixel, int rows,
                                                    int first_channel, int columns)
{
    fov_end_tile_at<threads>(end, sums, ld, fov_end_pixels{first_pixel}, rows, first_channel, columns);
}

#endif
