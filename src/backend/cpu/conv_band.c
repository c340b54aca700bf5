// SPDX-License-Identifier: MIT
/* Windows that overlap and reach over the edge. A chunk copies the rows it needs into a band, dense, with its border, and as wide
 * as kernels want them, before it begins: then no window is partly outside, rows of A lie a constant step apart, and the taps of a
 * window's row lie side by side. The copy costs a few bytes for each of hundreds of multiply-adds. */
#include "backend/cpu/conv_gemm.h"

#include "base/alloc.h"

#include <string.h>

enum {
    GROUP_BYTES = 4,
    RESIDUAL_BYTES = FOV_CONV_TILE_ROWS * (int)sizeof(void *),
    BAND_CACHE_BYTES = 96 << 10, /* of a band: it stays in the second-level cache beside the weights */
};

typedef struct band_run {
    const fov_conv_gemm *step; /* the first, whose windows are those of all */
    const void *const   *all;
    int                  count;
    fov_conv_shape       shape[FOV_STEP_NODES];
    ptrdiff_t            pixel, width; /* bytes of a pixel and pixels of a row of the band */
    ptrdiff_t            rows, chunks; /* output rows of a chunk; chunks of an image */
    size_t               bytes;        /* of scratch a thread */
    unsigned char       *scratch;
} band_run;

bool fov_conv_band_fits(const fov_conv_gemm *step)
{
    const fov_conv        *conv = &step->conv;
    const fov_conv_pieces *p = &step->pieces;
    return (p->widen || !p->copies) && conv->group == 1 && conv->kh * conv->kw > 1;
}

/* Rows, or columns, that `count` outputs see. */
static ptrdiff_t span_of(const fov_conv *conv, size_t axis, ptrdiff_t count)
{
    return (count - 1) * conv->stride[axis] + ((axis ? conv->kw : conv->kh) - 1) * conv->dilation[axis] + 1;
}

