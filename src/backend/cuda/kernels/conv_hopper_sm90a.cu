// SPDX-License-Identifier: MIT
/* Convolution as implicit GEMM for compute capability 9.0a. One warp has tensor copies bring blocks of 128 bytes of k of a tile's
 * pixels and weights to a ring of stages; the warpgroups, of 64 rows each, multiply them; then all of these end the tile. Where a
 * tile has a multiprocessor for itself, nothing overlaps with its end; so most have not.
 *
 * The copies of pixels walk the input as a window does (im2col), so that rows of a tile are consecutive output pixels at any stride
 * and padding, and rows behind the last one are zeros.
 *
 * Blocks of a cluster do two things together: `multicast` of them have neighbouring rows and the same columns, and each loads a
 * part of their weights for all; `splits` of them have a part of k each, and afterwards each adds up a part of the rows, in a fixed
 * order. */
#include "backend/cuda/kernels/end_bytes.cuh"
#include "backend/cuda/kernels/end_hopper.cuh"
#include "backend/cuda/kernels/params_hopper.h"
#include "backend/cuda/kernels/ptx_hopper.cuh"

/** binary16, or bfloat16 where the params say so. */
struct fov_hopper_half {
    typedef float sum;
    enum { BYTES = 2 };
};

struct fov_hopper_u8 {
    typedef int32_t sum;
    enum { BYTES = 1 };
};

/* What a product is made of. */
struct fov_hopper_of_f16 {
    template <int R> static __device__ __forceinline__ void product(float (&d)[R], uint32_t a, uint32_t b, uint32_t layout, int add)
    {
        fov_product_f16(d, a, b, layout, add);
    }
};

struct fov_hopper_of_bf16 {
    template <int R> static __device__ __forceinline__ void product(float (&d)[R], uint32_t a, uint32_t b, uint32_t layout, int add)
    {
        fov_product_bf16(d, a, b, layout, add);
    }
};

struct fov_hopper_of_u8 {
    template <int R>
    static __device__ __forceinline__ void product(int32_t (&d)[R], uint32_t a, uint32_t b, uint32_t layout, int add)
    {
        fov_product_u8s8(d, a, b, layout, add);
    }
};

/** Where things stand in shared memory, from an address that is a multiple of 1024 on. */
template <int groups, int N, int stages, bool loops> struct fov_hopper_layout {
    enum {
        ROWS = groups * 64,
        A_BYTES = ROWS * 128,
        B_BYTES = N * 128,
        STAGE_BYTES = A_BYTES + B_BYTES,
        /* Sums take the place of stages, unless the next tile's loads are to go on meanwhile. Rows are 8 words apart, modulo 32: 2
         * x 4 threads of 4 rows have all banks. */
        SUMS_LD = N + 8,
        SUMS = loops ? stages * STAGE_BYTES : 0,
        TABLE = loops ? SUMS + ROWS * SUMS_LD * 4 : stages * STAGE_BYTES,
        FULL = TABLE + FOV_END_FIELDS * 4 * N,
        EMPTY = FULL + stages * 8,
        THREADS = groups * 128
    };
    static_assert(SUMS + ROWS * SUMS_LD * 4 <= TABLE, "sums have a place");
};

/** What a block of threads has to do. */
struct fov_hopper_tile {
    int first_pixel, first_channel;
    int begin, end;             /* blocks of k */
    int rank, slice, neighbour; /* in the cluster: rank = slice * multicast + neighbour */
};

/** @param index of the cluster, where all tiles had one */
static __device__ __forceinline__ fov_hopper_tile fov_hopper_tile_of(const fov_hopper_params &p, int rows, int columns, int index)
{
    const int       size = p.multicast * p.splits, m = index / p.tiles_n;
    fov_hopper_tile tile;
    tile.rank = (int)blockIdx.x % size;
    tile.slice = tile.rank / p.multicast;
    tile.neighbour = tile.rank - tile.slice * p.multicast;
    tile.first_pixel = (m * p.multicast + tile.neighbour) * rows;
    tile.first_channel = (index - m * p.tiles_n) * columns;
    tile.begin = p.blocks * tile.slice / p.splits;
    tile.end = p.blocks * (tile.slice + 1) / p.splits;
    return tile;
}

