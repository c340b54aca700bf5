// SPDX-License-Identifier: MIT
/* The end of a convolution as end.cuh has it, for kernels that wait for memory more than for anything: what is constant stands in
 * shared memory before the sums do, and residuals of several rows are loaded at once. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_END_HOPPER_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_END_HOPPER_CUH

#include "backend/cuda/kernels/end.cuh"

/** threadIdx.x, read anew: what is made of it is not kept in registers while a kernel that loops does something else. */
static __device__ __forceinline__ int fov_end_thread(void)
{
    int thread;
    asm volatile("mov.u32 %0, %%tid.x;" : "=r"(thread));
    return thread;
}

enum { FOV_END_FIELDS = sizeof(fov_end_channel) / 4 };

/** Where a column of sums stands in its row: groups of 4 are exchanged such that 8 threads that read 4 of 8 each have all banks. */
static constexpr __device__ __host__ int fov_end_place(int column)
{
    return column ^ (column >> 3 & 4);
}

/** Channels of a tile, transposed: all scales, all biases ... as words, the residual's zero points as floats. By `threads` threads;
 * a barrier must follow. */
template <int threads, int N>
static __device__ __forceinline__ void fov_end_table_load(uint32_t *table, const fov_end *end, int first_channel)
{
    for (int i = (int)threadIdx.x; i < N && first_channel + i < end->channels; i += threads) {
        const uint4 *from = (const uint4 *)(end->channel + first_channel + i);
        const uint4  a = from[0], b = from[1];
        table[0 * N + i] = a.x, table[1 * N + i] = a.y, table[2 * N + i] = a.z, table[3 * N + i] = a.w;
        table[4 * N + i] = b.x, table[5 * N + i] = b.y, table[6 * N + i] = b.z,
                      table[7 * N + i] = __float_as_uint((float)(int32_t)b.w);
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

/* A float beside 1.5 * 2^23 has no fraction: adding it rounds to nearest even, and the low bits are the integer. Conversions would
 * do, but a multiprocessor does few of them at a time. */
#define FOV_END_MAGIC 12582912.0F
#define FOV_END_MAGIC_BITS 0x4b400000U

/** fov_quantize_u8() without conversions, before its result is clamped to a byte. */
static __device__ __forceinline__ int fov_end_round(float v, float inverse_scale, int32_t zero_point)
{
    const float scaled = __fmul_rn(v, inverse_scale), far = 65536.0F;
    const float near = scaled == scaled ? fminf(fmaxf(scaled, -far), far) : 0.0F;
    return (int)(__float_as_uint(__fadd_rn(near, FOV_END_MAGIC)) - FOV_END_MAGIC_BITS + (uint32_t)zero_point);
}

/** Four integers clamped to bytes. */
static __device__ __forceinline__ uint32_t fov_end_pack(int a, int b, int c, int d)
{
    uint32_t upper, all;
    asm("cvt.pack.sat.u8.s32.b32 %0, %1, %2, %3;" : "=r"(upper) : "r"(d), "r"(c), "r"(0));
    asm("cvt.pack.sat.u8.s32.b32 %0, %1, %2, %3;" : "=r"(all) : "r"(b), "r"(a), "r"(upper));
    return all;
}

/** A byte as a float. */
static __device__ __forceinline__ float fov_end_from_u8(uint32_t byte)
{
    return __uint_as_float(0x4b000000U | byte) - 8388608.0F;
}

/** fov_end_value() where slope is 0 and no residual follows the activation. NaN stays what it is. */
template <class Sum>
static __device__ __forceinline__ float fov_end_rectified(Sum sum, const fov_end_channel *channel, int residual_at, float residual)
{
    float v = __fadd_rn(fov_end_sum(sum, channel), channel->bias);
    if (residual_at == FOV_END_RESIDUAL_BEFORE) v = __fadd_rn(v, residual);
    asm("max.NaN.f32 %0, %0, 0f00000000;" : "+f"(v));
    return v;
}

/** Eight elements, side by side, of U8 (as the integers they are), F16 or BF16. */
template <int dtype> struct fov_end_eight {
    enum { WORDS = dtype == FOV_U8 ? 2 : 4 };
    uint32_t word[WORDS];

    __device__ __forceinline__ void load(const void *data, int64_t at)
    {
        if (dtype == FOV_U8) {
            const uint2 raw = *(const uint2 *)((const uint8_t *)data + at);
            word[0] = raw.x, word[1] = raw.y;
        } else {
            const uint4 raw = *(const uint4 *)((const uint16_t *)data + at);
            word[0] = raw.x, word[1] = raw.y, word[WORDS - 2] = raw.z, word[WORDS - 1] = raw.w;
        }
    }

    __device__ __forceinline__ void store(void *data, int64_t at) const
    {
        if (dtype == FOV_U8) *(uint2 *)((uint8_t *)data + at) = make_uint2(word[0], word[1]);
        else *(uint4 *)((uint16_t *)data + at) = make_uint4(word[0], word[1], word[WORDS - 2], word[WORDS - 1]);
    }

    __device__ __forceinline__ float get(int i) const
    {
        if (dtype == FOV_U8) return fov_end_from_u8(word[i / 4] >> i % 4 * 8 & 255);
        const uint16_t bits = (uint16_t)(word[i / 2 % WORDS] >> i % 2 * 16);
        return dtype == FOV_F16 ? fov_f16_to_float(bits) : fov_bf16_to_float(bits);
    }

    /** Of floats; U8 has a way of its own. */
    __device__ __forceinline__ void set_pair(int i, float low, float high)
    {
        if (dtype == FOV_F16) {
            const __half2 both = __floats2half2_rn(low, high);
            word[i] = *(const uint32_t *)&both;
        } else {
            const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
            word[i] = *(const uint32_t *)&both;
        }
    }
};

/** A thread's part of a tile of N columns: W of them, of some rows. */
template <int W, int N, class Sum> struct fov_end_part {
    const fov_end        *end;
    const uint32_t       *table; /* from its first column on */
    const fov_end_output *output;
    fov_end_channel       channel[W];
    int                   c; /* its first channel */
    int                   first_pixel;

    __device__ __forceinline__ void put(int row, const float *v) const
    {
        const int64_t at = (int64_t)(first_pixel + row) * output->ld + (c - output->first_channel);
        if (output->dtype != FOV_U8) {
            fov_store_elements<W>(output->data, output->dtype, at, v);
            return;
        }
        alignas(8) uint8_t raw[W];
#pragma unroll
        for (int i = 0; i < W; i++)
            raw[i] = (uint8_t)min(max(fov_end_round(v[i], __uint_as_float(table[3 * N + i]), (int32_t)table[4 * N + i]), 0), 255);
        fov_copy_aligned<W>((uint8_t *)output->data + at, raw);
    }

    /** @param residual as loaded: of U8 the integers */
    __device__ __forceinline__ void finish(int row, const Sum *sum, float *residual, bool u8, int residual_at) const
    {
        float v[W];
#pragma unroll
        for (int i = 0; i < W; i++) {
            if (u8) residual[i] = __fmul_rn(residual[i] - __uint_as_float(table[7 * N + i]), __uint_as_float(table[6 * N + i]));
            v[i] = fov_end_value(sum[i], &channel[i], residual_at, residual_at == FOV_END_NO_RESIDUAL ? 0.0F : residual[i]);
        }
        put(row, v);
    }

    __device__ __forceinline__ int64_t residual_place(int row) const
    {
        const int scale = end->residual_upsample, pixel = first_pixel + row;
        if (scale == 1) return (int64_t)pixel * end->residual_ld + c;
        const int y = pixel / end->columns, image = y / end->rows, x = pixel - y * end->columns;
        const int up = (image * (end->rows / scale) + (y - image * end->rows) / scale) * (end->columns / scale) + x / scale;
        return (int64_t)up * end->residual_ld + c;
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

    /** The same for W of 8 where output and residual are of the usual type: nothing is asked in the loop, and residuals of some
     * rows are loaded at once. */
    template <int dtype, int residual_at, bool relu, class Load>
    __device__ __forceinline__ void usual(int row, int rows, int step, const Load &load) const
    {
        enum { TOGETHER = dtype == FOV_U8 ? 2 : 4 };
        for (; row < rows; row += TOGETHER * step) {
            fov_end_eight<dtype> residual[TOGETHER];
#pragma unroll
            for (int i = 0; i < TOGETHER; i++)
                if (residual_at != FOV_END_NO_RESIDUAL && row + i * step < rows)
                    residual[i].load(end->residual, residual_place(row + i * step));
#pragma unroll
            for (int i = 0; i < TOGETHER; i++)
                if (row + i * step < rows) usual_row<dtype, residual_at, relu>(row + i * step, residual[i], load);
        }
    }

    /** Whether negative numbers of all the channels become 0. */
    __device__ __forceinline__ bool is_relu() const
    {
        bool all = true;
#pragma unroll
        for (int i = 0; i < W; i++) all = all && channel[i].slope == 0;
        return all;
    }

    /** @param relu is_relu(): a product with 0 is not taken, which is -0 and not 0: equal, and bytes do not tell them apart */
    template <int dtype, int residual_at, bool relu, class Load>
    __device__ __forceinline__ void usual_row(int row, const fov_end_eight<dtype> &residual, const Load &load) const
    {
        alignas(16) Sum      sum[W];
        float                v[W];
        fov_end_eight<dtype> result;
        load(row, sum);
#pragma unroll
        for (int i = 0; i < W; i++) {
            float more = 0;
            if (residual_at != FOV_END_NO_RESIDUAL) more = residual.get(i);
            if (residual_at != FOV_END_NO_RESIDUAL && dtype == FOV_U8)
                more = __fmul_rn(more - __uint_as_float(table[7 * N + i]), __uint_as_float(table[6 * N + i]));
            if (relu) v[i] = fov_end_rectified(sum[i], &channel[i], residual_at, more);
            else v[i] = fov_end_value(sum[i], &channel[i], residual_at, more);
        }
        if (dtype == FOV_U8) {
            int q[W];
#pragma unroll
            for (int i = 0; i < W; i++) q[i] = fov_end_round(v[i], channel[i].inverse_scale, (int32_t)table[4 * N + i]);
#pragma unroll
            for (int i = 0; i < W / 4; i++) result.word[i] = fov_end_pack(q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]);
        } else {
#pragma unroll
            for (int i = 0; i < W / 2; i++) result.set_pair(i, v[2 * i], v[2 * i + 1]);
        }
        result.store(output->data, (int64_t)(first_pixel + row) * output->ld + (c - output->first_channel));
    }

    template <int dtype, class Load> __device__ __forceinline__ void usual_of(int row, int rows, int step, const Load &load) const
    {
        enum { NO = FOV_END_NO_RESIDUAL, BEFORE = FOV_END_RESIDUAL_BEFORE, AFTER = FOV_END_RESIDUAL_AFTER };
        if (end->residual_at == AFTER) usual<dtype, AFTER, false>(row, rows, step, load);
        else if (is_relu()) {
            if (end->residual_at == NO) usual<dtype, NO, true>(row, rows, step, load);
            else usual<dtype, BEFORE, true>(row, rows, step, load);
        } else if (end->residual_at == NO) usual<dtype, NO, false>(row, rows, step, load);
        else usual<dtype, BEFORE, false>(row, rows, step, load);
    }
};

/** The thread's part of a tile. @return false where it has none */
template <int W, int N, class Sum>
static __device__ __forceinline__ bool fov_end_part_of(fov_end_part<W, N, Sum> *part, const fov_end *end, const uint32_t *table,
                                                       int first_pixel, int first_channel, int column)
{
    part->end = end;
    part->table = table + column;
    part->c = first_channel + column;
    part->first_pixel = first_pixel;
    if (part->c >= end->channels) return false;
    part->output = fov_end_output_of(end, part->c);
#pragma unroll
    for (int i = 0; i < W; i++) part->channel[i] = fov_end_table_channel<N>(table, column + i);
    return true;
}

/** Whether all outputs, and the residual, are of a type that sums of this kind usually become. */
template <class Sum> static __device__ __forceinline__ bool fov_end_is_usual(const fov_end *end)
{
    const int dtype = end->output[0].dtype;
    for (int i = 1; i < FOV_END_OUTPUTS; i++)
        if (end->output[i].first_channel < end->channels && end->output[i].dtype != dtype) return false;
    if (end->residual_at != FOV_END_NO_RESIDUAL && end->residual_dtype != dtype) return false;
    return (Sum)0.5F == 0 ? dtype == FOV_U8 : dtype == FOV_F16 || dtype == FOV_BF16;
}

/**
 * Rows `row` to `rows` of a tile of N columns, by `threads` threads.
 * @param sums   of the tile, `ld` from row to row, columns at fov_end_place()
 * @param table  of its channels
 */
template <int W, int N, int ld, int threads, class Sum>
static __device__ __forceinline__ void fov_end_rows(const fov_end *end, const uint32_t *table, const Sum *sums, int first_pixel,
                                                    int row, int rows, int first_channel)
{
    constexpr int chunks = N / W, step = threads / chunks;
    static_assert(threads % chunks == 0, "every thread has its channels");
    const int               thread = fov_end_thread(), column = thread % chunks * W, first = row + thread / chunks;
    fov_end_part<W, N, Sum> part;
    if (!fov_end_part_of(&part, end, table, first_pixel, first_channel, column)) return;
    const Sum *const from = sums + fov_end_place(column), *const other = sums + fov_end_place(column + W / 2);
    const auto load = [&](int r, Sum *sum) {
        fov_copy_aligned<W == 1 ? 4 : 16>(sum, from + r * ld);
        if (W == 8) fov_copy_aligned<16>(sum + W / 2, other + r * ld);
    };
    if constexpr (W != 8) part.plain(first, rows, step, load);
    else if constexpr ((Sum)0.5F == 0) part.template usual_of<FOV_U8>(first, rows, step, load);
    else if (part.output->dtype == FOV_F16) part.template usual_of<FOV_F16>(first, rows, step, load);
    else part.template usual_of<FOV_BF16>(first, rows, step, load);
}

template <int N, int ld, int threads, class Sum>
static __device__ __forceinline__ void fov_end_hopper_tile(const fov_end *end, const uint32_t *table, const Sum *sums,
                                                           int first_pixel, int row, int rows, int first_channel)
{
    if (end->vector == 8 && fov_end_is_usual<Sum>(end))
        fov_end_rows<8, N, ld, threads>(end, table, sums, first_pixel, row, rows, first_channel);
    else if (end->vector >= 4) fov_end_rows<4, N, ld, threads>(end, table, sums, first_pixel, row, rows, first_channel);
    else fov_end_rows<1, N, ld, threads>(end, table, sums, first_pixel, row, rows, first_channel);
}

#endif
