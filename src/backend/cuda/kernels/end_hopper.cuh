// SPDX-License-Identifier: MIT
/* The end of a convolution as end.cuh has it, for kernels that wait for memory more than for anything: what is constant stands in shared
 * memory before the sums do, and residuals of several rows are loaded at once. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_END_HOPPER_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_END_HOPPER_CUH

#include "backend/cuda/kernels/end.cuh"

enum { FOV_END_FIELDS = sizeof(fov_end_channel) / 4 };

/** Channels of a tile, transposed: all scales, all biases ... as words, the residual's zero points as floats. By `threads` threads; a barrier must follow. */
template <int threads, int N>
static __device__ __forceinline__ void fov_end_table_load(uint32_t *table, const fov_end *end, int first_channel)
{
    for (int i = (int)threadIdx.x; i < N && first_channel + i < end->channels; i += threads) {
        const uint4 *from = (const uint4 *)(end->channel + first_channel + i);
        const uint4  a = from[0], b = from[1];
        table[0 * N + i] = a.x, table[1 * N + i] = a.y, table[2 * N + i] = a.z, table[3 * N + i] = a.w;
        table[4 * N + i] = b.x, table[5 * N + i] = b.y, table[6 * N + i] = b.z, table[7 * N + i] = __float_as_uint((float)(int32_t)b.w);
    }
}

template <int N> static __device__ __forceinline__ fov_end_channel fov_end_table_channel(const uint32_t *table, int i)
{
    fov_end_channel channel;
    channel.scale = __uint_as_float(table[0 * N + i]);
    channel.bias = __uint_as_float(table[1 * N + i]);
    channel.slope = __uint_as_float(table[2 * N + i]);
    channel.inverse_scale = __uint_as_float(table[3 * N + i]);
    channel.start = (int32_t)table[5 * N + i];
    channel.zero_point = 0; /* this, and what belongs to the residual, is used from the table */
    channel.residual_scale = 0;
    channel.residual_zero_point = 0;
    return channel;
}

/* A float beside 1.5 * 2^23 has no fraction: adding it rounds to nearest even, and the low bits are the integer. Conversions would do,
 * but a multiprocessor does few of them at a time. */
#define FOV_END_MAGIC 12582912.0F
#define FOV_END_MAGIC_BITS 0x4b400000U

/** fov_quantize_u8() without conversions. */
static __device__ __forceinline__ uint32_t fov_end_quantize(float v, float inverse_scale, int32_t zero_point)
{
    const float scaled = __fmul_rn(v, inverse_scale), far = 65536.0F;
    const float near = scaled == scaled ? fminf(fmaxf(scaled, -far), far) : 0.0F;
    const int   q = (int)(__float_as_uint(__fadd_rn(near, FOV_END_MAGIC)) - FOV_END_MAGIC_BITS) + zero_point;
    return (uint32_t)min(max(q, 0), 255);
}

/** A byte as a float. */
static __device__ __forceinline__ float fov_end_from_u8(uint32_t byte)
{
    return __uint_as_float(0x4b000000U | byte) - 8388608.0F;
}

/** Elements of so many bytes in registers as floats; U8 as the integers they are. */
template <int W, int bytes> static __device__ __forceinline__ void fov_end_widen(float *v, const uint8_t *raw, int dtype)
{
#pragma unroll
    for (int i = 0; i < W; i++) {
        if (bytes == 1) v[i] = fov_end_from_u8(raw[i]);
        else v[i] = dtype == FOV_F16 ? fov_f16_to_float(((const uint16_t *)raw)[i]) : fov_bf16_to_float(((const uint16_t *)raw)[i]);
    }
}