/** The tile's part of the weights of block `k`, to the places of all neighbours. */
static __device__ __forceinline__ void fov_hopper_load_weights(const fov_hopper_params &p, const fov_hopper_tile &tile,
                                                               uint32_t stage, uint32_t full, int columns, int block_elements,
                                                               int k)
{
    if (p.multicast == 1) {
        fov_tensor_load(stage, &p.b, full, k * block_elements, tile.first_channel);
        return;
    }
    const int      part = columns / p.multicast * tile.neighbour;
    const uint32_t ranks = ((1U << p.multicast) - 1) << (tile.slice * p.multicast);
    fov_tensor_load_to(stage + (uint32_t)(part * p.block_bytes), &p.b, full, k * block_elements, tile.first_channel + part,
                       (uint16_t)ranks);
}

/** The stage whose turn it is, and the parity of the phase that is waited for there. */
struct fov_hopper_turn {
    int stage, parity;
};

template <int stages> static __device__ __forceinline__ void fov_hopper_next(fov_hopper_turn *turn)
{
    if (++turn->stage < stages) return;
    turn->stage = 0;
    turn->parity ^= 1;
}

/** All loads of a tile, by one thread. @param ahead blocks whose weights are under way */
template <class Kind, class layout, int N, int stages>
static __device__ __forceinline__ void fov_hopper_produce(const fov_hopper_params &p, const fov_hopper_tile &tile, uint32_t shared,
                                                          fov_hopper_turn *turn, int ahead)
{
    const int      blocks = tile.end - tile.begin, elements = p.block_bytes / Kind::BYTES;
    const uint32_t bytes = (uint32_t)((layout::ROWS + N) * p.block_bytes), full = shared + layout::FULL,
                   empty = shared + layout::EMPTY;
    const int row = tile.first_pixel / p.walk_columns, image = row / p.walk_rows;
    const int x = (tile.first_pixel - row * p.walk_columns) * p.stride_x - p.pad_left;
    const int y = (row - image * p.walk_rows) * p.stride_y - p.pad_top;
    int       tap = tile.begin / p.blocks_per_tap, channel_block = tile.begin - tap * p.blocks_per_tap;
    int       r = tap / p.taps_across, s = tap - r * p.taps_across;

    for (int i = 0; i < blocks; i++, fov_hopper_next<stages>(turn)) {
        const uint32_t at = shared + turn->stage * layout::STAGE_BYTES, barrier = full + 8 * turn->stage;
        if (i >= ahead) {
            fov_barrier_wait(empty + 8 * turn->stage, turn->parity);
            fov_barrier_expect(barrier, bytes);
            fov_hopper_load_weights(p, tile, at + layout::A_BYTES, barrier, N, elements, tile.begin + i);
        }
        fov_tensor_load_pixels(at, &p.a, barrier, channel_block * elements, x, y, image, (uint16_t)(s * p.dilation_x),
                               (uint16_t)(r * p.dilation_y));
        if (++channel_block == p.blocks_per_tap) {
            channel_block = 0;
            if (++s == p.taps_across) s = 0, r++;
        }
    }
}

/** The first loads of weights, which do not depend on the kernels before. */
template <class Kind, class layout, int N, int stages>
static __device__ __forceinline__ void fov_hopper_begin(const fov_hopper_params &p, const fov_hopper_tile &tile, uint32_t shared)
{
    for (int i = 0; i < stages && i < tile.end - tile.begin; i++) {
        const uint32_t barrier = shared + layout::FULL + 8 * i;
        fov_barrier_expect(barrier, (uint32_t)((layout::ROWS + N) * p.block_bytes));
        fov_hopper_load_weights(p, tile, shared + i * layout::STAGE_BYTES + layout::A_BYTES, barrier, N,
                                p.block_bytes / Kind::BYTES, tile.begin + i);
    }
}

