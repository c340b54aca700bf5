// SPDX-License-Identifier: MIT
/* The end of a convolution of U8 that becomes U8 again, from the registers in which products of warpgroups leave their sums. A
 * multiprocessor has as many instructions for an output as memory has time for some 15 of them, so nothing is asked and nothing is
 * converted that need not be: the same operations as in end.cuh, each rounded by itself, but
 *
 *   - numbers are known to be finite, slopes to be from 0 to 1: v < 0 ? slope * v : v is max(v, slope * v);
 *   - where slopes are 0 and no residual follows, the lower bound is that of the product with inverse_scale / 256, which saturates
 *     to 0 .. 1: 256 times that is the same number, powers of two being exact;
 *   - a float beside 1.5 * 2^23 has no fraction: adding it rounds to nearest even, and the low byte is the result.
 *
 * A warp ends its 16 rows alone. Bytes go through shared memory to become rows of 16 side by side, in an order that suits
 * stmatrix: of 16 columns, a thread of four has columns 2 q, 2 q + 1, 2 q + 8 and 2 q + 9. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_END_BYTES_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_END_BYTES_CUH

#include "backend/cuda/kernels/end_hopper.cuh"
#include "backend/cuda/kernels/ptx_hopper.cuh"

/* What a tile's channels are to it. */
enum { FOV_BYTES_OTHER, FOV_BYTES_LEAKY, FOV_BYTES_RECTIFIED };

/** Of pairs of columns: scales and biases; inverse scales and starts; zero points and slopes; what belongs to the residual. */
enum { FOV_BYTES_SCALE, FOV_BYTES_INVERSE, FOV_BYTES_ZERO, FOV_BYTES_RESIDUAL, FOV_BYTES_FIELDS };

/** Where a warp's bytes stand: 16 rows of `WIDTH`, a part of the tile's columns at a time, and what a lane moves of them. */
template <int N> struct fov_bytes_layout {
    enum {
        WIDTH = N > 128 ? 128 : 64, /* registers are few: a part of the residual is loaded while the one before is ended */
        WARP_BYTES = 16 * WIDTH,
        CHUNKS = WIDTH / 16, /* of 16 bytes, in a row */
        STEP = 32 / CHUNKS,  /* rows that a warp moves at a time */
        MOVES = 16 / STEP,   /* of a lane, for a part */
        PARTS = N / WIDTH
    };

    /** Of the chunk at its row: eight rows of a chunk have all banks. */
    static __device__ __forceinline__ uint32_t place(int row, int chunk)
    {
        return (uint32_t)(row * WIDTH + (chunk ^ (WIDTH == 128 ? row & 7 : row >> 1 & 3)) * 16);
    }
};

static __device__ __forceinline__ bool fov_bytes_is_aligned(const void *data, int ld)
{
    return (((uint32_t)(uintptr_t)data | (uint32_t)ld) & 15) == 0;
}

/** Whether outputs and residual are bytes whose ranges of 16 channels can be moved as one. */
static __device__ __forceinline__ bool fov_bytes_takes(const fov_end *end)
{
    bool takes = end->channels % 16 == 0;
#pragma unroll
    for (int i = 0; i < FOV_END_OUTPUTS; i++) {
        const fov_end_output *output = &end->output[i];
        if (output->first_channel < end->channels)
            takes = takes && output->dtype == FOV_U8 && output->first_channel % 16 == 0 &&
                    fov_bytes_is_aligned(output->data, output->ld);
    }
    return takes && (end->residual_at == FOV_END_NO_RESIDUAL ||
                     (end->residual_dtype == FOV_U8 && fov_bytes_is_aligned(end->residual, end->residual_ld)));
}

/** Far from what floats hold, also once multiplied. */
static __device__ __forceinline__ bool fov_bytes_is_moderate(float v)
{
    return fabsf(v) < 1e12F;
}

static __device__ __forceinline__ bool fov_bytes_takes_channel(const fov_end_channel *channel)
{
    return fov_bytes_is_moderate(channel->scale) && fov_bytes_is_moderate(channel->bias) &&
           fov_bytes_is_moderate(channel->residual_scale) && fov_bytes_is_moderate(channel->inverse_scale) &&
           channel->inverse_scale > 1e-12F && channel->slope >= 0 && channel->slope <= 1 && (uint32_t)channel->zero_point < 256 &&
           (uint32_t)channel->residual_zero_point < 256;
}

