// SPDX-License-Identifier: MIT
/* Convolution as a product of matrices on tensor cores: pixels times weights, of which a block makes a tile of BM pixels and BN channels.
 * Rows of both come in steps of KB bytes to shared memory, whatever their type is: the way of 16 bytes from there to the fragments of a
 * product is the same for all types. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_CONV_GEMM_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_CONV_GEMM_CUH

#include "backend/cuda/kernels/divide.cuh"
#include "backend/cuda/kernels/end.cuh"
#include "backend/cuda/kernels/product.cuh"

/* Chunk `c` of 16 bytes of row `r`, placed so that eight rows of one chunk lie in different banks. */
template <int KB> static __device__ __forceinline__ int fov_gemm_chunk_at(int r, int c)
{
    return KB == 128 ? r * 128 + ((c ^ (r & 7)) << 4) : r * 64 + ((c ^ (r >> 1 & 3)) << 4);
}

/* Bit t: tap t of a window that begins at `first` lies in 0 .. size - 1. */
static __device__ __forceinline__ uint32_t fov_taps_inside(int first, int dilation, int taps, int size)
{
    uint32_t inside = 0;
    for (int t = 0; t < taps; t++) inside |= (uint32_t)((unsigned)(first + t * dilation) < (unsigned)size) << t;
    return inside;
}

/* Where a thread's chunks of A come from: always the same chunk of the steps' rows, of always the same rows. */
template <int rows, int KB, int threads> struct fov_gemm_gather {
    enum { CHUNKS = KB / 16, ROWS_AT_ONCE = threads / CHUNKS, OWN = rows / ROWS_AT_ONCE };
    static_assert(rows % ROWS_AT_ONCE == 0, "every thread has as many rows");

    const unsigned char *first[OWN];  /* tap (0, 0) of each row */
    uint32_t             inside[OWN]; /* taps down in the lower half, but for its last bit, across in the upper; none behind the last
                                         pixel */
    int                  chunk, tap, r, s;
    int64_t              delta; /* bytes from tap (0, 0) to the chunk at hand */

    __device__ __forceinline__ void start(const fov_gemm_problem &p, int first_pixel)
    {
        const int across = p.taps_across, down = p.taps / across;
#pragma unroll
        for (int i = 0; i < OWN; i++) {
            const int m = first_pixel + (int)threadIdx.x / CHUNKS + i * ROWS_AT_ONCE, n = fov_divide(m, p.image);
            const int at = m - n * p.end.rows * p.end.columns, row = fov_divide(at, p.columns), column = at - row * p.end.columns;
            const int y = row * p.stride_y - p.pad_top, x = column * p.stride_x - p.pad_left;
            inside[i] = m < p.pixels ? fov_taps_inside(y, p.dilation_y, down, p.x_rows) |
                                           fov_taps_inside(x, p.dilation_x, across, p.x_columns) << 16
                                     : 0;
            first[i] = (const unsigned char *)p.x + ((int64_t)(n * p.x_rows + y) * p.x_columns + x) * p.x_ld_bytes;
        }
        chunk = (int)threadIdx.x % CHUNKS;
        tap = r = s = 0;
        settle(p);
    }

    /* A chunk behind the last of a tap is one of the next tap. */
    __device__ __forceinline__ void settle(const fov_gemm_problem &p)
    {
        while (chunk >= p.tap_chunks) {
            chunk -= p.tap_chunks;
            tap++;
            if (++s == p.taps_across) {
                s = 0;
                r++;
            }
        }
        delta = ((int64_t)r * p.dilation_y * p.x_columns + s * p.dilation_x) * p.x_ld_bytes + chunk * 16;
    }

    __device__ __forceinline__ void load(const fov_gemm_problem &p, unsigned char *stage)
    {
        const bool                 real = tap < p.taps; /* behind the last tap weights are zeros */
        const uint32_t             need = real ? 1U << r | 0x10000U << s : 0x8000U;
        const unsigned char *const pad = p.pad ? (const unsigned char *)p.pad + chunk * 16 : (const unsigned char *)p.x;
#pragma unroll
        for (int i = 0; i < OWN; i++) {
            const bool inside_image = (inside[i] & need) == need;
            fov_copy_async_16_if(inside_image || (real && p.pad),
                                 stage + fov_gemm_chunk_at<KB>((int)threadIdx.x / CHUNKS + i * ROWS_AT_ONCE, (int)threadIdx.x % CHUNKS),
                                 inside_image ? first[i] + delta : pad);
        }
        chunk += CHUNKS;
        settle(p);
    }
};