/** All other loads, by one thread; those of weights to neighbours too, who are there by now. */
template <class Kind, class layout, int N, int stages, bool loops>
static __device__ __forceinline__ void fov_hopper_produce_all(const fov_hopper_params &p, fov_hopper_tile tile, uint32_t shared,
                                                              int index)
{
    const int       blocks = tile.end - tile.begin, ahead = blocks < stages ? blocks : stages;
    fov_hopper_turn turn = {0, 1};
    if (p.multicast > 1) fov_hopper_begin<Kind, layout, N, stages>(p, tile, shared);
    fov_depend_wait();
    fov_hopper_produce<Kind, layout, N, stages>(p, tile, shared, &turn, ahead);
    while (loops && (index += (int)gridDim.x) < p.tiles) {
        tile = fov_hopper_tile_of(p, layout::ROWS, N, index);
        fov_hopper_produce<Kind, layout, N, stages>(p, tile, shared, &turn, 0);
    }
}

/** Sums of a warpgroup's 64 rows over the tile's part of k: `steps` products of 32 bytes of it a block. */
template <class Product, class layout, int stages, bool loops, int steps, class Sum, int R>
static __device__ __forceinline__ void fov_hopper_consume(const fov_hopper_params &p, const fov_hopper_tile &tile, uint32_t shared,
                                                          fov_hopper_turn *turn, Sum (&d)[R])
{
    const int      blocks = tile.end - tile.begin, lane = (int)threadIdx.x % 32;
    const uint32_t full = shared + layout::FULL, empty = shared + layout::EMPTY;
    const uint32_t a = fov_product_operand(shared + threadIdx.x / 128 * 64 * steps * 32);
    const uint32_t b = fov_product_operand(shared + layout::A_BYTES);
    int            before = 0;

#pragma unroll 1
    for (int i = 0; i < blocks; i++, fov_hopper_next<stages>(turn)) {
        const uint32_t at = turn->stage * layout::STAGE_BYTES / 16;
        fov_barrier_wait(full + 8 * turn->stage, turn->parity);
        fov_product_begin();
#pragma unroll
        for (int k = 0; k < steps; k++)
            Product::product(d, a + at + 2 * k, b + at + 2 * k, fov_product_layout(steps * 32), i > 0 || k > 0);
        fov_product_commit();
        /* With these under way the ones before are done, and their stage is free: for all who write to it, if somebody will. */
        fov_product_wait<1>();
        if (i > 0 && (loops || i - 1 + stages < blocks) && lane < p.multicast)
            fov_barrier_arrive_at(empty + 8 * before, (uint32_t)(tile.slice * p.multicast + lane));
        before = turn->stage;
    }
    fov_product_wait<0>();
    if (loops && lane == 0) fov_barrier_arrive_at(empty + 8 * before, (uint32_t)tile.rank);
}

/** A thread's sums to their places. */
template <int N, int ld, class Sum> static __device__ __forceinline__ void fov_hopper_put_sums(Sum *sums, const Sum (&d)[N / 2])
{
    struct alignas(8) pair {
        Sum v[2];
    };
    const int thread = fov_end_thread(), row = thread / 32 * 16 + thread % 32 / 4, column = thread % 4 * 2;
    Sum      *near = sums + row * ld + column, *far = sums + row * ld + (column ^ 4); /* fov_end_place() */
#pragma unroll
    for (int i = 0; i < N / 8; i++) {
        Sum *at = (fov_end_place(8 * i) == 8 * i ? near : far) + 8 * i;
        *(pair *)at = pair{{d[4 * i], d[4 * i + 1]}};
        *(pair *)(at + 8 * ld) = pair{{d[4 * i + 2], d[4 * i + 3]}};
    }
}