static __device__ __forceinline__ void fov_bytes_put_channel(uint32_t *table, int N, int i, const fov_end_channel *channel,
                                                             bool rectified)
{
    uint32_t *at = table + i / 2 * 4 + i % 2, field = (uint32_t)N * 2;
    at[FOV_BYTES_SCALE * field] = __float_as_uint(channel->scale);
    at[FOV_BYTES_SCALE * field + 2] = __float_as_uint(channel->bias);
    at[FOV_BYTES_INVERSE * field] = __float_as_uint(rectified ? channel->inverse_scale / 256 : channel->inverse_scale);
    at[FOV_BYTES_INVERSE * field + 2] = (uint32_t)channel->start;
    at[FOV_BYTES_ZERO * field] = __float_as_uint((float)channel->zero_point);
    at[FOV_BYTES_ZERO * field + 2] = __float_as_uint(channel->slope);
    at[FOV_BYTES_RESIDUAL * field] = __float_as_uint(8388608.0F + (float)channel->residual_zero_point);
    at[FOV_BYTES_RESIDUAL * field + 2] = __float_as_uint(channel->residual_scale);
}

/**
 * Channels of a tile, by `threads` threads, at least as many as columns; ends with a barrier of them. The table is that of
 * fov_end_table_load() where the result is FOV_BYTES_OTHER.
 * @return what the channels are
 */
template <int threads, int N>
static __device__ __forceinline__ int fov_bytes_table_load(uint32_t *table, const fov_end *end, int first_channel)
{
    static_assert(N <= threads, "a thread has a column");
    const int                   i = (int)threadIdx.x;
    const bool                  own = i < N && first_channel + i < end->channels;
    alignas(16) fov_end_channel channel = {0, 0, 0, 1, 0, 0, 0, 0};
    if (own) fov_copy_aligned<sizeof channel>(&channel, end->channel + first_channel + i);
    const bool takes = fov_threads_all(threads, fov_bytes_takes(end) && fov_bytes_takes_channel(&channel));
    if (!takes) {
        fov_end_table_load<threads, N>(table, end, first_channel);
        fov_sync_threads(threads);
        return FOV_BYTES_OTHER;
    }
    const bool rectified = fov_threads_all(threads, end->residual_at != FOV_END_RESIDUAL_AFTER && channel.slope == 0);
    if (i < N) fov_bytes_put_channel(table, N, i, &channel, rectified);
    fov_sync_threads(threads);
    return rectified ? FOV_BYTES_RECTIFIED : FOV_BYTES_LEAKY;
}

/** A byte of a word, as 2^23 and it. @param zero_point 2^23 and a byte, for what it has above the byte */
static __device__ __forceinline__ float fov_bytes_get(uint32_t word, int byte, float zero_point)
{
    return __uint_as_float(__byte_perm(word, __float_as_uint(zero_point), (uint32_t)(0x7650 | byte)));
}

static __device__ __forceinline__ float fov_bytes_multiply_saturated(float a, float b)
{
    float v;
    asm("mul.rn.sat.f32 %0, %1, %2;" : "=f"(v) : "f"(a), "f"(b));
    return v;
}

/* The numbers of a pair of columns. */
struct fov_bytes_pair {
    float4 scale, zero, residual; /* of both, and what follows of both */
    float2 inverse;
    int    start[2];
};

/** An output, in the low byte. @param j of the pair; more: fov_bytes_get() of the residual */
template <int residual_at, bool rectified>
static __device__ __forceinline__ uint32_t fov_bytes_value(int32_t sum, const fov_bytes_pair &pair, int j, float more)
{
    const float zero = j ? pair.zero.y : pair.zero.x, slope = j ? pair.zero.w : pair.zero.z;
    float       v = __fmul_rn(__int2float_rn(sum + pair.start[j]), j ? pair.scale.y : pair.scale.x), rounded;
    v = __fadd_rn(v, j ? pair.scale.w : pair.scale.z);
    if (residual_at != FOV_END_NO_RESIDUAL)
        more = __fmul_rn(__fadd_rn(more, -(j ? pair.residual.y : pair.residual.x)), j ? pair.residual.w : pair.residual.z);
    if (residual_at == FOV_END_RESIDUAL_BEFORE) v = __fadd_rn(v, more);
    if (rectified) rounded = __fmaf_rn(fov_bytes_multiply_saturated(v, j ? pair.inverse.y : pair.inverse.x), 256.0F, FOV_END_MAGIC);
    else {
        v = fmaxf(v, __fmul_rn(v, slope));
        if (residual_at == FOV_END_RESIDUAL_AFTER) v = __fadd_rn(v, more);
        rounded = __fadd_rn(fmaxf(__fmul_rn(v, j ? pair.inverse.y : pair.inverse.x), -zero), FOV_END_MAGIC);
    }
    return __float_as_uint(fminf(__fadd_rn(rounded, zero), FOV_END_MAGIC + 255.0F));
}

