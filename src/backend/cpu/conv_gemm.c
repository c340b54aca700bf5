// SPDX-License-Identifier: MIT
/* Convolution as an indirect GEMM: C[output pixels][cout] = A[output pixels][kh * kw * cin] * W.
 *
 * W is packed at lowering into panels (conv_pack.c). A is never built; pointers to its pieces are found for a chunk of pixel tiles,
 * and then every panel of the chunk's panels is run over those tiles. So a panel is read from memory once per chunk, and the
 * chunk's part of A stays in the second-level cache while the panels pass by. Chunks are what threads share: ranges of pixel tiles,
 * times groups of panels where there are few tiles.
 */
#include "backend/cpu/conv_gemm.h"

#include "base/alloc.h"

#include <assert.h>

enum {
    A_CACHE_BYTES = 256 << 10, /* of A in one chunk: a quarter of a second-level cache */
    W_CACHE_BYTES = 128 << 10, /* of W that stays cached beside everything else */
    MAX_CHUNK_TILES = 16,      /* bounds the pointers of a block */
};

/* How the tiles of one run are shared out. */
typedef struct split {
    ptrdiff_t pixels, tiles, chunk_tiles, block_tiles, pixel_chunks;
    size_t    panel_groups, n_panel;
} split;

static ptrdiff_t round_up_div(ptrdiff_t a, ptrdiff_t b)
{
    return (a + b - 1) / b;
}

/* Bytes of one row of A that a chunk keeps in the cache: neighbours share what they read, but no copies. */
static ptrdiff_t a_bytes(const fov_conv_gemm *step)
{
    const fov_conv *conv = &step->conv;
    if (step->pieces.widen) return conv->kh * conv->cin * (ptrdiff_t)step->pieces.wide_size;
    if (step->pieces.copies) return (ptrdiff_t)(step->pieces.taps * step->pieces.room);
    return conv->cin * (ptrdiff_t)fov_dtype_size(conv->x.dtype);
}

/* @param n_panel of all steps */
static split split_chunks(const fov_conv_gemm *step, size_t n_panel, ptrdiff_t pixels, int threads)
{
    split           s = {.pixels = pixels, .tiles = round_up_div(pixels, step->rows), .panel_groups = 1};
    const ptrdiff_t wanted = threads > 1 ? (ptrdiff_t)threads * FOV_CPU_CHUNKS_PER_THREAD : 1;
    s.chunk_tiles = A_CACHE_BYTES / step->rows / a_bytes(step);
    if (s.chunk_tiles > MAX_CHUNK_TILES) s.chunk_tiles = MAX_CHUNK_TILES;
    /* Weights that stay cached are cheaper to read for one more chunk than pixels are to find for one more group. */
    if (step->packed_bytes <= W_CACHE_BYTES && s.chunk_tiles > s.tiles / wanted) s.chunk_tiles = s.tiles / wanted;
    if (s.chunk_tiles < 1) s.chunk_tiles = 1;
    s.pixel_chunks = round_up_div(s.tiles, s.chunk_tiles);
    if (s.pixel_chunks >= wanted) return s;
    s.panel_groups = (size_t)round_up_div(wanted, s.pixel_chunks ? s.pixel_chunks : 1);
    if (s.panel_groups <= n_panel) return s;
    s.panel_groups = n_panel;
    s.chunk_tiles = round_up_div(s.tiles, round_up_div(wanted, (ptrdiff_t)s.panel_groups));
    if (s.chunk_tiles < 1) s.chunk_tiles = 1;
    s.pixel_chunks = round_up_div(s.tiles, s.chunk_tiles);
    return s;
}

static split split_work(const void *const *steps, int count, ptrdiff_t pixels, int threads)
{
    size_t n_panel = 0, packed_bytes = 0;
    for (int i = 0; i < count; i++) {
        const fov_conv_gemm *step = steps[i];
        n_panel += step->n_panel;
        packed_bytes += step->packed_bytes;
    }
    assert(n_panel > 0); /* a convolution without outputs is none */
    split s = split_chunks(steps[0], n_panel, pixels, threads);
    s.n_panel = n_panel;
    s.block_tiles = packed_bytes <= W_CACHE_BYTES ? 1 : s.chunk_tiles;
    return s;
}