/** Rows `row` to `rows` of the tile, by its sums in this block's shared memory. */
template <class layout, int N, class Sum>
static __device__ __forceinline__ void fov_hopper_end(const fov_hopper_params &p, const fov_hopper_tile &tile, const Sum *sums,
                                                      const uint32_t *table, int row, int rows)
{
    fov_end_hopper_tile<N, layout::SUMS_LD, layout::THREADS>(&p.end, table, sums, tile.first_pixel, row, rows, tile.first_channel);
}

/** Rows `row` to `rows` of this block's sums become those of all slices, added up in the order of k. */
template <class Sum, int N, int ld, int threads>
static __device__ __forceinline__ void fov_hopper_add_slices(const fov_hopper_params &p, const fov_hopper_tile &tile, Sum *sums,
                                                             int row, int rows)
{
    enum { AT_ONCE = 4 };
    for (int i = (int)threadIdx.x; i < (rows - row) * (N / 4); i += threads) {
        Sum           *at = sums + (row + i / (N / 4)) * ld + i % (N / 4) * 4;
        const uint32_t shared = fov_shared_address(at);
        Sum            sum[4] = {0, 0, 0, 0};
        for (int slice = 0; slice < p.splits; slice += AT_ONCE) {
            Sum part[AT_ONCE][4] = {};
#pragma unroll
            for (int k = 0; k < AT_ONCE; k++)
                if (slice + k < p.splits)
                    fov_cluster_load(part[k], fov_cluster_address(shared, (uint32_t)((slice + k) * p.multicast + tile.neighbour)));
#pragma unroll
            for (int k = 0; k < AT_ONCE; k++)
                for (int j = 0; j < 4; j++) sum[j] += part[k][j];
        }
        fov_copy_aligned<16>(at, sum);
    }
}

template <class layout, int stages, bool loops, int R>
static __device__ __forceinline__ void fov_hopper_sum(const fov_hopper_params &p, const fov_hopper_tile &tile, uint32_t shared,
                                                      fov_hopper_turn *turn, float (&d)[R])
{
    if (p.bf16) {
        if (p.block_bytes == 128) fov_hopper_consume<fov_hopper_of_bf16, layout, stages, loops, 4>(p, tile, shared, turn, d);
        else fov_hopper_consume<fov_hopper_of_bf16, layout, stages, loops, 2>(p, tile, shared, turn, d);
    } else if (p.block_bytes == 128) fov_hopper_consume<fov_hopper_of_f16, layout, stages, loops, 4>(p, tile, shared, turn, d);
    else fov_hopper_consume<fov_hopper_of_f16, layout, stages, loops, 2>(p, tile, shared, turn, d);
}

template <class layout, int stages, bool loops, int R>
static __device__ __forceinline__ void fov_hopper_sum(const fov_hopper_params &p, const fov_hopper_tile &tile, uint32_t shared,
                                                      fov_hopper_turn *turn, int32_t (&d)[R])
{
    if (p.block_bytes == 128) fov_hopper_consume<fov_hopper_of_u8, layout, stages, loops, 4>(p, tile, shared, turn, d);
    else fov_hopper_consume<fov_hopper_of_u8, layout, stages, loops, 2>(p, tile, shared, turn, d);
}

/** Ends the tile whose sums stand in the shared memory of the cluster. By all of its threads. */
template <class layout, int N, class Sum>
static __device__ __forceinline__ void fov_hopper_end_slices(const fov_hopper_params &p, const fov_hopper_tile &tile, Sum *sums,
                                                             const uint32_t *table, int rows)
{
    fov_cluster_sync();
    if (threadIdx.x < layout::THREADS) {
        const int first = layout::ROWS * tile.slice / p.splits, behind = layout::ROWS * (tile.slice + 1) / p.splits;
        const int last = behind < rows ? behind : rows;
        fov_hopper_add_slices<Sum, N, layout::SUMS_LD, layout::THREADS>(p, tile, sums, first, last);
        fov_sync_threads(layout::THREADS);
        fov_hopper_end<layout, N>(p, tile, sums, table, first, last);
    }
    /* What this block holds is read until all have added up. */
    fov_cluster_sync();
}

