// SPDX-License-Identifier: MIT
#include "backend/cuda/gemm_tile.h"

enum { SUM_PAD = 8 /* conv_gemm.cuh: LD */ };

#define STEPS_BYTES(bm, bn, kb, stages) (((bm) + (bn)) * (kb) * (stages))
#define SUMS_BYTES(bm, bn) ((bm) * ((bn) + SUM_PAD) * 4)
#define MOST(a, b) ((a) > (b) ? (a) : (b))

static const fov_gemm_tile tiles[] = {
#define FOV_GEMM_TILE(bm, bn, wm, wn, kb, stages)                                                                                  \
    {bm, bn, (wm) * (wn) * 32, kb, MOST(STEPS_BYTES(bm, bn, kb, stages), SUMS_BYTES(bm, bn))},
#include "backend/cuda/kernels/gemm_tiles.def"
#undef FOV_GEMM_TILE
};

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

int64_t fov_gemm_blocks(const fov_gemm_problem *problem, const fov_gemm_tile *tile)
{
    return ceil_div(problem->pixels, tile->pixels) * ceil_div(problem->end.channels, tile->channels);
}

/* In units of a 16-byte column of a tile brought in and multiplied: a block's beginning and end cost about as much as so many; blocks
 * beyond what the processors hold at once wait; larger tiles read less for what they multiply. */
static double cost_of(const fov_gemm_problem *const *problem, int count, const fov_gemm_tile *tile, int processors)
{
    enum { BEGIN = 6000, SHARED_BYTES = 220 * 1024, MOST_BLOCKS = 8 };
    const int resident = SHARED_BYTES / tile->shared_bytes < MOST_BLOCKS ? SHARED_BYTES / tile->shared_bytes : MOST_BLOCKS;
    double    work = 0, longest = 0;
    for (int i = 0; i < count; i++) {
        const double bytes = problem[i]->k_bytes, area = (double)tile->pixels * tile->channels;
        const double block = BEGIN + bytes * (0.5 * (tile->pixels + tile->channels) + area / 64);
        work += block * (double)fov_gemm_blocks(problem[i], tile);
        if (block > longest) longest = block;
    }
    /* A processor that has one block at a time is idle while that waits for memory. */
    const double filled = work / (processors * (double)(resident < 4 ? resident : 4) / 2);
    return filled > longest ? filled : longest;
}

const fov_gemm_tile *fov_gemm_tile_choose(const fov_gemm_problem *const *problem, int count, int processors)
{
    const fov_gemm_tile *best = &tiles[0];
    for (size_t i = 1; i < sizeof tiles / sizeof *tiles; i++)
        if (cost_of(problem, count, &tiles[i], processors) < cost_of(problem, count, best, processors)) best = &tiles[i];
    return best;
}