/* Per-thread scratch: for every tile of a block the pointers to A and to the residual; then the patches. */
static size_t pointers_per_tile(const fov_conv_gemm *step)
{
    return (step->pieces.taps + 1) * (size_t)step->rows;
}

static size_t patch_bytes(const fov_conv_gemm *step)
{
    return fov_conv_pieces_patch(&step->pieces, (size_t)step->rows);
}

static size_t scratch_per_thread(const fov_conv_gemm *step, ptrdiff_t block_tiles)
{
    size_t tile_bytes = pointers_per_tile(step) * sizeof(void *) + patch_bytes(step);
    return ((size_t)block_tiles * tile_bytes + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
}

static ptrdiff_t output_pixels(const fov_view *out)
{
    return out->shape.dim[0] * out->shape.dim[2] * out->shape.dim[3];
}

static size_t gemm_scratch(const void *const *step, int count, const fov_view *out, int threads)
{
    split s = split_work(step, count, output_pixels(out), threads);
    return (size_t)threads * scratch_per_thread(step[0], s.block_tiles);
}

typedef struct gemm_run {
    const fov_conv_gemm *step; /* the first, whose rows are those of all */
    const void *const   *all;
    fov_conv_shape       shape[FOV_STEP_NODES];
    fov_conv_rows        rows;
    split                split;
    unsigned char       *scratch;
} gemm_run;

static size_t panels_of(const gemm_run *run, int index)
{
    return ((const fov_conv_gemm *)run->all[index])->n_panel;
}

static int tile_rows(const gemm_run *run, ptrdiff_t tile)
{
    ptrdiff_t left = run->split.pixels - tile * run->step->rows;
    return (int)(left < run->step->rows ? left : run->step->rows);
}

/* Pointers and patches of tiles first .. last - 1, and the steps of their rows. Patches lie behind the pointers of all tiles of a
 * block. */
static void find_pointers(const gemm_run *run, ptrdiff_t first, ptrdiff_t last, const void **pointers, unsigned char *patch,
                          ptrdiff_t *steps)
{
    const fov_conv_gemm *step = run->step;
    for (ptrdiff_t tile = first; tile < last; tile++) {
        int m = tile_rows(run, tile);
        *steps++ = fov_conv_rows_find(&run->rows, tile * step->rows, m, pointers, patch);
        if (run->shape[0].residual.data)
            fov_conv_residual_find(&run->shape[0], step->conv.fused.residual_scale, tile * step->rows, m,
                                   pointers + step->pieces.taps * (size_t)step->rows);
        pointers += pointers_per_tile(step);
        patch += patch_bytes(step);
    }
}

/* Panel `index` of those of all steps. Only a step that runs alone has a residual. */
static void run_panel(const gemm_run *run, size_t index, ptrdiff_t first, ptrdiff_t last, const void *const *pointers,
                      const ptrdiff_t *steps)
{
    int of = 0;
    while (index >= panels_of(run, of)) index -= panels_of(run, of++);
    const fov_conv_gemm  *step = run->all[of];
    const fov_conv_shape *shape = &run->shape[of];
    for (ptrdiff_t tile = first; tile < last; tile++, pointers += pointers_per_tile(step)) {
        const fov_conv_tile place = {.m = tile_rows(run, tile),
                                     .taps = run->rows.taps,
                                     .k = run->rows.k,
                                     .groups = step->groups,
                                     .a = pointers,
                                     .lda = run->rows.lda,
                                     .a_step = *steps++,
                                     .residual = shape->residual.data ? pointers + step->pieces.taps * (size_t)step->rows : NULL,
                                     .c = fov_pixel_at(&shape->y, tile * step->rows)};
        fov_conv_tile_run(step, &step->panel[index], shape, &place);
    }
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    const gemm_run       *run = context;
    const fov_conv_gemm  *step = run->step;
    const fov_gemm_tiles *tiles = fov_conv_gemm_tiles(step);
    const split          *s = &run->split;
    const size_t          group = index % s->panel_groups;
    const ptrdiff_t       first = (ptrdiff_t)(index / s->panel_groups) * s->chunk_tiles;
    const ptrdiff_t       last = first + s->chunk_tiles < s->tiles ? first + s->chunk_tiles : s->tiles;
    const void          **pointers = (const void **)(void *)(run->scratch + thread * scratch_per_thread(step, s->block_tiles));
    unsigned char        *patch = (unsigned char *)(pointers + (size_t)s->block_tiles * pointers_per_tile(step));

    const size_t first_panel = group * s->n_panel / s->panel_groups, end_panel = (group + 1) * s->n_panel / s->panel_groups;
    if (tiles) tiles->begin(step->groups);
    for (ptrdiff_t tile = first; tile < last; tile += s->block_tiles) {
        const ptrdiff_t end = tile + s->block_tiles < last ? tile + s->block_tiles : last;
        ptrdiff_t       steps[MAX_CHUNK_TILES];
        find_pointers(run, tile, end, pointers, patch, steps);
        for (size_t i = first_panel; i < end_panel; i++) run_panel(run, i, tile, end, pointers, steps);
    }
    if (tiles) tiles->end();
}

static fov_status gemm_steps(const void *const *step, int count, const fov_view *const *in, fov_view *out, void *scratch,
                             fov_pool *pool, fov_error *err)
{
    gemm_run   run = {.step = step[0], .all = step, .scratch = scratch};
    fov_status st = fov_conv_shapes_read(step, count, in, out, run.shape, err);
    if (st) return st;
    run.rows = fov_conv_rows_of(&run.step->conv, &run.step->pieces, &run.shape[0], run.step->zero, (size_t)run.step->rows);
    run.split = split_work(step, count, output_pixels(out), fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)run.split.pixel_chunks * run.split.panel_groups);
    return FOV_OK;
}