/* Rows first_row .. first_row + rows - 1 of the weights, step `step`. */
template <int rows, int KB, int threads>
static __device__ __forceinline__ void fov_gemm_load_weights(const fov_gemm_problem &p, int first_row, int step, unsigned char *stage)
{
    enum { CHUNKS = KB / 16 };
    const int64_t row_bytes = (int64_t)p.k_pitch;
#pragma unroll
    for (int i = (int)threadIdx.x; i < rows * CHUNKS; i += threads) {
        const int r = i / CHUNKS, c = i % CHUNKS;
        fov_copy_async_16(stage + fov_gemm_chunk_at<KB>(r, c),
                          (const unsigned char *)p.weight + (first_row + r) * row_bytes + (int64_t)step * KB + c * 16);
    }
}

/* A warp's part of a tile: M x N of 16 x 8. */
template <class Type, int M, int N, int KB>
static __device__ __forceinline__ void fov_gemm_step(typename Type::sum (&sum)[M][N][4], const unsigned char *a, const unsigned char *b,
                                                     int row, int column)
{
    const int          lane = (int)threadIdx.x % 32;
    typename Type::sum part[Type::RESTARTS ? M : 1][Type::RESTARTS ? N : 1][4] = {};
#pragma unroll
    for (int k = 0; k < KB / 32; k++) {
        uint32_t fa[M][4], fb[N][2];
#pragma unroll
        for (int i = 0; i < M; i++) fov_ldmatrix_x4(fa[i], a + fov_gemm_chunk_at<KB>(row + i * 16 + lane % 16, 2 * k + lane / 16));
#pragma unroll
        for (int j = 0; j < N; j += 2) {
            uint32_t two[4];
            fov_ldmatrix_x4(two, b + fov_gemm_chunk_at<KB>(column + j * 8 + lane % 8 + lane / 16 * 8, 2 * k + lane / 8 % 2));
            fb[j][0] = two[0];
            fb[j][1] = two[1];
            fb[j + 1][0] = two[2];
            fb[j + 1][1] = two[3];
        }
        if constexpr (Type::RESTARTS) Type::template multiply<M, N>(part, fa, fb);
        else Type::template multiply<M, N>(sum, fa, fb);
    }
    if constexpr (Type::RESTARTS)
#pragma unroll
        for (int i = 0; i < M * N * 4; i++) sum[i / 4 / N][i / 4 % N][i % 4] += part[i / 4 / N][i / 4 % N][i % 4];
}

/* Sums to shared memory, where the end takes them from. */
template <class Sum, int M, int N> static __device__ __forceinline__ void fov_gemm_put(const Sum (&sum)[M][N][4], Sum *to, int ld)
{
    const int lane = (int)threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < M; i++)
#pragma unroll
        for (int j = 0; j < N; j++)
#pragma unroll
            for (int half = 0; half < 2; half++) {
                Sum *at = to + (i * 16 + half * 8 + lane / 4) * ld + j * 8 + lane % 4 * 2;
                at[0] = sum[i][j][2 * half];
                at[1] = sum[i][j][2 * half + 1];
            }
}

static __device__ __forceinline__ int fov_gemm_problem_of(const fov_gemm_params &p)
{
    int i = 0;
    while (i + 1 < p.problems && (int)blockIdx.x >= p.problem[i + 1].first_block) i++;
    return i;
}