/** A thread's part of a tile of N columns: W of them, of some rows. */
template <int W, int N, class Sum> struct fov_end_part {
    /* Sums of floats seldom become integers: what only that needs does not take registers. */
    static constexpr bool WHOLE = (Sum)0.5F == 0;

    const fov_end        *end;
    const uint32_t       *table; /* from its first column on */
    const fov_end_output *output;
    fov_end_channel       channel[W];
    int                   c; /* its first channel */
    int64_t               first_pixel;

    __device__ __forceinline__ void put(int row, const float *v) const
    {
        const int64_t at = (first_pixel + row) * output->ld + (c - output->first_channel);
        if (output->dtype != FOV_U8) {
            fov_store_elements<W>(output->data, output->dtype, at, v);
            return;
        }
        alignas(8) uint8_t raw[W];
#pragma unroll
        for (int i = 0; i < W; i++)
            raw[i] = (uint8_t)fov_end_quantize(v[i], WHOLE ? channel[i].inverse_scale : __uint_as_float(table[3 * N + i]),
                                               (int32_t)table[4 * N + i]);
        fov_copy_aligned<W>((uint8_t *)output->data + at, raw);
    }

    /** @param residual as loaded: of U8 the integers */
    __device__ __forceinline__ void finish(int row, const Sum *sum, float *residual, bool u8, int residual_at) const
    {
        float v[W];
#pragma unroll
        for (int i = 0; i < W; i++) {
            if (u8)
                residual[i] = __fmul_rn(residual[i] - __uint_as_float(table[7 * N + i]), __uint_as_float(table[6 * N + i]));
            v[i] = fov_end_value(sum[i], &channel[i], residual_at, residual_at == FOV_END_NO_RESIDUAL ? 0.0F : residual[i]);
        }
        put(row, v);
    }

    __device__ __forceinline__ int64_t residual_place(int row) const
    {
        return fov_end_residual_pixel(end, first_pixel + row) * end->residual_ld + c;
    }

    /** Rows `row` on, every `step`-th, without a residual, or with one of any type. @param load (row, sums): W sums of a row */
    template <class Load> __device__ __forceinline__ void plain(int row, int rows, int step, const Load &load) const
    {
        for (; row < rows; row += step) {
            alignas(16) Sum sum[W];
            float           residual[W];
            if (end->residual_at != FOV_END_NO_RESIDUAL)
                fov_load_elements<W>(residual, end->residual, end->residual_dtype, residual_place(row));
            load(row, sum);
            finish(row, sum, residual, end->residual_at != FOV_END_NO_RESIDUAL && end->residual_dtype == FOV_U8, end->residual_at);
        }
    }

    /** The same where the residual's elements have so many bytes, 1 or 2: those of some rows are loaded at once. */
    template <int bytes, class Load> __device__ __forceinline__ void together(int row, int rows, int step, const Load &load) const
    {
        enum { TOGETHER = WHOLE ? 2 : 4 };
        for (; row < rows; row += TOGETHER * step) {
            alignas(16) uint8_t raw[TOGETHER][W * bytes];
#pragma unroll
            for (int i = 0; i < TOGETHER; i++)
                if (row + i * step < rows)
                    fov_copy_aligned<W * bytes>(raw[i], (const uint8_t *)end->residual + residual_place(row + i * step) * bytes);
#pragma unroll
            for (int i = 0; i < TOGETHER; i++) {
                if (row + i * step >= rows) break;
                alignas(16) Sum sum[W];
                float           residual[W];
                load(row + i * step, sum);
                fov_end_widen<W, bytes>(residual, raw[i], end->residual_dtype);
                finish(row + i * step, sum, residual, bytes == 1, end->residual_at);
            }
        }
    }
};

/** Rows `row` to `rows` of a tile of N columns. @param table of its channels; load: (row, column, W sums) */
template <int W, int N, int threads, class Sum, class Load>
static __device__ __forceinline__ void fov_end_rows(const fov_end *end, const uint32_t *table, int64_t first_pixel, int row, int rows,
                                                    int first_channel, const Load &load)
{
    constexpr int chunks = N / W, step = threads / chunks, usual = (Sum)0.5F == 0 ? 1 : 2;
    static_assert(threads % chunks == 0, "every thread has its channels");
    const int column = (int)threadIdx.x % chunks * W, first = row + (int)threadIdx.x / chunks;

    fov_end_part<W, N, Sum> part;
    part.end = end;
    part.table = table + column;
    part.c = first_channel + column;
    part.first_pixel = first_pixel;
    if (part.c >= end->channels) return;
    part.output = fov_end_output_of(end, part.c);
#pragma unroll
    for (int i = 0; i < W; i++) part.channel[i] = fov_end_table_channel<N>(table, column + i);

    const auto at = [&](int r, Sum *sum) { load(r, column, sum); };
    const bool many = W == 8 && end->residual_at != FOV_END_NO_RESIDUAL &&
                      (usual == 1 ? end->residual_dtype == FOV_U8 : end->residual_dtype == FOV_F16 || end->residual_dtype == FOV_BF16);
    if (many) part.template together<usual>(first, rows, step, at);
    else part.plain(first, rows, step, at);
}

#endif
