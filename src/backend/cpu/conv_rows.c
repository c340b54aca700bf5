// SPDX-License-Identifier: MIT
#include "backend/cpu/conv.h"

#include "base/alloc.h"

#include <string.h>

enum {
    ROW_MAX = 64,          /* longest piece in whole-row form, in elements */
    COPY_MIN_COLUMNS = 64, /* output channels that make a copy of A worth its time */
    COPY_GAP = 64,         /* bytes between copied rows, and what fov_widen may write too much */
    COPY_BLOCK = 16,       /* bytes that are copied at once; no more than FOV_OVERREAD */
    COPY_STEP = 16,        /* elements that copies are rounded up to, as fov_widen does */
    ALIASING = 4096,       /* bytes: pixels this far apart share a set of the first-level cache */
};

/* Where the windows of a few output pixels begin; some of their taps may lie outside of the image. */
typedef struct origins {
    ptrdiff_t offset[FOV_GEMM_MAX_MR]; /* bytes from the first pixel to the first tap */
    ptrdiff_t y[FOV_GEMM_MAX_MR], x[FOV_GEMM_MAX_MR];
} origins;

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

static ptrdiff_t element_size(const fov_conv *conv)
{
    return (ptrdiff_t)fov_dtype_size(conv->x.dtype);
}

/* Several panels of columns must share the cost of a copy. */
static bool may_collide(const fov_conv *conv)
{
    const ptrdiff_t step = conv->stride[1] * conv->cin * element_size(conv);
    return conv->group == 1 && conv->kh * conv->kw == 1 && step % ALIASING == 0 && conv->cout >= COPY_MIN_COLUMNS;
}

fov_conv_pieces fov_conv_pieces_of(const fov_conv *conv, size_t per_group, fov_widen_run *widen, size_t wide_size)
{
    fov_conv_pieces p = {
        .taps = (size_t)(conv->kh * conv->kw), .k = (size_t)(conv->cin / conv->group), .widen = widen, .wide_size = wide_size};
    p.whole_rows = conv->group == 1 && conv->kw > 1 && conv->cin * conv->kw <= ROW_MAX && conv->dilation[1] == 1;
    p.packed = p.whole_rows && per_group > 1;
    if (p.packed) {
        p.taps = (size_t)conv->kh;
        p.k *= (size_t)conv->kw;
    }
    /* What stands behind a piece meets weights of 0, which makes 0 of integers, but not of every float. */
    p.collide = may_collide(conv);
    p.copies = widen || ((conv->x.dtype == FOV_BF16 || conv->x.dtype == FOV_F16) && p.k % per_group);
    const size_t longest = (size_t)(p.whole_rows ? conv->cin * conv->kw : conv->cin);
    p.room = round_up(longest, COPY_STEP) * wide_size + COPY_GAP;
    if (p.room % ALIASING == 0) p.room += COPY_GAP;
    if (p.whole_rows) p.edge_bytes = (size_t)(conv->kh * conv->kw * conv->cin * element_size(conv));
    return p;
}

bool fov_conv_pieces_linear(const fov_conv *conv, const fov_conv_pieces *p)
{
    bool linear = conv->kh * conv->kw == 1 && conv->stride[0] == 1 && conv->stride[1] == 1;
    for (size_t i = 0; i < 4; i++) linear = linear && fov_node_int_at(conv->node, "pads", i, 0) == 0;
    const bool spans = p->widen && conv->cin * (ptrdiff_t)p->wide_size % ALIASING != 0;
    return linear && (spans || (!p->copies && !p->collide)) && !fov_node_attr(conv->node, "auto_pad");
}

size_t fov_conv_pieces_patch(const fov_conv_pieces *pieces, size_t m)
{
    size_t bytes = round_up(pieces->edge_bytes * m, FOV_ALIGN);
    if (pieces->copies || pieces->collide) bytes += pieces->taps * m * pieces->room;
    return bytes ? bytes + FOV_OVERREAD : 0;
}

fov_conv_rows fov_conv_rows_of(const fov_conv *conv, const fov_conv_pieces *pieces, const fov_conv_shape *shape,
                               const unsigned char *zero, size_t lda)
{
    const fov_window *w = &shape->window;
    const fov_pixels *x = &shape->x;
    const bool        padded = w->pad_top || w->pad_left || w->pad_bottom || w->pad_right;
    fov_conv_rows     rows = {.pieces = pieces, .shape = shape, .zero = zero, .taps = pieces->taps, .k = pieces->k, .lda = lda};
    rows.linear = rows.taps == 1 && conv->kw == 1 && w->stride[0] == 1 && w->stride[1] == 1 && !padded;
    rows.copy = pieces->copies || (pieces->collide && w->stride[1] * x->ld * x->size % ALIASING == 0);
    rows.whole_rows = pieces->whole_rows && (pieces->packed || x->ld == conv->cin);
    rows.gather = rows.whole_rows && x->ld != conv->cin;
    if (rows.whole_rows) {
        rows.taps = (size_t)conv->kh;
        rows.k = (size_t)(conv->kw * conv->cin);
    }
    rows.copied = conv->group == 1 ? rows.k : (size_t)conv->cin;
    return rows;
}

