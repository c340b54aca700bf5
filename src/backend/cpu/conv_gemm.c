// SPDX-License-Identifier: MIT
/* Convolution as an indirect GEMM: C[output pixels][cout] = A[output pixels][kh * kw * cin] * W.
 *
 * W is packed at lowering into panels as wide as the kernel that will read them: nr biases, then taps * cin rows of nr weights. A
 * is never built; pointers to its pieces are found for a chunk of pixel tiles, and then every panel of the chunk's panels is run
 * over those tiles. So a panel is read from memory once per chunk, and the chunk's part of A stays in the second-level cache
 * while the panels pass by. Chunks are what threads share: ranges of pixel tiles, times groups of panels where there are few tiles.
 */
#include "backend/cpu/conv.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

enum {
    RESIDUAL_INPUT = 3,        /* of a fused Conv */
    A_CACHE_BYTES = 256 << 10, /* of A in one chunk: a quarter of a second-level cache */
    W_CACHE_BYTES = 128 << 10, /* of W that stays cached beside everything else */
    MAX_CHUNK_TILES = 16,      /* bounds the pointers of a block */
};

typedef struct panel {
    const fov_gemm_f32 *kernel;
    const float        *w;
    ptrdiff_t           channel;  /* first output channel */
    ptrdiff_t           a_offset; /* first input channel of its group */
    int                 n;
} panel;

typedef struct conv_gemm {
    fov_conv    conv;
    fov_kernels kernels;
    char        name[64];
    size_t      taps, k;
    int         mr; /* rows of a tile, fit for all panels */
    float      *packed, *zero;
    size_t      packed_floats, n_panel;
    panel       panel[];
} conv_gemm;

/* ---------------------------------------------------------------- lowering */

/* The kernel for the next panel when `left` columns remain: exactly covering if rounding up to the narrowest width makes that
 * possible, else the widest that is filled. */
static const fov_gemm_f32 *choose_kernel(const fov_kernels *kernels, ptrdiff_t left)
{
    const fov_gemm_f32 *gemm = kernels->gemm, *narrowest = gemm;
    for (int i = 1; i < FOV_GEMM_WIDTHS && gemm[i].nr; i++) narrowest = &gemm[i];
    ptrdiff_t rounded = (left + narrowest->nr - 1) / narrowest->nr * narrowest->nr;
    for (const fov_gemm_f32 *g = gemm; g <= narrowest; g++)
        if (g->nr <= rounded) return g;
    return narrowest;
}

/* Panels of one group of channels; with panel NULL only counts. */
static size_t make_panels(const fov_kernels *kernels, const fov_conv *conv, ptrdiff_t group, panel *panels)
{
    const ptrdiff_t per_group = conv->cout / conv->group;
    size_t          count = 0;
    for (ptrdiff_t done = 0; done < per_group; count++) {
        const fov_gemm_f32 *kernel = choose_kernel(kernels, per_group - done);
        ptrdiff_t           n = per_group - done < kernel->nr ? per_group - done : kernel->nr;
        if (panels)
            panels[count] = (panel){
                .kernel = kernel, .channel = group * per_group + done, .a_offset = group * (conv->cin / conv->group), .n = (int)n};
        done += n;
    }
    return count;
}

static size_t panel_floats(const conv_gemm *step, const panel *p)
{
    const size_t line = FOV_ALIGN / sizeof(float);
    return ((size_t)p->kernel->nr * (1 + step->taps * step->k) + line - 1) / line * line;
}

static float *pack_panel(const conv_gemm *step, const panel *p, float *to)
{
    const fov_conv *conv = &step->conv;
    const size_t    nr = (size_t)p->kernel->nr;
    for (int j = 0; j < p->n; j++) {
        const float *from = conv->weight + (size_t)(p->channel + j) * step->taps * step->k;
        to[j] = conv->bias ? conv->bias[p->channel + j] : 0;
        for (size_t tap = 0; tap < step->taps; tap++)
            for (size_t c = 0; c < step->k; c++) to[nr * (1 + tap * step->k + c) + (size_t)j] = from[c * step->taps + tap];
    }
    return to + panel_floats(step, p);
}

