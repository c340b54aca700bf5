// SPDX-License-Identifier: MIT
#include "backend/cuda/gemm_tile.h"

#include <stdio.h>

enum { SUM_PAD = 8 /* FOV_GEMM_SUM_PAD of conv_gemm.cuh */ };

#define STEPS_BYTES(bm, bn, kb, stages) (((bm) + (bn)) * (kb) * (stages))
#define SUMS_BYTES(bm, bn) ((bm) * ((bn) + SUM_PAD) * 4)
#define MOST(a, b) ((a) > (b) ? (a) : (b))

static const struct gemm_tile {
    int pixels, channels, threads, step_bytes, shared_bytes;
} tiles[] = {
#define FOV_GEMM_TILE(bm, bn, wm, wn, kb, stages)                                                                                  \
    {bm, bn, (wm) * (wn)*32, kb, MOST(STEPS_BYTES(bm, bn, kb, stages), SUMS_BYTES(bm, bn))},
#include "backend/cuda/kernels/gemm_tiles.def"
#undef FOV_GEMM_TILE
};

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t blocks_of(const fov_gemm_problem *problem, const struct gemm_tile *tile)
{
    return ceil_div(problem->pixels, tile->pixels) * ceil_div(problem->end.channels, tile->channels);
}

/* In units of a 16-byte column of a tile brought in and multiplied: a block's beginning and end cost about as much as so many;
 * blocks beyond what the processors hold at once wait; larger tiles read less for what they multiply. */
static double cost_of(const fov_gemm_problem *const *problem, int count, const struct gemm_tile *tile, int processors)
{
    enum { BEGIN = 6000, SHARED_BYTES = 220 * 1024, MOST_BLOCKS = 8 };
    const int resident = SHARED_BYTES / tile->shared_bytes < MOST_BLOCKS ? SHARED_BYTES / tile->shared_bytes : MOST_BLOCKS;
    double    work = 0, longest = 0;
    for (int i = 0; i < count; i++) {
        const double bytes = problem[i]->k_bytes, area = (double)tile->pixels * tile->channels;
        const double block = BEGIN + bytes * (0.5 * (tile->pixels + tile->channels) + area / 64);
        work += block * (double)blocks_of(problem[i], tile);
        if (block > longest) longest = block;
    }
    /* A processor that has one block at a time is idle while that waits for memory. */
    const double filled = work / (processors * (double)(resident < 4 ? resident : 4) / 2);
    return filled > longest ? filled : longest;
}

int fov_gemm_tile_choose(const fov_gemm_problem *const *problem, int count, int processors)
{
    int best = 0;
    for (int i = 1; i < FOV_GEMM_TILES; i++)
        if (cost_of(problem, count, &tiles[i], processors) < cost_of(problem, count, &tiles[best], processors)) best = i;
    return best;
}

fov_status fov_gemm_fill(const char *type, const fov_gemm_problem *const *problem, int count, int tile, fov_gemm_params *params,
                         fov_cuda_launch *launch, fov_error *err)
{
    const struct gemm_tile *t = &tiles[tile];
    int64_t                 blocks = 0;
    params->problems = count;
    for (int i = 0; i < count; i++) {
        params->problem[i] = *problem[i];
        params->problem[i].first_block = (int32_t)blocks;
        params->problem[i].tiles_n = (int32_t)ceil_div(problem[i]->end.channels, t->channels);
        blocks += blocks_of(problem[i], t);
        if (blocks > INT32_MAX) return fov_fail(err, FOV_ERR_LIMIT, "the network is too large for a GPU at this input size");
    }
    *launch =
        (fov_cuda_launch){.blocks = (uint32_t)blocks, .threads = (uint32_t)t->threads, .shared_bytes = (size_t)t->shared_bytes};
    snprintf(launch->kernel, sizeof launch->kernel, "fov_conv_gemm_%s_%dx%d", type, t->pixels, t->channels);
    return FOV_OK;
}

void fov_gemm_describe(const fov_gemm_problem *p, fov_text *text)
{
    const fov_end *end = &p->end;
    const int      images = end->rows && end->columns ? p->pixels / (end->rows * end->columns) : 0;
    fov_text_print(text, " | %dx%dx%d k%d of %dx%d taps %d/%d stride %d,%d", images, end->rows, end->columns, p->k_bytes, p->x_rows,
                   p->x_columns, p->taps, p->taps_across, p->stride_y, p->stride_x);
    fov_text_print(text, " to %d of %s", end->channels, fov_dtype_name((fov_dtype)end->output[0].dtype));
    if (end->residual_at == FOV_END_NO_RESIDUAL) return;
    fov_text_print(text, " with %s %s, up %d", fov_dtype_name((fov_dtype)end->residual_dtype),
                   end->residual_at == FOV_END_RESIDUAL_BEFORE ? "before" : "after", end->residual_upsample);
}