/** What the tile's channels are to ends of bytes; FOV_BYTES_OTHER of sums that are floats, or that stand in slices. */
template <class layout, int N, class Sum>
static __device__ __forceinline__ int fov_hopper_table_load(const fov_hopper_params &p, const fov_hopper_tile &tile,
                                                            uint32_t *table)
{
    if constexpr ((Sum)0.5F == 0)
        if (p.splits == 1) return fov_bytes_table_load<layout::THREADS, N>(table, &p.end, tile.first_channel);
    fov_end_table_load<layout::THREADS, N>(table, &p.end, tile.first_channel);
    return FOV_BYTES_OTHER;
}

/** A warp's end of bytes, and the residual that it has loaded for it. Sums of floats have none. */
template <int N, class Sum> struct fov_hopper_residual {
    __device__ __forceinline__ void load(const fov_hopper_params &, const fov_hopper_tile &) {}

    __device__ __forceinline__ void finish(const fov_hopper_params &, const fov_hopper_tile &, const fov_hopper_tile &, bool, int,
                                           const Sum (&)[N / 2], unsigned char *, const uint32_t *)
    {
    }
};

template <int N> struct fov_hopper_residual<N, int32_t> {
    typedef fov_bytes_layout<N> layout;
    uint4                       residual[layout::MOVES];

    static __device__ __forceinline__ fov_bytes_warp<N> warp_of(const fov_hopper_params &p, const fov_hopper_tile &tile)
    {
        const int first = tile.first_pixel + fov_end_thread() / 32 * 16, left = p.pixels - first;
        return {&p.end, first, left < 16 ? left : 16, tile.first_channel};
    }

    /** Waits for the kernels before. */
    __device__ __forceinline__ void load(const fov_hopper_params &p, const fov_hopper_tile &tile)
    {
        if (p.end.residual_at == FOV_END_NO_RESIDUAL) return;
        fov_depend_wait();
        warp_of(p, tile).load_residual(residual, 0);
    }

    /** @param next the tile after this one, where there is `more` */
    __device__ __forceinline__ void finish(const fov_hopper_params &p, const fov_hopper_tile &tile, const fov_hopper_tile &next,
                                           bool more, int bytes, const int32_t (&d)[N / 2], unsigned char *memory,
                                           const uint32_t *table)
    {
        fov_bytes_warp<N> after = warp_of(p, next);
        if (!more) after.rows = 0;
        warp_of(p, tile).finish_of(bytes, d, residual, memory + fov_end_thread() / 32 * layout::WARP_BYTES, table, after);
    }
};