/* Sizes cannot overflow: at most MAX_NR floats stand for one weight or bias that the graph holds in memory. */
static fov_status pack(conv_gemm *step, fov_error *err)
{
    const fov_conv *conv = &step->conv;
    const size_t    zero_floats = (size_t)(conv->cin * conv->kw) + FOV_OVERREAD / sizeof(float);
    for (size_t i = 0; i < step->n_panel; i++) step->packed_floats += panel_floats(step, &step->panel[i]);
    const size_t bytes = (step->packed_floats + zero_floats) * sizeof(float);
    if (!(step->packed = fov_alloc_aligned(bytes))) return fov_fail_memory(err, "packed weights");
    memset(step->packed, 0, bytes);
    step->zero = step->packed + step->packed_floats;
    float *to = step->packed;
    for (size_t i = 0; i < step->n_panel; i++) {
        step->panel[i].w = to;
        to = pack_panel(step, &step->panel[i], to);
    }
    return FOV_OK;
}

static void free_gemm(void *impl)
{
    conv_gemm *step = impl;
    fov_free_aligned(step->packed);
    fov_free(step);
}

/* ---------------------------------------------------------------- running */

/* How the tiles of one run are shared out. */
typedef struct split {
    ptrdiff_t pixels, tiles, chunk_tiles, block_tiles, pixel_chunks;
    size_t    panel_groups;
} split;

static ptrdiff_t round_up_div(ptrdiff_t a, ptrdiff_t b)
{
    return (a + b - 1) / b;
}

static split split_chunks(const conv_gemm *step, ptrdiff_t pixels, int threads)
{
    split           s = {.pixels = pixels, .tiles = round_up_div(pixels, step->mr), .panel_groups = 1};
    const ptrdiff_t wanted = threads > 1 ? (ptrdiff_t)threads * FOV_CPU_CHUNKS_PER_THREAD : 1;
    s.chunk_tiles = A_CACHE_BYTES / (ptrdiff_t)sizeof(float) / step->mr / step->conv.cin;
    if (s.chunk_tiles > MAX_CHUNK_TILES) s.chunk_tiles = MAX_CHUNK_TILES;
    if (s.chunk_tiles < 1) s.chunk_tiles = 1;
    s.pixel_chunks = round_up_div(s.tiles, s.chunk_tiles);
    if (s.pixel_chunks >= wanted) return s;
    s.panel_groups = (size_t)round_up_div(wanted, s.pixel_chunks ? s.pixel_chunks : 1);
    if (s.panel_groups <= step->n_panel) return s;
    s.panel_groups = step->n_panel;
    s.chunk_tiles = round_up_div(s.tiles, round_up_div(wanted, (ptrdiff_t)s.panel_groups));
    if (s.chunk_tiles < 1) s.chunk_tiles = 1;
    s.pixel_chunks = round_up_div(s.tiles, s.chunk_tiles);
    return s;
}

static split split_work(const conv_gemm *step, ptrdiff_t pixels, int threads)
{
    split s = split_chunks(step, pixels, threads);
    s.block_tiles = step->packed_floats * sizeof(float) <= W_CACHE_BYTES ? 1 : s.chunk_tiles;
    return s;
}

/* Per-thread scratch: for every tile of a block the pointers to A and to the residual; then the patches. */
static size_t pointers_per_tile(const conv_gemm *step)
{
    return (step->taps + 1) * (size_t)step->mr;
}

static size_t scratch_per_thread(const conv_gemm *step, ptrdiff_t block_tiles)
{
    size_t tile_bytes =
        pointers_per_tile(step) * sizeof(float *) + fov_conv_rows_patch(&step->conv, (size_t)step->mr) * sizeof(float);
    return ((size_t)block_tiles * tile_bytes + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
}

static ptrdiff_t output_pixels(const fov_view *out)
{
    return out->shape.dim[0] * out->shape.dim[2] * out->shape.dim[3];
}

static size_t gemm_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    (void)in;
    split s = split_work(impl, output_pixels(out), threads);
    return (size_t)threads * scratch_per_thread(impl, s.block_tiles);
}

typedef struct gemm_run {
    const conv_gemm *step;
    fov_conv_shape   shape;
    fov_conv_rows    rows;
    split            split;
    unsigned char   *scratch;
} gemm_run;

static int tile_rows(const gemm_run *run, ptrdiff_t tile)
{
    ptrdiff_t left = run->split.pixels - tile * run->step->mr;
    return (int)(left < run->step->mr ? left : run->step->mr);
}

static void find_pointers(const gemm_run *run, ptrdiff_t first, ptrdiff_t last, const float **pointers, float *patch)
{
    const conv_gemm *step = run->step;
    for (ptrdiff_t tile = first; tile < last; tile++) {
        int m = tile_rows(run, tile);
        fov_conv_rows_find(&run->rows, tile * step->mr, m, pointers, patch);
        if (run->shape.residual.data)
            fov_conv_residual_find(&run->shape, step->conv.fused.residual_scale, tile * step->mr, m,
                                   pointers + step->taps * (size_t)step->mr);
        pointers += pointers_per_tile(step);
        patch += fov_conv_rows_patch(&step->conv, (size_t)step->mr);
    }
}

