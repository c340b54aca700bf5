// SPDX-License-Identifier: MIT
/* A depthwise convolution and the 1x1 that reads it, by bands of rows: what the first makes is read while it is still in the cache,
 * and never written to memory. Every output is computed as the two steps alone compute it. */
#include "backend/cpu/conv_gemm.h"

#include "base/alloc.h"
#include "graph/op.h"

#include <stdio.h>

enum { BAND_CACHE_BYTES = 24 << 10 /* of the rows between the two: most of a first-level cache */ };

typedef struct conv_chain {
    const fov_lowered   *first;
    const fov_conv      *depthwise;
    const fov_conv_gemm *pointwise;
    char                 name[128];
} conv_chain;

typedef struct chain_run {
    const conv_chain *chain;
    fov_conv_shape    first, second; /* their y and x between the two have no memory of their own */
    ptrdiff_t         rows, chunks;  /* output rows of a chunk, through all images */
    size_t            band_bytes, pointer_bytes, thread_bytes;
    unsigned char    *scratch;
} chain_run;

static size_t aligned(size_t bytes)
{
    return (bytes + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
}

/* How an output of `rows` rows, in all images, of `width` pixels is cut. */
static void cut(chain_run *run, ptrdiff_t rows, ptrdiff_t width, int threads)
{
    const fov_conv_gemm *step = run->chain->pointwise;
    const ptrdiff_t      row_bytes = width * step->conv.cin * (ptrdiff_t)fov_dtype_size(step->conv.x.dtype);
    const ptrdiff_t      fitting = BAND_CACHE_BYTES / row_bytes;
    const ptrdiff_t      shared = fov_cpu_rows_per_chunk(rows, threads);
    run->rows = fitting < shared ? fitting : shared;
    if (run->rows < 1) run->rows = 1;
    run->chunks = (rows + run->rows - 1) / run->rows;
    run->band_bytes = aligned((size_t)(run->rows * row_bytes) + FOV_OVERREAD);
    run->pointer_bytes = aligned(step->pieces.taps * (size_t)step->rows * sizeof(void *));
    run->thread_bytes = run->band_bytes + run->pointer_bytes + aligned(fov_conv_pieces_patch(&step->pieces, (size_t)step->rows));
}

static size_t chain_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    (void)in;
    chain_run run = {.chain = impl};
    cut(&run, out->shape.dim[0] * out->shape.dim[2], out->shape.dim[3], threads);
    return (size_t)threads * run.thread_bytes;
}

/* Pixels of the band become pixels of y from `first` on. */
static void run_pointwise(const chain_run *run, const fov_conv_rows *rows, ptrdiff_t first, ptrdiff_t count, const void **pointers)
{
    const fov_conv_gemm *step = run->chain->pointwise;
    unsigned char       *patch = (unsigned char *)pointers + run->pointer_bytes;
    for (ptrdiff_t i = 0; i < count; i += step->rows) {
        const int           m = (int)(count - i < step->rows ? count - i : step->rows);
        const ptrdiff_t     a_step = fov_conv_rows_find(rows, i, m, pointers, patch);
        const fov_conv_tile tile = {.m = m,
                                    .taps = rows->taps,
                                    .k = rows->k,
                                    .groups = step->groups,
                                    .a = pointers,
                                    .lda = rows->lda,
                                    .a_step = a_step,
                                    .c = fov_pixel_at(&run->second.y, first + i)};
        for (size_t p = 0; p < step->n_panel; p++) fov_conv_tile_run(step, &step->panel[p], &run->second, &tile);
    }
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    const chain_run     *run = context;
    const fov_conv_gemm *step = run->chain->pointwise;
    const ptrdiff_t      all = run->second.y.n * run->second.y.h, width = run->second.y.w;
    const ptrdiff_t      first = (ptrdiff_t)index * run->rows, last = first + run->rows < all ? first + run->rows : all;
    unsigned char       *band = run->scratch + thread * run->thread_bytes;
    fov_conv_shape       above = run->first, below = run->second;
    above.y.bytes = below.x.bytes = band;
    const fov_conv_rows rows = fov_conv_rows_of(&step->conv, &step->pieces, &below, step->zero, (size_t)step->rows);
    fov_conv_depthwise_rows(run->chain->first, &above, first, last);
    const fov_gemm_tiles *tiles = fov_conv_gemm_tiles(step);
    if (tiles) tiles->begin(step->groups);
    run_pointwise(run, &rows, first * width, (last - first) * width, (const void **)(void *)(band + run->band_bytes));
    if (tiles) tiles->end();
}

static fov_status chain_step(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                             fov_error *err)
{
    chain_run       run = {.chain = impl, .scratch = scratch};
    const fov_conv *depthwise = run.chain->depthwise, *pointwise = &run.chain->pointwise->conv;
    const int64_t  *dim = out->shape.dim;
    fov_view        between = fov_view_nhwc_of(pointwise->x.dtype, dim[0], pointwise->cin, dim[2], dim[3], pointwise->cin, NULL);
    const fov_view *second_in[] = {&between, NULL, NULL, NULL};
    between.quant = pointwise->x.quant;
    fov_status st = fov_conv_shape_read(depthwise, in, &between, &run.first, err);
    if (!st) st = fov_conv_shape_read(pointwise, second_in, out, &run.second, err);
    if (st) return st;
    cut(&run, dim[0] * dim[2], dim[3], fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)run.chunks);
    return FOV_OK;
}

fov_status fov_conv_chain(const fov_lowered *first, const fov_lowered *second, fov_lowered *out, fov_error *err)
{
    const fov_conv      *depthwise = fov_conv_depthwise_of(first);
    const fov_conv_gemm *pointwise = fov_conv_pointwise_of(second);
    *out = (fov_lowered){0};
    if (!depthwise || !pointwise) return FOV_OK;
    conv_chain *chain = fov_calloc(1, sizeof *chain);
    if (!chain) return fov_fail_memory(err, "a chain of layers");
    chain->first = first;
    chain->depthwise = depthwise;
    chain->pointwise = pointwise;
    snprintf(chain->name, sizeof chain->name, "%s+%s", first->kernel, second->kernel);
    *out = (fov_lowered){.kernel = chain->name, .impl = chain, .scratch = chain_scratch, .run = chain_step, .free = fov_free};
    return FOV_OK;
}