/** @param loops a block of threads does every gridDim.x-th tile, all of the same columns; neither multicast nor splits */
template <class Kind, int groups, int N, int stages, bool loops>
static __device__ __forceinline__ void fov_hopper_conv(const fov_hopper_params &p)
{
    typedef fov_hopper_layout<groups, N, stages, loops> layout;
    typedef typename Kind::sum                          Sum;
    enum { THREADS = layout::THREADS, ROWS = layout::ROWS };

    const uint32_t  unaligned = fov_shared_address(fov_shared()), shared = (unaligned + 1023) / 1024 * 1024;
    unsigned char  *memory = fov_shared() + (shared - unaligned);
    uint32_t       *table = (uint32_t *)(memory + layout::TABLE);
    Sum            *sums = (Sum *)(memory + layout::SUMS);
    const bool      producer = threadIdx.x >= THREADS;
    int             index = (int)blockIdx.x / (p.multicast * p.splits);
    fov_hopper_tile tile = fov_hopper_tile_of(p, ROWS, N, index);

    if (threadIdx.x == THREADS) {
        fov_tensor_prefetch(&p.a);
        fov_tensor_prefetch(&p.b);
        for (int i = 0; i < stages; i++) {
            fov_barrier_init(shared + layout::FULL + 8 * i, 1);
            fov_barrier_init(shared + layout::EMPTY + 8 * i, (uint32_t)(groups * 4 * p.multicast));
        }
        fov_barrier_init_done();
        if (p.multicast == 1) fov_hopper_begin<Kind, layout, N, stages>(p, tile, shared);
    }
    if (p.multicast > 1) fov_cluster_meet();
    else __syncthreads();
    fov_depend_launch();

    if (producer) {
        if (threadIdx.x == THREADS) fov_hopper_produce_all<Kind, layout, N, stages, loops>(p, tile, shared, index);
        __syncwarp();
        if (p.splits > 1) fov_hopper_end_slices<layout, N>(p, tile, sums, table, 0);
        return;
    }
    const int                   bytes = fov_hopper_table_load<layout, N, Sum>(p, tile, table);
    fov_hopper_turn             turn = {0, 0};
    fov_hopper_residual<N, Sum> residual;
    if (bytes) residual.load(p, tile);
    for (;;) {
        Sum d[N / 2];
        /* What the first product would overwrite would otherwise seem to be alive since the last tile. */
#pragma unroll
        for (int i = 0; loops && i < N / 2; i++) d[i] = 0;
        fov_hopper_sum<layout, stages, loops>(p, tile, shared, &turn, d);
        index += (int)gridDim.x;
        const bool            more = loops && index < p.tiles;
        const fov_hopper_tile next = more ? fov_hopper_tile_of(p, ROWS, N, index) : tile;
        if (bytes) {
            if (!loops) fov_sync_threads(THREADS); /* nobody reads stages, whose place bytes take */
            fov_depend_wait();
            residual.finish(p, tile, next, more, bytes, d, memory + layout::SUMS, table);
        } else {
            fov_sync_threads(THREADS); /* nobody reads what sums are written to: stages, or the sums before */
            fov_hopper_put_sums<N, layout::SUMS_LD>(sums, d);
            fov_depend_wait();
            const int left = p.pixels - tile.first_pixel, rows = left < ROWS ? left : ROWS;
            if (!loops && p.splits > 1) {
                fov_hopper_end_slices<layout, N>(p, tile, sums, table, rows);
                return;
            }
            fov_sync_threads(THREADS);
            fov_hopper_end<layout, N>(p, tile, sums, table, 0, rows);
        }
        if (!more) return;
        tile = next;
    }
}

/* Named by rows and columns of their tile. `blocks` of them are to be on a multiprocessor at once. */
#define FOV_HOPPER(kind, name, groups, columns, stages, blocks, loops)                                                             \
    extern "C" __global__ void __launch_bounds__(groups * 128 + 32, blocks)                                                        \
        fov_conv_hopper_##kind##_##name(const __grid_constant__ fov_hopper_params p)                                               \
    {                                                                                                                              \
        fov_hopper_conv<fov_hopper_##kind, groups, columns, stages, loops>(p);                                                     \
    }

#define FOV_HOPPER_KIND(kind)                                                                                                      \
    FOV_HOPPER(kind, 128x64, 2, 64, 4, 2, false)                                                                                   \
    FOV_HOPPER(kind, 128x64_loop, 2, 64, 3, 2, true)                                                                               \
    FOV_HOPPER(kind, 128x128, 2, 128, 3, 2, false)                                                                                 \
    FOV_HOPPER(kind, 128x256, 2, 256, 4, 1, false)                                                                                 \
    FOV_HOPPER(kind, 256x128, 4, 128, 4, 1, false)

FOV_HOPPER_KIND(half)
FOV_HOPPER_KIND(u8)