enum { FOV_GEMM_SUM_PAD = 8 /* sums behind the channels of a row, so that rows begin in different banks */ };

/**
 * A tile of sums, BN + FOV_GEMM_SUM_PAD from pixel to pixel, in shared memory, where all threads of the block may read them.
 * @param WM, WN warps down and across; STAGES steps in shared memory
 */
template <class Type, int BM, int BN, int WM, int WN, int KB, int STAGES>
static __device__ __forceinline__ const typename Type::sum *fov_gemm_tile(const fov_gemm_problem &p, int first_pixel,
                                                                          int first_channel)
{
    enum { THREADS = WM * WN * 32, M = BM / WM / 16, N = BN / WN / 8, STAGE = (BM + BN) * KB, LD = BN + FOV_GEMM_SUM_PAD };
    typedef typename Type::sum sum_type;
    const int                  warp = (int)threadIdx.x / 32, steps = (p.k_bytes + KB - 1) / KB;
    unsigned char *const       shared = fov_shared();
    sum_type                   sum[M][N][4] = {};

    for (int i = 0; i < STAGES - 1; i++)
        if (i < steps) fov_gemm_load_weights<BN, KB, THREADS>(p, first_channel, i, shared + i * STAGE + BM * KB);
    fov_gemm_gather<BM, KB, THREADS> gather;
    gather.start(p, first_pixel);
    fov_depend_launch();
    fov_depend_wait();
    for (int i = 0; i < STAGES - 1; i++) {
        if (i < steps) gather.load(p, shared + i * STAGE);
        fov_copy_async_commit();
    }
    for (int step = 0; step < steps; step++) {
        fov_copy_async_wait<STAGES - 2>();
        __syncthreads();
        const int next = step + STAGES - 1;
        if (next < steps) {
            unsigned char *stage = shared + next % STAGES * STAGE;
            gather.load(p, stage);
            fov_gemm_load_weights<BN, KB, THREADS>(p, first_channel, next, stage + BM * KB);
        }
        fov_copy_async_commit();
        const unsigned char *stage = shared + step % STAGES * STAGE;
        fov_gemm_step<Type, M, N, KB>(sum, stage, stage + BM * KB, warp / WN * (BM / WM), warp % WN * (BN / WN));
    }
    fov_copy_async_wait<0>();
    __syncthreads();
    sum_type *sums = (sum_type *)shared;
    fov_gemm_put<sum_type, M, N>(sum, sums + warp / WN * (BM / WM) * LD + warp % WN * (BN / WN), LD);
    __syncthreads();
    return sums;
}

template <class Type, int BM, int BN, int WM, int WN, int KB, int STAGES>
static __device__ __forceinline__ void fov_conv_gemm(const fov_gemm_params &params)
{
    const fov_gemm_problem &p = params.problem[fov_gemm_problem_of(params)];
    const int               block = (int)blockIdx.x - p.first_block, tile_n = block % p.tiles_n, tile_m = block / p.tiles_n;
    const int               first_pixel = tile_m * BM, left = p.pixels - first_pixel;
    const auto             *sums = fov_gemm_tile<Type, BM, BN, WM, WN, KB, STAGES>(p, first_pixel, tile_n * BN);
    fov_end_tile<WM * WN * 32>(&p.end, sums, BN + FOV_GEMM_SUM_PAD, first_pixel, left < BM ? left : BM, tile_n * BN, BN);
}

/* The tiles of gemm_tiles.def, of one type. */
#define FOV_GEMM_KERNEL(type, Type, bm, bn, wm, wn, kb, stages)                                                                    \
    FOV_KERNEL(fov_conv_gemm_##type##_##bm##x##bn, fov_gemm_params, wm * wn * 32)                                                  \
    {                                                                                                                              \
        fov_conv_gemm<Type, bm, bn, wm, wn, kb, stages>(p);                                                                        \
    }

#endif