static void find_origins(const fov_conv_shape *shape, ptrdiff_t first, int m, origins *o)
{
    const fov_window *w = &shape->window;
    const fov_pixels *x = &shape->x, *y = &shape->y;
    ptrdiff_t         col = first % y->w, row = first / y->w % y->h, n = first / (y->w * y->h);
    for (int i = 0; i < m; i++) {
        ptrdiff_t y0 = row * w->stride[0] - w->pad_top, x0 = col * w->stride[1] - w->pad_left;
        o->offset[i] = ((n * x->h + y0) * x->w + x0) * x->ld * x->size;
        o->y[i] = y0;
        o->x[i] = x0;
        if (++col < y->w) continue;
        col = 0;
        if (++row < y->h) continue;
        row = 0;
        n++;
    }
}

static void find_taps(const fov_conv_rows *rows, const origins *o, int m, const void **a)
{
    const fov_pixels *x = &rows->shape->x;
    const fov_window *w = &rows->shape->window;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++)
        for (ptrdiff_t s = 0; s < w->kernel[1]; s++, a += rows->lda) {
            const ptrdiff_t dy = r * w->dilation[0], dx = s * w->dilation[1], tap = (dy * x->w + dx) * x->ld * x->size;
            for (int i = 0; i < m; i++) {
                bool in = (size_t)(o->y[i] + dy) < (size_t)x->h && (size_t)(o->x[i] + dx) < (size_t)x->w;
                a[i] = in ? x->bytes + (o->offset[i] + tap) : rows->zero;
            }
        }
}

/* One row of a window that is partly outside, with zeros there. */
static void copy_patch(const fov_conv_rows *rows, const unsigned char *from_zero_column, ptrdiff_t x0, unsigned char *patch)
{
    const fov_pixels *x = &rows->shape->x;
    const size_t      bytes = (size_t)(x->c * x->size);
    for (ptrdiff_t s = 0; s < rows->shape->window.kernel[1]; s++, patch += bytes) {
        const bool in = x0 + s >= 0 && x0 + s < x->w;
        memcpy(patch, in ? from_zero_column + (x0 + s) * x->ld * x->size : rows->zero, bytes);
    }
}

static void find_whole_rows(const fov_conv_rows *rows, const origins *o, int m, const void **a, unsigned char *patch)
{
    const fov_pixels *x = &rows->shape->x;
    const fov_window *w = &rows->shape->window;
    const ptrdiff_t   pixel = x->ld * x->size;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++, a += rows->lda) {
        const ptrdiff_t dy = r * w->dilation[0], tap = dy * x->w * pixel;
        for (int i = 0; i < m; i++) {
            if ((size_t)(o->y[i] + dy) >= (size_t)x->h) {
                a[i] = rows->zero;
            } else if (!rows->gather && o->x[i] >= 0 && o->x[i] + w->kernel[1] <= x->w) {
                a[i] = x->bytes + (o->offset[i] + tap);
            } else {
                copy_patch(rows, x->bytes + (o->offset[i] + tap - o->x[i] * pixel), o->x[i], patch);
                a[i] = patch;
                patch += rows->k * (size_t)x->size;
            }
        }
    }
}

/* The usual case: m pixels of one row, all taps in the image. `offset`: bytes from the first pixel to the first window. */
static bool is_straight(const fov_conv_shape *shape, ptrdiff_t first, int m, ptrdiff_t *offset)
{
    const fov_window *w = &shape->window;
    const fov_pixels *x = &shape->x, *y = &shape->y;
    const ptrdiff_t   col = first % y->w, row = first / y->w % y->h, n = first / (y->w * y->h);
    const ptrdiff_t   y0 = row * w->stride[0] - w->pad_top, x0 = col * w->stride[1] - w->pad_left;
    const ptrdiff_t   y1 = y0 + (w->kernel[0] - 1) * w->dilation[0];
    const ptrdiff_t   x1 = x0 + (m - 1) * w->stride[1] + (w->kernel[1] - 1) * w->dilation[1];
    *offset = ((n * x->h + y0) * x->w + x0) * x->ld * x->size;
    return col + m <= y->w && y0 >= 0 && x0 >= 0 && y1 < x->h && x1 < x->w;
}

static void find_straight(const fov_conv_rows *rows, ptrdiff_t offset, int m, const void **a)
{
    const fov_pixels *x = &rows->shape->x;
    const fov_window *w = &rows->shape->window;
    const ptrdiff_t   pixel = x->ld * x->size, pieces = rows->whole_rows ? 1 : w->kernel[1], step = w->stride[1] * pixel;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++)
        for (ptrdiff_t s = 0; s < pieces; s++, a += rows->lda) {
            const unsigned char *from = x->bytes + offset + (r * w->dilation[0] * x->w + s * w->dilation[1]) * pixel;
            for (int i = 0; i < (rows->copy ? m : 1); i++) a[i] = from + i * step;
        }
}

