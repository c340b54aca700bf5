// SPDX-License-Identifier: MIT
/* The heads of all levels and the candidates among their anchors in one launch. A block makes a tile of sums as conv_gemm.cuh does,
 * of pixels of one level and all channels of its heads, and looks at the scores, ended as ever (end.cuh). Of an anchor that is a
 * candidate the box and the landmarks are stored where the heads would have them, for fov_faces_keep; nothing else is. */
#include "backend/cuda/kernels/candidate.cuh"
#include "backend/cuda/kernels/conv_gemm.cuh"
#include "backend/cuda/kernels/params_heads.h"

static_assert((int)FOV_MAX_LEVELS <= (int)FOV_GEMM_PROBLEMS, "a launch has room for all levels");

/** Pixels of a level, whose sums are in shared memory with the numbers of their channels. */
template <class Sum> struct fov_heads_tile {
    const fov_end         *end;
    const fov_end_channel *channel;
    const Sum             *sums;
    int                    ld, first_pixel, rows;

    /** What channel `c` of a row would be stored as. */
    __device__ __forceinline__ float value(int row, int c) const
    {
        return fov_end_value(sums[row * ld + c], &channel[c], FOV_END_NO_RESIDUAL, 0.0F);
    }

    /** Channels of a row to the output that they go to. */
    __device__ __forceinline__ void store(int row, int first, int count) const
    {
        const fov_end_output *output = fov_end_output_of(end, first);
        float                *to = (float *)output->data + (int64_t)(first_pixel + row) * output->ld - output->first_channel;
        for (int c = first; c < first + count; c++) to[c] = value(row, c);
    }
};

/** The warp's candidates to their images, which are one, or follow each other. All lanes. */
static __device__ __forceinline__ void fov_heads_add(const fov_faces_params *p, uint32_t image, bool takes, float score,
                                                     uint32_t index)
{
    const uint32_t last = __shfl_sync(FOV_ALL_LANES, image, 31);
    for (uint32_t i = __shfl_sync(FOV_ALL_LANES, image, 0); i <= last; i++)
        fov_candidates_add(p, i, takes && image == i, score, index);
}

/** @param k of the level that the tile is of */
template <int threads, class Sum>
static __device__ __forceinline__ void fov_heads_collect(const fov_heads_params *p, int k, const fov_heads_tile<Sum> &tile)
{
    const fov_heads_columns *column = &p->column[k];
    const fov_faces_level   *level = &p->faces.level[k];
    const int                anchors = level->anchors, places = tile.rows * anchors, cells = tile.end->rows * tile.end->columns;
    for (int i = (int)threadIdx.x; i - (int)fov_lane_of_thread() < places; i += threads) {
        const int      place = min(i, places - 1), row = place / anchors, anchor = place - row * anchors;
        const int      image = fov_divide(tile.first_pixel + row, p->product.problem[k].image);
        const int      cell = tile.first_pixel + row - image * cells, c = column->scores + 2 * anchor;
        const uint32_t index = level->first + (uint32_t)(cell * anchors + anchor);
        float          score = 0.0F;
        const bool     takes = fov_candidate_score(&p->faces, tile.value(row, c), tile.value(row, c + 1), &score) && i < places;
        fov_heads_add(&p->faces, (uint32_t)image, takes, score, index);
        if (!takes) continue;
        tile.store(row, column->boxes + 4 * anchor, 4);
        tile.store(row, column->landmarks + 10 * anchor, 10);
    }
}

/** Numbers of channels to shared memory. They are there when the product is. */
template <int threads> static __device__ __forceinline__ void fov_heads_load_channels(const fov_end *end, unsigned char *to)
{
    const int bytes = end->channels * (int)sizeof *end->channel;
    for (int at = (int)threadIdx.x * 16; at < bytes; at += threads * 16)
        fov_copy_async_16(to + at, (const unsigned char *)end->channel + at);
}

template <class Type, int BM, int BN, int WM, int WN, int KB, int STAGES>
static __device__ __forceinline__ void fov_heads(const fov_heads_params &params)
{
    enum { THREADS = WM * WN * 32, LD = BN + FOV_GEMM_SUM_PAD, CHANNELS_AT = STAGES * (BM + BN) * KB };
    static_assert(BM * LD * 4 <= (int)CHANNELS_AT, "sums and channels have places of their own");
    const int               k = fov_gemm_problem_of(params.product);
    const fov_gemm_problem &p = params.product.problem[k];
    const int               first_pixel = ((int)blockIdx.x - p.first_block) * BM, left = p.pixels - first_pixel;
    unsigned char *const    channels = fov_shared() + CHANNELS_AT;
    fov_heads_load_channels<THREADS>(&p.end, channels);
    const auto *sums = fov_gemm_tile<Type, BM, BN, WM, WN, KB, STAGES>(p, first_pixel, 0);
    fov_heads_collect<THREADS>(&params, k,
                               fov_heads_tile<typename Type::sum>{&p.end, (const fov_end_channel *)channels, sums, LD, first_pixel,
                                                                  left < BM ? left : BM});
}

#define FOV_HEADS_KERNEL(type, Type, bm, wm, wn, kb, stages)                                                                       \
    FOV_KERNEL(fov_conv_gemm_##type##_##bm##x32_faces, fov_heads_params, wm * wn * 32)                                             \
    {                                                                                                                              \
        fov_heads<Type, bm, 32, wm, wn, kb, stages>(p);                                                                            \
    }

#ifdef FOV_PTX_80 /* GPUs before it take conv_direct.cu */
#define FOV_HEADS_KERNELS_80(...)                                                                                                  \
    FOV_HEADS_KERNEL(bf16, fov_product_bf16, __VA_ARGS__)                                                                          \
    FOV_HEADS_KERNEL(f32, fov_product_f32, __VA_ARGS__)                                                                            \
    FOV_HEADS_KERNEL(tf32, fov_product_tf32, __VA_ARGS__)
#else
#define FOV_HEADS_KERNELS_80(...)
#endif

/* Of the tiles those of 32 channels, which the heads of two anchors have. */
#define FOV_HEADS_TILE_32(...)                                                                                                     \
    FOV_HEADS_KERNEL(u8, fov_product_u8, __VA_ARGS__)                                                                              \
    FOV_HEADS_KERNEL(f16, fov_product_f16, __VA_ARGS__)                                                                            \
    FOV_HEADS_KERNELS_80(__VA_ARGS__)
#define FOV_HEADS_TILE_64(...)
#define FOV_HEADS_TILE_128(...)
#define FOV_GEMM_TILE(bm, bn, ...) FOV_HEADS_TILE_##bn(bm, __VA_ARGS__)
#include "backend/cuda/kernels/gemm_tiles.def"