/** Four low bytes as a word. */
static __device__ __forceinline__ uint32_t fov_bytes_pack(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return __byte_perm(__byte_perm(a, b, 0x0040), __byte_perm(c, d, 0x0040), 0x5410);
}

/** A warp's part of a tile of N columns. */
template <int N> struct fov_bytes_warp {
    typedef fov_bytes_layout<N> layout;
    const fov_end              *end;
    int                         first_pixel, rows; /* of the warp's first row; rows inside of the output, perhaps none */
    int                         first_channel;

    static __device__ __forceinline__ int lane(void)
    {
        return fov_end_thread() % 32;
    }

    /** What a lane moves: the 16 channels from here on, of the rows from here on. */
    __device__ __forceinline__ int channel_of(int part) const
    {
        return first_channel + part * layout::WIDTH + lane() % layout::CHUNKS * 16;
    }

    static __device__ __forceinline__ int row_of(int move)
    {
        return lane() / layout::CHUNKS + move * layout::STEP;
    }

    /** Pixel of the residual that belongs to an output pixel where its rows and columns are doubled, tripled ... */
    __device__ __forceinline__ int upsampled(int pixel) const
    {
        const int scale = end->residual_upsample, y = pixel / end->columns, image = y / end->rows, x = pixel - y * end->columns;
        return (image * (end->rows / scale) + (y - image * end->rows) / scale) * (end->columns / scale) + x / scale;
    }

    template <bool upsample> __device__ __forceinline__ void load_residual_of(uint4 (&residual)[layout::MOVES], int part) const
    {
        const int            c = channel_of(part);
        const uint8_t *const from = (const uint8_t *)end->residual + c;
        if (c >= end->channels) return;
#pragma unroll
        for (int i = 0; i < layout::MOVES; i++) {
            const int pixel = first_pixel + row_of(i);
            if (row_of(i) < rows)
                residual[i] = *(const uint4 *)(from + (int64_t)(upsample ? upsampled(pixel) : pixel) * end->residual_ld);
        }
    }

    /** A part of the residual, long before it is needed. */
    __device__ __forceinline__ void load_residual(uint4 (&residual)[layout::MOVES], int part) const
    {
        if (end->residual_upsample == 1) load_residual_of<false>(residual, part);
        else load_residual_of<true>(residual, part);
    }

    /** To shared memory, columns in the order in which threads want them. */
    __device__ __forceinline__ void put_residual(unsigned char *bytes, const uint4 *residual) const
    {
#pragma unroll
        for (int i = 0; i < layout::MOVES; i++) {
            const uint4 r = residual[i];
            *(uint4 *)(bytes + layout::place(row_of(i), lane() % layout::CHUNKS)) =
                make_uint4(__byte_perm(r.x, r.z, 0x5410), __byte_perm(r.x, r.z, 0x7632), __byte_perm(r.y, r.w, 0x5410),
                           __byte_perm(r.y, r.w, 0x7632));
        }
    }

    __device__ __forceinline__ void store(const unsigned char *bytes, int part) const
    {
        const int c = channel_of(part);
        if (c >= end->channels) return;
        const fov_end_output *output = fov_end_output_of(end, c);
        const int             ld = output->ld;
        uint8_t              *to = (uint8_t *)output->data + (int64_t)(first_pixel + row_of(0)) * ld + (c - output->first_channel);
#pragma unroll
        for (int i = 0; i < layout::MOVES; i++, to += layout::STEP * ld) {
            if (row_of(i) >= rows) return;
            const uint4 b = *(const uint4 *)(bytes + layout::place(row_of(i), lane() % layout::CHUNKS));
            *(uint4 *)to = make_uint4(__byte_perm(b.x, b.y, 0x5410), __byte_perm(b.z, b.w, 0x5410), __byte_perm(b.x, b.y, 0x7632),
                                      __byte_perm(b.z, b.w, 0x7632));
        }
    }

    template <int residual_at> static __device__ __forceinline__ fov_bytes_pair pair_of(const float4 *table, int i)
    {
        fov_bytes_pair pair;
        const float4   inverse = table[FOV_BYTES_INVERSE * (N / 2) + i];
        pair.scale = table[FOV_BYTES_SCALE * (N / 2) + i];
        pair.inverse = make_float2(inverse.x, inverse.y);
        pair.start[0] = __float_as_int(inverse.z), pair.start[1] = __float_as_int(inverse.w);
        pair.zero = table[FOV_BYTES_ZERO * (N / 2) + i];
        pair.residual = make_float4(0, 0, 0, 0);
        if (residual_at != FOV_END_NO_RESIDUAL) pair.residual = table[FOV_BYTES_RESIDUAL * (N / 2) + i];
        return pair;
    }

    /** Two chunks of the 16 rows. @param word of the residual, then of the outputs: of rows l / 4 and l / 4 + 8 of a chunk, and of
     * the next */
    template <int residual_at, bool rectified>
    static __device__ __forceinline__ void chunks(uint32_t (&word)[4], const int32_t *d, const float4 *table)
    {
#pragma unroll
        for (int e = 0; e < 2; e++) {
            uint32_t byte[2][4];
#pragma unroll
            for (int k = 0; k < 2; k++) {
                const fov_bytes_pair pair = pair_of<residual_at>(table, (2 * e + k) * 4);
#pragma unroll
                for (int h = 0; h < 2; h++)
#pragma unroll
                    for (int j = 0; j < 2; j++)
                        byte[h][2 * k + j] = fov_bytes_value<residual_at, rectified>(
                            d[(2 * e + k) * 4 + 2 * h + j], pair, j,
                            residual_at == FOV_END_NO_RESIDUAL ? 0.0F : fov_bytes_get(word[2 * e + h], 2 * k + j, pair.residual.x));
            }
#pragma unroll
            for (int h = 0; h < 2; h++) word[2 * e + h] = fov_bytes_pack(byte[h][0], byte[h][1], byte[h][2], byte[h][3]);
        }
    }

    template <int residual_at, bool rectified>
    __device__ __forceinline__ void finish(const int32_t (&d)[N / 2], uint4 (&residual)[layout::MOVES], unsigned char *bytes,
                                           const uint32_t *table, const fov_bytes_warp &next) const
    {
        const float4  *pairs = (const float4 *)table + lane() % 4;
        const uint32_t matrices = fov_shared_address(bytes) + layout::place(lane() % 16, lane() / 16);
#pragma unroll
        for (int part = 0; part < layout::PARTS; part++) {
            if (residual_at != FOV_END_NO_RESIDUAL) {
                put_residual(bytes, residual);
                if (part + 1 < layout::PARTS) load_residual(residual, part + 1);
                else next.load_residual(residual, 0);
            }
            __syncwarp();
#pragma unroll
            for (int c = 0; c < layout::CHUNKS; c += 2) {
                const int i = part * layout::WIDTH / 8 + 2 * c;
                uint32_t  word[4];
                if (residual_at != FOV_END_NO_RESIDUAL) fov_matrices_load(word, matrices ^ (uint32_t)(16 * c));
                chunks<residual_at, rectified>(word, d + 4 * i, pairs + 4 * i);
                fov_matrices_store(matrices ^ (uint32_t)(16 * c), word);
            }
            __syncwarp();
            store(bytes, part);
            __syncwarp();
        }
    }

    /** @param kind not FOV_BYTES_OTHER; residual: its first part; bytes: the warp's, aligned to 128; next: whose first part of the
     * residual is loaded once this one's registers are free; of no rows: none */
    __device__ __forceinline__ void finish_of(int kind, const int32_t (&d)[N / 2], uint4 (&residual)[layout::MOVES],
                                              unsigned char *bytes, const uint32_t *table, const fov_bytes_warp &next) const
    {
        enum { NO = FOV_END_NO_RESIDUAL, BEFORE = FOV_END_RESIDUAL_BEFORE, AFTER = FOV_END_RESIDUAL_AFTER };
        if (end->residual_at == AFTER) finish<AFTER, false>(d, residual, bytes, table, next);
        else if (kind == FOV_BYTES_RECTIFIED) {
            if (end->residual_at == NO) finish<NO, true>(d, residual, bytes, table, next);
            else finish<BEFORE, true>(d, residual, bytes, table, next);
        } else if (end->residual_at == NO) finish<NO, false>(d, residual, bytes, table, next);
        else finish<BEFORE, false>(d, residual, bytes, table, next);
    }
};

#endif