static bool same_pieces(const fov_conv_pieces *a, const fov_conv_pieces *b)
{
    return a->taps == b->taps && a->k == b->k && a->packed == b->packed && a->copies == b->copies && a->widen == b->widen &&
           a->room == b->room && a->wide_size == b->wide_size;
}

bool fov_conv_gemm_same_rows(const void *first, const void *second)
{
    const fov_conv_gemm *a = first, *b = second;
    return fov_conv_same_window(&a->conv, &b->conv) && same_pieces(&a->pieces, &b->pieces) && a->groups == b->groups &&
           a->rows == b->rows && a->tiled == b->tiled && a->conv.group == 1;
}

static const fov_conv_kind gemm_kind = {fov_conv_gemm_same_rows, gemm_scratch, gemm_steps};

const fov_conv_gemm *fov_conv_pointwise_of(const fov_lowered *lowered)
{
    const fov_conv_gemm *step = lowered->impl;
    if (lowered->kin != &gemm_kind || step->packed_bytes > W_CACHE_BYTES) return NULL;
    const fov_conv *conv = &step->conv;
    const bool      pointwise = conv->kh * conv->kw == 1 && conv->stride[0] == 1 && conv->stride[1] == 1 && conv->group == 1;
    return pointwise && !conv->has_residual ? step : NULL;
}

fov_status fov_conv_lower_gemm(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    fov_conv_gemm *step;
    fov_status     st = fov_conv_gemm_new(conv, kernels, &step, err);
    if (st) return st;
    step->conv.kind = fov_conv_band_fits(step) ? &fov_conv_band : &gemm_kind;
    *out = (fov_lowered){.kernel = step->name,
                         .packed = true,
                         .bytes = step->packed_bytes,
                         .impl = step,
                         .in_place = fov_conv_in_place(conv),
                         .kin = step->conv.kind,
                         .scratch = fov_conv_one_scratch,
                         .run = fov_conv_one_run,
                         .free = fov_conv_gemm_free};
    return FOV_OK;
}