/* Whole blocks, since a call costs more than most pieces, and no bytes are so few; then zeros for the rest of a group. */
static void copy_piece(unsigned char *to, const unsigned char *from, size_t bytes)
{
    static const unsigned char zeros[4];
    for (size_t i = 0; i < bytes; i += COPY_BLOCK) memcpy(to + i, from + i, COPY_BLOCK);
    memcpy(to + bytes, zeros, sizeof zeros);
}

/* Work on copies: of another type, with zeros behind, or because rows 4 KiB apart would fight for the same few lines of the first
 * cache. */
static void copy_rows(const fov_conv_rows *rows, int m, const void **a, unsigned char *patch)
{
    const fov_conv_pieces *pieces = rows->pieces;
    const size_t           bytes = rows->copied * (size_t)rows->shape->x.size;
    for (size_t tap = 0; tap < rows->taps; tap++, a += rows->lda)
        for (int i = 0; i < m; i++, patch += pieces->room) {
            if (pieces->widen) pieces->widen(rows->copied, a[i], patch);
            else copy_piece(patch, a[i], bytes);
            a[i] = patch;
        }
}

/* Straight rows share most of what they read: each row of the image is made wider once, and rows of A lie in that.
 * @param offset bytes from the first pixel to the first window
 * @return the step between them; 0 where it would be more than the pieces are, or make rows collide: nothing is done */
static ptrdiff_t widen_spans(const fov_conv_rows *rows, ptrdiff_t offset, int m, const void **a, unsigned char *patch)
{
    const fov_pixels *x = &rows->shape->x;
    const fov_window *w = &rows->shape->window;
    const ptrdiff_t   wide = x->c * (ptrdiff_t)rows->pieces->wide_size, step = w->stride[1] * wide, pixel = x->ld * x->size;
    const ptrdiff_t   span = (m - 1) * w->stride[1] + (w->kernel[1] - 1) * w->dilation[1] + 1;
    const ptrdiff_t   pieces = rows->whole_rows ? 1 : w->kernel[1];
    if (m < 2 || span > m * w->kernel[1] || step % ALIASING == 0) return 0;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++, patch += span * wide + COPY_GAP) {
        const unsigned char *from = x->bytes + offset + r * w->dilation[0] * x->w * pixel;
        if (x->ld == x->c) rows->pieces->widen((size_t)(span * x->c), from, patch);
        else
            for (ptrdiff_t p = 0; p < span; p++) rows->pieces->widen((size_t)x->c, from + p * pixel, patch + p * wide);
        for (ptrdiff_t s = 0; s < pieces; s++, a += rows->lda) *a = patch + s * w->dilation[1] * wide;
    }
    return step;
}

/* One tap, stride 1, no padding: row i is pixel i. */
static void find_linear(const fov_pixels *x, ptrdiff_t first, int m, const void **a)
{
    for (int i = 0; i < m; i++) a[i] = fov_pixel_at(x, first + i);
}

static void find_at_edges(const fov_conv_rows *rows, ptrdiff_t first, int m, const void **a, unsigned char *patch)
{
    origins o;
    find_origins(rows->shape, first, m, &o);
    if (rows->whole_rows) find_whole_rows(rows, &o, m, a, patch);
    else find_taps(rows, &o, m, a);
}

ptrdiff_t fov_conv_rows_find(const fov_conv_rows *rows, ptrdiff_t first, int m, const void **a, unsigned char *patch)
{
    const fov_pixels *x = &rows->shape->x;
    const ptrdiff_t   pixel = x->ld * x->size, step = rows->shape->window.stride[1] * pixel;
    ptrdiff_t         offset = first * pixel;
    const bool        straight = rows->linear || is_straight(rows->shape, first, m, &offset);
    const ptrdiff_t   widened = straight && rows->pieces->widen ? widen_spans(rows, offset, m, a, patch) : 0;
    if (widened) return widened;
    if (rows->linear && !rows->copy) {
        *a = x->bytes + offset;
        return step;
    }
    if (rows->linear) find_linear(x, first, m, a);
    else if (straight && !rows->gather) find_straight(rows, offset, m, a);
    else find_at_edges(rows, first, m, a, patch);
    if (rows->copy) copy_rows(rows, m, a, patch + round_up(rows->pieces->edge_bytes * (size_t)m, FOV_ALIGN));
    return straight && !rows->copy && !rows->gather ? step : 0;
}

void fov_conv_residual_find(const fov_conv_shape *shape, int scale, ptrdiff_t first, int m, const void **residual)
{
    const fov_pixels *r = &shape->residual, *y = &shape->y;
    ptrdiff_t         col = first % y->w, row = first / y->w % y->h, n = first / (y->w * y->h);
    if (scale == 1) {
        for (int i = 0; i < m; i++) residual[i] = fov_pixel_at(r, first + i);
        return;
    }
    for (int i = 0; i < m;) {
        const unsigned char *line = fov_pixel_at(r, (n * r->h + row / scale) * r->w);
        for (ptrdiff_t x = col / scale, phase = col % scale; col < y->w && i < m; col++, i++) {
            residual[i] = line + x * r->ld * r->size;
            if (++phase < scale) continue;
            phase = 0;
            x++;
        }
        col = 0;
        if (++row < y->h) continue;
        row = 0;
        n++;
    }
}