static size_t pointer_bytes(const fov_conv_gemm *step)
{
    return ((size_t)(step->conv.kh * step->conv.kw) * sizeof(void *) + RESIDUAL_BYTES + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
}

/* How an output of h x w pixels is cut. */
static void cut(band_run *run, ptrdiff_t h, ptrdiff_t w, int threads)
{
    const fov_conv *conv = &run->step->conv;
    run->pixel = conv->cin * (ptrdiff_t)run->step->pieces.wide_size;
    run->width = span_of(conv, 1, w);
    const ptrdiff_t fitting = (BAND_CACHE_BYTES / (run->pixel * run->width) - span_of(conv, 0, 1)) / conv->stride[0] + 1;
    const ptrdiff_t shared = fov_cpu_rows_per_chunk(h, threads);
    run->rows = fitting < shared ? fitting : shared;
    if (run->rows < 1) run->rows = 1;
    run->chunks = (h + run->rows - 1) / run->rows;
    const size_t band = (size_t)(span_of(conv, 0, run->rows) * run->width * run->pixel) + FOV_OVERREAD;
    run->bytes = pointer_bytes(run->step) + (band + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
}

static size_t band_scratch(const void *const *step, int count, const fov_view *out, int threads)
{
    (void)count;
    band_run run = {.step = step[0]};
    cut(&run, out->shape.dim[2], out->shape.dim[3], threads);
    return (size_t)threads * run.bytes;
}

/* Pixels that lie side by side. What is made wider may write more than that: it comes before what stands behind. */
static unsigned char *put_pixels(const band_run *run, unsigned char *to, const unsigned char *from, ptrdiff_t pixels)
{
    const fov_conv_gemm *step = run->step;
    if (step->pieces.widen && pixels) step->pieces.widen((size_t)(pixels * step->conv.cin), from, to);
    else memcpy(to, from, (size_t)(pixels * run->pixel));
    return to + pixels * run->pixel;
}

static unsigned char *put_zeros(const band_run *run, unsigned char *to, ptrdiff_t pixels)
{
    for (ptrdiff_t i = 0; i < pixels; i++) to = put_pixels(run, to, run->step->zero, 1);
    return to;
}

/* Row y of image n, which may be outside, with its border. */
static void copy_row(const band_run *run, ptrdiff_t n, ptrdiff_t y, unsigned char *to)
{
    const fov_pixels *x = &run->shape[0].x;
    const ptrdiff_t   left = run->shape[0].window.pad_left;
    if (y < 0 || y >= x->h) {
        put_zeros(run, to, run->width);
        return;
    }
    const unsigned char *from = fov_pixel_at(x, (n * x->h + y) * x->w);
    const ptrdiff_t      inside = x->w < run->width - left ? x->w : run->width - left;
    to = put_zeros(run, to, left);
    if (x->ld == x->c) to = put_pixels(run, to, from, inside);
    else
        for (ptrdiff_t i = 0; i < inside; i++) to = put_pixels(run, to, from + i * x->ld * x->size, 1);
    put_zeros(run, to, run->width - left - inside);
}

/* How many pieces a row of the window falls into: one where pixels leave no gaps. */
static ptrdiff_t pieces_of(const fov_conv_gemm *step, ptrdiff_t pixel_bytes)
{
    const bool filled = !step->dot || step->groups * GROUP_BYTES == (size_t)pixel_bytes;
    return step->pieces.packed || (filled && step->conv.dilation[1] == 1) ? 1 : step->conv.kw;
}

/* Pieces of the packed weights that one of them holds. */
static size_t joined(const fov_conv_gemm *step, ptrdiff_t pieces)
{
    return step->pieces.packed ? 1 : (size_t)(step->conv.kw / pieces);
}

/* Pointers to the window that begins at pixel `col` of the band's row `row`. */
static void point(const band_run *run, const unsigned char *band, ptrdiff_t row, ptrdiff_t col, fov_conv_tile *tile, const void **a)
{
    const fov_conv_gemm *step = run->step;
    const fov_conv      *conv = &step->conv;
    const ptrdiff_t      pieces = pieces_of(step, run->pixel);
    tile->taps = (size_t)(conv->kh * pieces);
    tile->groups = step->groups * joined(step, pieces);
    tile->k = step->pieces.k * joined(step, pieces);
    for (ptrdiff_t r = 0; r < conv->kh; r++)
        for (ptrdiff_t s = 0; s < pieces; s++)
            *a++ = band + ((row + r * conv->dilation[0]) * run->width + col + s * conv->dilation[1]) * run->pixel;
}

/* A tile becomes output pixels of one of the steps. */
static void run_tile(const band_run *run, int index, ptrdiff_t first, fov_conv_tile tile, const void **residual)
{
    const fov_conv_gemm  *step = run->all[index];
    const fov_conv_shape *shape = &run->shape[index];
    tile.c = fov_pixel_at(&shape->y, first);
    tile.residual = shape->residual.data ? residual : NULL;
    if (tile.residual) fov_conv_residual_find(shape, step->conv.fused.residual_scale, first, tile.m, residual);
    for (size_t i = 0; i < step->n_panel; i++) fov_conv_tile_run(step, &step->panel[i], shape, &tile);
}

/* Row `row` of the band becomes output row `y` of image n, in tiles of nearly the same size. */
static void run_row(const band_run *run, ptrdiff_t n, ptrdiff_t y, const unsigned char *band, ptrdiff_t row, const void **pointers)
{
    const fov_conv_shape *shape = &run->shape[0];
    const ptrdiff_t       right = shape->window.stride[1], width = shape->y.w,
                    tiles = (width + FOV_CONV_TILE_ROWS - 1) / FOV_CONV_TILE_ROWS;
    const void **residual = pointers + run->step->conv.kh * run->step->conv.kw;
    for (ptrdiff_t t = 0; t < tiles; t++) {
        const ptrdiff_t col = width * t / tiles, first = (n * shape->y.h + y) * width + col;
        fov_conv_tile   tile = {.m = (int)(width * (t + 1) / tiles - col), .a = pointers, .lda = 1, .a_step = right * run->pixel};
        point(run, band, row, col * right, &tile, pointers);
        for (int i = 0; i < run->count; i++) run_tile(run, i, first, tile, residual);
    }
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    const band_run      *run = context;
    const ptrdiff_t      n = (ptrdiff_t)index / run->chunks, first = (ptrdiff_t)index % run->chunks * run->rows;
    const ptrdiff_t      height = run->shape[0].y.h, last = first + run->rows < height ? first + run->rows : height;
    const ptrdiff_t      down = run->shape[0].window.stride[0];
    const void         **pointers = (const void **)(void *)(run->scratch + thread * run->bytes);
    unsigned char *const band = (unsigned char *)pointers + pointer_bytes(run->step);
    for (ptrdiff_t i = 0; i < span_of(&run->step->conv, 0, last - first); i++)
        copy_row(run, n, first * down + i - run->shape[0].window.pad_top, band + i * run->width * run->pixel);
    const fov_gemm_tiles *tiles = fov_conv_gemm_tiles(run->step);
    if (tiles) tiles->begin(run->step->groups * joined(run->step, pieces_of(run->step, run->pixel)));
    for (ptrdiff_t y = first; y < last; y++) run_row(run, n, y, band, (y - first) * down, pointers);
    if (tiles) tiles->end();
}

static fov_status band_steps(const void *const *step, int count, const fov_view *const *in, fov_view *out, void *scratch,
                             fov_pool *pool, fov_error *err)
{
    band_run   run = {.step = step[0], .all = step, .count = count, .scratch = scratch};
    fov_status st = fov_conv_shapes_read(step, count, in, out, run.shape, err);
    if (st) return st;
    cut(&run, run.shape[0].y.h, run.shape[0].y.w, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)(run.shape[0].y.n * run.chunks));
    return FOV_OK;
}

const fov_conv_kind fov_conv_band = {fov_conv_gemm_same_rows, band_scratch, band_steps};
