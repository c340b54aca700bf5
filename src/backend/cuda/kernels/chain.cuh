// SPDX-License-Identifier: MIT
/* A depthwise convolution of 3x3 and the 1x1 that reads it: what the first makes becomes the matrix A in shared memory, rounded to
 * its type as if it had been stored, and the tensor cores multiply it. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_CHAIN_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_CHAIN_CUH

#include "backend/cuda/kernels/chain_params.h"
#include "backend/cuda/kernels/divide.cuh"
#include "backend/cuda/kernels/end_plain.cuh"
#include "backend/cuda/kernels/window3.cuh"

/* ---------------------------------------------------------------- products of a step of 32 bytes */

struct fov_chain_f16 {
    typedef fov_kind_f16 Kind;
    typedef float        Sum;
    static const bool    tensor = true;

    template <int tiles>
    static __device__ __forceinline__ void step(float (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
#pragma unroll
        for (int i = 0; i < tiles; i++) fov_mma_f16(d[i], a, b[i]);
    }
};

#ifdef FOV_PTX_80
struct fov_chain_bf16 {
    typedef fov_kind_bf16 Kind;
    typedef float         Sum;
    static const bool     tensor = true;

    template <int tiles>
    static __device__ __forceinline__ void step(float (&d)[tiles][4], const uint32_t (&a)[4], const uint32_t (&b)[tiles][2])
    {
#pragma unroll
        for (int i = 0; i < tiles; i++) fov_mma_bf16(d[i], a, b[i]);
    }
};
#else
struct fov_chain_bf16 {
    typedef fov_kind_bf16 Kind;
    typedef float         Sum;
    static const bool     tensor = false;
};
#endif

struct fov_chain_u8 {
    typedef fov_kind_u8 Kind;
    typedef int32_t     Sum;
    static const bool   tensor = true;

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
    typedef fov_kind_f32 Kind;
    typedef float        Sum;
    static const bool    tensor = true;

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
#else
struct fov_chain_f32 {
    typedef fov_kind_f32 Kind;
    typedef float        Sum;
    static const bool    tensor = false;
};
#endif

/* ---------------------------------------------------------------- shared memory */

/** Parts of it, in bytes from its start; host/chain.c adds them up alike. */
struct fov_chain_layout {
    int a_ld, a, table, end_table, weight, sums, sums_bytes;
};

template <class Product, int rows> static __device__ __forceinline__ fov_chain_layout fov_chain_layout_of(const fov_chain_params *p)
{
    fov_chain_layout l;
    const int        table_rows = Product::Kind::integer ? FOV_CHAIN_U8_ROWS : FOV_CHAIN_FLOAT_ROWS;
    l.a_ld = p->k_steps * FOV_CHAIN_STEP_BYTES + 16; /* so that 8 rows lie in 8 different parts of 128 bytes */
    l.sums_bytes = rows * FOV_CHAIN_SUMS_LD * 4;
    l.a = 0;
    l.table = l.a + rows * l.a_ld;
    l.end_table = l.table + table_rows * p->chunks * Product::Kind::width * 4;
    l.weight = l.end_table + p->block_slices * FOV_CHAIN_SLICE * FOV_END_ROWS * 4;
    l.sums = l.weight + p->block_slices * p->k_steps * FOV_CHAIN_STEP_BYTES * FOV_CHAIN_SLICE;
    return l;
}

template <int threads> static __device__ __forceinline__ void fov_chain_copy(unsigned char *to, const void *from, int bytes)
{
    for (int i = (int)threadIdx.x * 16; i < bytes; i += threads * 16) fov_copy_async_16(to + i, (const unsigned char *)from + i);
}

/* Constants, which may be read before the kernels before this one are done. */
template <class Product, int threads>
static __device__ __forceinline__ void fov_chain_constants(const fov_chain_params *p, const fov_chain_layout *l, int first_slice)
{
    unsigned char *shared = fov_shared();
    const int      slices = min(p->block_slices, p->slices - first_slice);
    const int      slice_bytes = p->k_steps * FOV_CHAIN_STEP_BYTES * FOV_CHAIN_SLICE;
    const int      channels = p->block_slices * FOV_CHAIN_SLICE, first = first_slice * FOV_CHAIN_SLICE;
    fov_chain_copy<threads>(shared + l->table, p->table, l->end_table - l->table);
    fov_copy_async_commit();
    fov_chain_copy<threads>(shared + l->weight, (const unsigned char *)p->weight + (int64_t)first_slice * slice_bytes,
                            slices * slice_bytes);
    fov_copy_async_commit();
    fov_end_rows_fill<threads>((uint32_t *)(shared + l->end_table), &p->end, first, channels);
}

/* ---------------------------------------------------------------- the first convolution */

/* The end of the depthwise convolution (end.cuh), in floats: of sums that are whole numbers, exactly the same. What narrow() takes.
 */
template <class Kind, int pixels>
static __device__ __forceinline__ void fov_chain_middle(float (&v)[pixels][Kind::width], const float *table, int chunk, int chunks)
{
    const int channels = chunks * Kind::width, W = Kind::width;
    float     bias[Kind::width], slope[Kind::width];
    if (Kind::integer) {
        float start[Kind::width], scale[Kind::width];
        fov_chunk_numbers<W>(start, table + FOV_CHAIN_START * channels, chunk, chunks);
        fov_chunk_numbers<W>(scale, table + FOV_CHAIN_SCALE * channels, chunk, chunks);
#pragma unroll
        for (int i = 0; i < pixels * W; i++) v[i / W][i % W] = __fmul_rn(__fadd_rn(v[i / W][i % W], start[i % W]), scale[i % W]);
    }
    fov_chunk_numbers<W>(bias, table + FOV_CHAIN_BIAS * channels, chunk, chunks);
    fov_chunk_numbers<W>(slope, table + FOV_CHAIN_SLOPE * channels, chunk, chunks);
#pragma unroll
    for (int i = 0; i < pixels * W; i++) v[i / W][i % W] = fov_end_activate(__fadd_rn(v[i / W][i % W], bias[i % W]), slope[i % W]);
    if (Kind::integer) {
        float inverse[Kind::width], zero[Kind::width];
        fov_chunk_numbers<W>(inverse, table + FOV_CHAIN_INVERSE_SCALE * channels, chunk, chunks);
        fov_chunk_numbers<W>(zero, table + FOV_CHAIN_ZERO_POINT * channels, chunk, chunks);
#pragma unroll
        for (int i = 0; i < pixels * W; i++) v[i / W][i % W] = fov_kind_u8::quantize(v[i / W][i % W], inverse[i % W], zero[i % W]);
    }
}

/* A tile in the output: pixel of each row of A. */
struct fov_chain_tile {
    int         image, y, x, rows, columns; /* rows, columns of the output */
    int         tile_rows, tile_columns;
    fov_divisor by_columns;