static void run_panel(const gemm_run *run, const panel *p, ptrdiff_t first, ptrdiff_t last, const float *const *pointers)
{
    const conv_gemm  *step = run->step;
    const fov_pixels *y = &run->shape.y;
    fov_gemm_f32_call call = {.n = p->n,
                              .taps = run->rows.taps,
                              .k = run->rows.k,
                              .lda = run->rows.lda,
                              .a_offset = p->a_offset,
                              .w = p->w,
                              .ldc = y->ld,
                              .residual_offset = p->channel,
                              .residual_after = step->conv.fused.residual_after,
                              .slope = step->conv.fused.slope};
    for (ptrdiff_t tile = first; tile < last; tile++, pointers += pointers_per_tile(step)) {
        call.m = tile_rows(run, tile);
        call.a = pointers;
        call.c = y->data + tile * step->mr * y->ld + p->channel;
        call.residual = run->shape.residual.data ? pointers + step->taps * (size_t)step->mr : NULL;
        p->kernel->run(&call);
    }
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    const gemm_run  *run = context;
    const conv_gemm *step = run->step;
    const split     *s = &run->split;
    const size_t     group = index % s->panel_groups;
    const ptrdiff_t  first = (ptrdiff_t)(index / s->panel_groups) * s->chunk_tiles;
    const ptrdiff_t  last = first + s->chunk_tiles < s->tiles ? first + s->chunk_tiles : s->tiles;
    const float    **pointers = (const float **)(void *)(run->scratch + thread * scratch_per_thread(step, s->block_tiles));
    float           *patch = (float *)(void *)(pointers + (size_t)s->block_tiles * pointers_per_tile(step));

    const size_t first_panel = group * step->n_panel / s->panel_groups, end_panel = (group + 1) * step->n_panel / s->panel_groups;
    for (ptrdiff_t tile = first; tile < last; tile += s->block_tiles) {
        const ptrdiff_t end = tile + s->block_tiles < last ? tile + s->block_tiles : last;
        find_pointers(run, tile, end, pointers, patch);
        for (size_t i = first_panel; i < end_panel; i++) run_panel(run, &step->panel[i], tile, end, pointers);
    }
}

static fov_status gemm_step(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                            fov_error *err)
{
    gemm_run   run = {.step = impl, .scratch = scratch};
    fov_status st = fov_conv_shape_read(&run.step->conv, in, out, &run.shape, err);
    if (st) return st;
    run.rows = fov_conv_rows_of(&run.step->conv, &run.shape, run.step->zero, (size_t)run.step->mr);
    run.split = split_work(run.step, output_pixels(out), fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)run.split.pixel_chunks * run.split.panel_groups);
    return FOV_OK;
}

fov_status fov_conv_lower_gemm(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    const size_t per_group = make_panels(kernels, conv, 0, NULL), n_panel = per_group * (size_t)conv->group;
    conv_gemm   *step = fov_calloc(1, sizeof *step + n_panel * sizeof(panel));
    if (!step) return fov_fail_memory(err, "a lowered Conv");
    step->conv = *conv;
    step->kernels = *kernels;
    step->taps = (size_t)(conv->kh * conv->kw);
    step->k = (size_t)(conv->cin / conv->group);
    step->n_panel = n_panel;
    step->mr = FOV_GEMM_MAX_MR;
    for (ptrdiff_t g = 0; g < conv->group; g++) make_panels(&step->kernels, conv, g, step->panel + (size_t)g * per_group);
    for (size_t i = 0; i < n_panel; i++)
        if (step->panel[i].kernel->mr < step->mr) step->mr = step->panel[i].kernel->mr;
    fov_status st = pack(step, err);
    if (st) {
        free_gemm(step);
        return st;
    }
    snprintf(step->name, sizeof step->name, "conv%tdx%td_%s", conv->kh, conv->kw, step->panel[0].kernel->name);
    step->conv.weight = step->conv.bias = NULL; /* the graph may give them back */
    *out = (fov_lowered){.kernel = step->name,
                         .packed = true,
                         .bytes = step->packed_floats * sizeof(float),
                         .impl = step,
                         .in_place = conv->fused.residual_scale == 1 ? RESIDUAL_INPUT + 1 : 0,
                         .scratch = gemm_scratch,
                         .run = gemm_step,
                         .free = free_gemm};
    return FOV_OK;
}
