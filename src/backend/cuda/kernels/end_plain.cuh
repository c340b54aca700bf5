// SPDX-License-Identifier: MIT
/* The end of convolutions (end.cuh) where it is plain and has to be fast: what output channels need is in shared memory, a row for
 * each member of fov_end_channel, and the type of the output is known when the kernel is compiled. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_END_PLAIN_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_END_PLAIN_CUH

#include "backend/cuda/kernels/end.cuh"
#include "backend/cuda/kernels/widen.cuh"

/* Rows, in the order of the members. */
enum {
    FOV_END_SCALE,
    FOV_END_BIAS,
    FOV_END_SLOPE,
    FOV_END_INVERSE_SCALE,
    FOV_END_ZERO_POINT,
    FOV_END_START,
    FOV_END_RESIDUAL_SCALE,
    FOV_END_RESIDUAL_ZERO_POINT,
};

/** What a block needs of its output channels, a row for each member of fov_end_channel. */
struct fov_end_rows {
    const float *rows;
    int          first, ld;

    template <int W> __device__ __forceinline__ void row(float (&v)[W], int member, int c) const
    {
        const float *from = rows + member * ld + (c - first);
        if (W % 4 == 0) fov_chunk_numbers<W>(v, from, 0, 1);
        else
            for (int i = 0; i < W; i++) v[i] = from[i];
    }

    template <int W, class Sum> __device__ __forceinline__ void load(fov_end_channel *to, const fov_end *end, int c) const
    {
        (void)end;
        float v[FOV_END_ROWS][W];
#pragma unroll
        for (int member = 0; member < FOV_END_ROWS; member++) row(v[member], member, c);
#pragma unroll
        for (int i = 0; i < W; i++)
            to[i] = fov_end_channel{v[0][i],
                                    v[1][i],
                                    v[2][i],
                                    v[3][i],
                                    __float_as_int(v[4][i]),
                                    __float_as_int(v[5][i]),
                                    v[6][i],
                                    __float_as_int(v[7][i])};
    }
};

/** Fill them, before a barrier: channels first .. first + channels - 1. */
static __device__ __forceinline__ void fov_end_rows_fill(uint32_t *rows, const fov_end *end, int first, int channels)
{
    for (int i = (int)threadIdx.x; i < channels && first + i < end->channels; i += (int)blockDim.x) {
        const uint4   *channel = (const uint4 *)(end->channel + first + i);
        const uint4    low = channel[0], high = channel[1];
        const uint32_t member[FOV_END_ROWS] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
        for (int m = 0; m < FOV_END_ROWS; m++) rows[m * channels + i] = member[m];
    }
}

/* The end where there is no residual, and all channels go to one output of the kernel's type, 8 at a time: of the same value as
 * fov_end_tile_at(), without its questions at each of them. */
static __device__ __forceinline__ bool fov_end_is_plain(const fov_end *end, int dtype)
{
    const bool one = end->output[1].first_channel >= end->channels;
    return end->residual_at == FOV_END_NO_RESIDUAL && end->vector == 8 && one && end->output[0].dtype == dtype;
}

static __device__ __forceinline__ float fov_end_scaled(int32_t sum, int32_t start, float scale)
{
    return __fmul_rn(__int2float_rn(sum + start), scale);
}

static __device__ __forceinline__ float fov_end_scaled(float sum, int32_t, float)
{
    return sum;
}

template <class Kind, int threads, class Sum, class Pixels>
static __device__ __forceinline__ void fov_end_plain(const fov_end *end, const fov_end_rows &table, const Sum *sums, int ld,
                                                     const Pixels &pixel_of, int rows, int c, int columns)
{
    const int chunks = columns / 8, lanes = threads / chunks * chunks, chunk = (int)threadIdx.x % chunks;
    float     scale[8], bias[8], slope[8], inverse[8], zero[8], start[8];
    if ((int)threadIdx.x >= lanes) return;
    c += chunk * 8;
    table.row<8>(bias, FOV_END_BIAS, c);
    table.row<8>(slope, FOV_END_SLOPE, c);
    if (Kind::integer) {
        table.row<8>(scale, FOV_END_SCALE, c);
        table.row<8>(inverse, FOV_END_INVERSE_SCALE, c);
        table.row<8>(zero, FOV_END_ZERO_POINT, c);
        table.row<8>(start, FOV_END_START, c);
#pragma unroll
        for (int i = 0; i < 8; i++) zero[i] = __int2float_rn(__float_as_int(zero[i]));
    }
    const int      ld_bytes = end->output[0].ld * Kind::size;
    unsigned char *to = (unsigned char *)end->output[0].data + c * Kind::size;
    for (int row = (int)threadIdx.x / chunks; row < rows; row += lanes / chunks) {
        const int64_t pixel = pixel_of(row);
        if (pixel < 0) continue;
        alignas(16) Sum sum[8];
        fov_copy_aligned<32>(sum, sums + row * ld + chunk * 8);
        typename Kind::Raw *out = (typename Kind::Raw *)(to + pixel * ld_bytes);
#pragma unroll
        for (int part = 0; part < 8 / Kind::width; part++) {
            float v[Kind::width];
#pragma unroll
            for (int j = 0; j < Kind::width; j++) {
                const int i = part * Kind::width + j;
                v[j] = fov_end_scaled(sum[i], Kind::integer ? __float_as_int(start[i]) : 0, Kind::integer ? scale[i] : 1.0F);
                v[j] = fov_end_activate(__fadd_rn(v[j], bias[i]), slope[i]);
                if (Kind::integer) v[j] = fov_kind_u8::quantize(v[j], inverse[i], zero[i]);
            }
            out[part] = Kind::narrow(v);
        }
    }
}

#endif