    __device__ __forceinline__ int64_t operator()(int row) const
    {
        const int down = fov_divide(row, by_columns), across = row - down * tile_columns;
        if (down >= tile_rows || y + down >= rows || x + across >= columns) return -1;
        return ((int64_t)image * rows + y + down) * columns + x + across;
    }
};

template <class Kind, int stride, int pixels, int threads>
static __device__ __forceinline__ void fov_chain_depthwise(const fov_chain_params *p, const fov_chain_layout *l,
                                                           const fov_chain_tile *tile)
{
    unsigned char       *shared = fov_shared();
    const float         *table = (const float *)(shared + l->table);
    const int            items = p->tile_rows * p->strips * p->chunks;
    const unsigned char *image = (const unsigned char *)p->x + (int64_t)tile->image * p->x_rows * p->x_columns * p->x_ld_bytes;
    for (int i = (int)threadIdx.x; i < items; i += threads) {
        const int strip = fov_divide(i, p->by_chunks), chunk = i - strip * p->chunks;
        const int down = fov_divide(strip, p->by_strips), across = (strip - down * p->strips) * pixels;
        if (tile->y + down >= tile->rows || tile->x + across >= tile->columns) continue;
        const int                       at = chunk * (int)sizeof(typename Kind::Raw);
        fov_strip<Kind, stride, pixels> input;
        float                           sum[pixels][Kind::width];
        input.load(image + at, p->x_rows, p->x_columns, p->x_ld_bytes, (tile->y + down) * stride - p->pad_top,
                   (tile->x + across) * stride - p->pad_left, (const unsigned char *)p->pad + at);
        input.multiply(sum, table, chunk, p->chunks);
        unsigned char *a = shared + l->a + (down * p->tile_columns + across) * l->a_ld + at;
        fov_chain_middle<Kind, pixels>(sum, table, chunk, p->chunks);
#pragma unroll
        for (int pixel = 0; pixel < pixels; pixel++) *(typename Kind::Raw *)(a + pixel * l->a_ld) = Kind::narrow(sum[pixel]);
    }
}

/* What a step reads beyond the channels: numbers, so that times 0 they are 0. */
template <class Kind, int rows, int threads>
static __device__ __forceinline__ void fov_chain_fill(const fov_chain_params *p, const fov_chain_layout *l)
{
    const int chunk = (int)sizeof(typename Kind::Raw), missing = p->k_steps * FOV_CHAIN_STEP_BYTES / chunk - p->chunks;
    for (int i = (int)threadIdx.x; i < rows * missing; i += threads)
        *(typename Kind::Raw *)(fov_shared() + l->a + i / missing * l->a_ld + (p->chunks + i % missing) * chunk) = {};
}

/* ---------------------------------------------------------------- the second one */

/* A slice's sums by tensor cores: warps share rows, then columns, in tiles of 16 x 8. */
template <class Product, int rows, int threads, class Sum, bool tensor> struct fov_chain_slice {
    static __device__ __forceinline__ void sums(const fov_chain_params *p, const fov_chain_layout *l, int slice, Sum *to)
    {
        const int warps = threads / 32, down = rows / 16 < warps ? rows / 16 : warps, across = warps / down;
        const int tiles_m = rows / 16 / down, tiles_n = FOV_CHAIN_SLICE / 8 / across;
        const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
        const int first_row = warp % down * tiles_m * 16, first_group = warp / down * tiles_n;
        Sum       d[tiles_m][tiles_n][4];
#pragma unroll
        for (int i = 0; i < tiles_m * tiles_n * 4; i++) d[i / 4 / tiles_n][i / 4 % tiles_n][i % 4] = 0;
        const unsigned char *a_at = fov_shared() + l->a + (first_row + lane % 16) * l->a_ld + lane / 16 * 16;
        const unsigned char *b_at = fov_shared() + l->weight + (slice * p->k_steps * 4 + first_group) * 256 + lane * 8;
#pragma unroll 2
        for (int k = 0; k < p->k_steps; k++) {
            uint32_t b[tiles_n][2];
#pragma unroll
            for (int n = 0; n < tiles_n; n++) {
                const uint2 two = *(const uint2 *)(b_at + (k * 4 + n) * 256);
                b[n][0] = two.x;
                b[n][1] = two.y;
            }
#pragma unroll
            for (int m = 0; m < tiles_m; m++) {
                uint32_t a[4];
                fov_ldmatrix_x4(a, a_at + m * 16 * l->a_ld + k * FOV_CHAIN_STEP_BYTES);
                Product::step(d[m], a, b);
            }
        }
#pragma unroll
        for (int m = 0; m < tiles_m; m++)
#pragma unroll
            for (int n = 0; n < tiles_n; n++)
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    Sum *at =
                        to + (first_row + m * 16 + half * 8 + lane / 4) * FOV_CHAIN_SUMS_LD + (first_group + n) * 8 + lane % 4 * 2;
                    struct alignas(8) pair {
                        Sum v[2];
                    };
                    *(pair *)at = pair{{d[m][n][2 * half], d[m][n][2 * half + 1]}};
                }
    }
};

/* The same where tensor cores do not know the type. */
template <class Product, int rows, int threads> struct fov_chain_slice<Product, rows, threads, float, false> {
    static __device__ __forceinline__ void sums(const fov_chain_params *p, const fov_chain_layout *l, int slice, float *to)
    {
        typedef typename Product::Kind Kind;
        const int                      width = 4 / Kind::size; /* elements in the 4 bytes that a lane has of a half step */
        for (int i = (int)threadIdx.x; i < rows * FOV_CHAIN_SLICE; i += threads) {
            const int            row = i / FOV_CHAIN_SLICE, c = i % FOV_CHAIN_SLICE;
            const unsigned char *a = fov_shared() + l->a + row * l->a_ld;
            const unsigned char *b = fov_shared() + l->weight + (slice * p->k_steps * 4 + c / 8) * 256 + c % 8 * 32;
            float                sum = 0;
            for (int word = 0; word < p->k_steps * 8; word++) {
                const unsigned char *b_word = b + word / 8 * 1024 + word % 4 * 8 + word / 4 % 2 * 4;
                float                x[width], w[width];
                fov_load_elements<width>(x, a + word * 4, Kind::size == 2 ? FOV_BF16 : FOV_F32, 0);
                fov_load_elements<width>(w, b_word, Kind::size == 2 ? FOV_BF16 : FOV_F32, 0);
                for (int j = 0; j < width; j++) sum = __fmaf_rn(x[j], w[j], sum);
            }
            to[row * FOV_CHAIN_SUMS_LD + c] = sum;
        }
    }
};

/* ---------------------------------------------------------------- the kernel */

/** @param pixels that a thread of the depthwise part makes at once; rows: of A, the most pixels of a tile */
template <class Product, int stride, int pixels, int rows, int threads>
static __device__ __forceinline__ void fov_chain_run(const fov_chain_params *p)
{
    typedef typename Product::Kind Kind;
    typedef typename Product::Sum  Sum;
    const fov_chain_layout         l = fov_chain_layout_of<Product, rows>(p);
    const int            split = (int)(blockIdx.x % (unsigned)p->splits), number = (int)(blockIdx.x / (unsigned)p->splits);
    const int            across = number % p->tiles_across, down = number / p->tiles_across;
    const int            image = down / p->tiles_down, first_slice = split * p->block_slices;
    const fov_chain_tile tile = {image,
                                 (down - image * p->tiles_down) * p->tile_rows,
                                 across * p->tile_columns,
                                 p->end.rows,
                                 p->end.columns,
                                 p->tile_rows,
                                 p->tile_columns,
                                 p->by_columns};
    fov_depend_launch();
    fov_chain_constants<Product, threads>(p, &l, first_slice);
    fov_chain_fill<Kind, rows, threads>(p, &l);
    fov_copy_async_wait<1>();
    __syncthreads();
    fov_depend_wait();
    fov_chain_depthwise<Kind, stride, pixels, threads>(p, &l, &tile);
    fov_copy_async_wait<0>();
    __syncthreads();
    const int          channels = p->block_slices * FOV_CHAIN_SLICE, first = first_slice * FOV_CHAIN_SLICE;
    const bool         plain = fov_end_is_plain(&p->end, Kind::dtype);
    const fov_end_rows table = {(const float *)(fov_shared() + l.end_table), first, channels};
    for (int slice = 0; slice < p->block_slices && first_slice + slice < p->slices; slice++) {
        /* Two buffers: who is slow to store a slice does not see the next one's sums. */
        Sum      *sums = (Sum *)(fov_shared() + l.sums + slice % 2 * l.sums_bytes);
        const int c = first + slice * FOV_CHAIN_SLICE;
        fov_chain_slice<Product, rows, threads, Sum, Product::tensor>::sums(p, &l, slice, sums);
        __syncthreads();
        const int columns = min(FOV_CHAIN_SLICE, p->end.channels - c);
        if (plain)
            fov_end_plain<Kind, threads>(&p->end, table, sums, FOV_CHAIN_SUMS_LD, tile, tile.tile_rows * tile.tile_columns, c,
                                         columns);
        else fov_end_tile_with<threads>(&p->end, table, sums, FOV_CHAIN_SUMS_LD, tile, rows, c, columns);
    }
}

#define FOV_CHAIN_KERNELS_OF(type, rows, threads)                                                                                  \
    FOV_KERNEL(fov_chain_##type##_s1_##rows##_##threads, fov_chain_params, threads)                                                \
    {                                                                                                                              \
        fov_chain_run<fov_chain_##type, 1, 4, rows, threads>(&p);                                                                  \
    }                                                                                                                              \
    FOV_KERNEL(fov_chain_##type##_s2_##rows##_##threads, fov_chain_params, threads)                                                \
    {                                                                                                                              \
        fov_chain_run<fov_chain_##type, 2, 2, rows, threads>(&p);                                                                  \
    }

/** The kernels of a type, named by the stride, the rows of A and the threads. */
#define FOV_CHAIN_KERNELS(type)                                                                                                    \
    FOV_CHAIN_KERNELS_OF(type, 32, 128)                                                                                            \
    FOV_CHAIN_KERNELS_OF(type, 64, 128)                                                                                            \
    FOV_CHAIN_KERNELS_OF(type, 64, 256)                                                                                            \
    FOV_CHAIN_KERNELS_OF(type, 128, 128)                                                                                           \
    FOV_CHAIN_KERNELS_OF(type, 256, 128)

#endif
