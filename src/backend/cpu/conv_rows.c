// SPDX-License-Identifier: MIT
#include "backend/cpu/conv.h"

#include <string.h>

enum {
    ROW_MAX = 64,          /* longest piece in whole-row form */
    COPY_MIN_COLUMNS = 64, /* output channels that make a copy of A worth its time */
    COPY_GAP = 16,         /* floats between copied rows */
    ALIASING = 1024,       /* floats: pixels this far apart share a set of the first-level cache */
};

/* Where the windows of a few output pixels begin; some of their taps may lie outside of the image. */
typedef struct origins {
    ptrdiff_t offset[FOV_GEMM_MAX_MR]; /* floats from x.data to the first tap */
    ptrdiff_t y[FOV_GEMM_MAX_MR], x[FOV_GEMM_MAX_MR];
} origins;

static bool wants_whole_rows(const fov_conv *conv)
{
    return conv->group == 1 && conv->kw > 1 && conv->cin * conv->kw <= ROW_MAX;
}

/* Several panels of columns must share the cost of a copy. */
static bool wants_copy(const fov_conv *conv)
{
    const int64_t step = fov_node_int_at(conv->node, "strides", 1, 1) * conv->cin;
    return conv->group == 1 && conv->kh * conv->kw == 1 && step % ALIASING == 0 && conv->cout >= COPY_MIN_COLUMNS;
}

fov_conv_rows fov_conv_rows_of(const fov_conv *conv, const fov_conv_shape *shape, const float *zero, size_t lda)
{
    const fov_window *w = &shape->window;
    size_t            taps = (size_t)(conv->kh * conv->kw), k = (size_t)(conv->cin / conv->group);
    fov_conv_rows     rows = {.shape = shape, .zero = zero, .taps = taps, .k = k, .lda = lda};
    bool              padded = w->pad_top || w->pad_left || w->pad_bottom || w->pad_right;
    rows.linear = taps == 1 && w->stride[0] == 1 && w->stride[1] == 1 && !padded;
    rows.copy = wants_copy(conv) && w->stride[1] * shape->x.ld % ALIASING == 0;
    rows.whole_rows = wants_whole_rows(conv) && w->dilation[1] == 1 && shape->x.ld == conv->cin;
    if (rows.whole_rows) {
        rows.taps = (size_t)conv->kh;
        rows.k = (size_t)conv->kw * k;
    }
    return rows;
}

size_t fov_conv_rows_patch(const fov_conv *conv, size_t m)
{
    if (wants_whole_rows(conv)) return (size_t)(conv->kh * conv->kw * conv->cin) * m;
    if (wants_copy(conv)) return (size_t)(conv->cin + COPY_GAP) * m;
    return 0;
}

static void find_origins(const fov_conv_shape *shape, ptrdiff_t first, int m, origins *o)
{
    const fov_window *w = &shape->window;
    const fov_pixels *x = &shape->x, *y = &shape->y;
    ptrdiff_t         col = first % y->w, row = first / y->w % y->h, n = first / (y->w * y->h);
    for (int i = 0; i < m; i++) {
        ptrdiff_t y0 = row * w->stride[0] - w->pad_top, x0 = col * w->stride[1] - w->pad_left;
        o->offset[i] = ((n * x->h + y0) * x->w + x0) * x->ld;
        o->y[i] = y0;
        o->x[i] = x0;
        if (++col < y->w) continue;
        col = 0;
        if (++row < y->h) continue;
        row = 0;
        n++;
    }
}

static void find_taps(const fov_conv_rows *rows, const origins *o, int m, const float **a)
{
    const fov_pixels *x = &rows->shape->x;
    const fov_window *w = &rows->shape->window;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++)
        for (ptrdiff_t s = 0; s < w->kernel[1]; s++, a += rows->lda) {
            const ptrdiff_t dy = r * w->dilation[0], dx = s * w->dilation[1], tap = (dy * x->w + dx) * x->ld;
            for (int i = 0; i < m; i++) {
                bool in = (size_t)(o->y[i] + dy) < (size_t)x->h && (size_t)(o->x[i] + dx) < (size_t)x->w;
                a[i] = in ? x->data + (o->offset[i] + tap) : rows->zero;
            }
        }
}

/* One row of a window that is partly outside, with zeros there. */
static void copy_patch(const fov_pixels *x, const float *from_zero_column, ptrdiff_t x0, ptrdiff_t kw, float *patch)
{
    for (ptrdiff_t s = 0; s < kw; s++, patch += x->c) {
        if (x0 + s >= 0 && x0 + s < x->w) memcpy(patch, from_zero_column + (x0 + s) * x->ld, (size_t)x->c * sizeof *patch);
        else memset(patch, 0, (size_t)x->c * sizeof *patch);
    }
}

static void find_whole_rows(const fov_conv_rows *rows, const origins *o, int m, const float **a, float *patch)
{
    const fov_pixels *x = &rows->shape->x;
    const fov_window *w = &rows->shape->window;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++, a += rows->lda) {
        const ptrdiff_t dy = r * w->dilation[0], tap = dy * x->w * x->ld;
        for (int i = 0; i < m; i++) {
            if ((size_t)(o->y[i] + dy) < (size_t)x->h && o->x[i] >= 0 && o->x[i] + w->kernel[1] <= x->w) {
                a[i] = x->data + (o->offset[i] + tap);
            } else if ((size_t)(o->y[i] + dy) >= (size_t)x->h) {
                a[i] = rows->zero;
            } else {
                copy_patch(x, x->data + (o->offset[i] + tap - o->x[i] * x->ld), o->x[i], w->kernel[1], patch);
                a[i] = patch;
                patch += rows->k;
            }
        }
    }
}

/* The usual case: m pixels of one row, all taps in the image. `offset`: floats from x.data to the first window. */
static bool is_straight(const fov_conv_shape *shape, ptrdiff_t first, int m, ptrdiff_t *offset)
{
    const fov_window *w = &shape->window;
    const fov_pixels *x = &shape->x, *y = &shape->y;
    const ptrdiff_t   col = first % y->w, row = first / y->w % y->h, n = first / (y->w * y->h);
    const ptrdiff_t   y0 = row * w->stride[0] - w->pad_top, x0 = col * w->stride[1] - w->pad_left;
    const ptrdiff_t   y1 = y0 + (w->kernel[0] - 1) * w->dilation[0];
    const ptrdiff_t   x1 = x0 + (m - 1) * w->stride[1] + (w->kernel[1] - 1) * w->dilation[1];
    *offset = ((n * x->h + y0) * x->w + x0) * x->ld;
    return col + m <= y->w && y0 >= 0 && x0 >= 0 && y1 < x->h && x1 < x->w;
}

static void find_straight(const fov_conv_rows *rows, ptrdiff_t offset, int m, const float **a)
{
    const fov_pixels *x = &rows->shape->x;
    const fov_window *w = &rows->shape->window;
    const ptrdiff_t   pieces = rows->whole_rows ? 1 : w->kernel[1], step = w->stride[1] * x->ld;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++)
        for (ptrdiff_t s = 0; s < pieces; s++, a += rows->lda) {
            const float *from = x->data + offset + (r * w->dilation[0] * x->w + s * w->dilation[1]) * x->ld;
            for (int i = 0; i < m; i++) a[i] = from + i * step;
        }
}

/* Rows 4 KiB apart would fight for the same few lines of the first cache: work on a copy whose rows are not. */
static void copy_rows(const fov_conv_rows *rows, int m, const float **a, float *patch)
{
    for (int i = 0; i < m; i++, patch += rows->k + COPY_GAP) {
        memcpy(patch, a[i], rows->k * sizeof *patch);
        a[i] = patch;
    }
}

/* One tap, stride 1, no padding: row i is pixel i. */
static void find_linear(const fov_pixels *x, ptrdiff_t first, int m, const float **a)
{
    for (int i = 0; i < m; i++) a[i] = x->data + (first + i) * x->ld;
}

static void find_at_edges(const fov_conv_rows *rows, ptrdiff_t first, int m, const float **a, float *patch)
{
    origins o;
    find_origins(rows->shape, first, m, &o);
    if (rows->whole_rows) find_whole_rows(rows, &o, m, a, patch);
    else find_taps(rows, &o, m, a);
}

void fov_conv_rows_find(const fov_conv_rows *rows, ptrdiff_t first, int m, const float **a, float *patch)
{
    ptrdiff_t offset;
    if (rows->linear) find_linear(&rows->shape->x, first, m, a);
    else if (is_straight(rows->shape, first, m, &offset)) find_straight(rows, offset, m, a);
    else find_at_edges(rows, first, m, a, patch);
    if (rows->copy) copy_rows(rows, m, a, patch);
}

void fov_conv_residual_find(const fov_conv_shape *shape, int scale, ptrdiff_t first, int m, const float **residual)
{
    const fov_pixels *r = &shape->residual, *y = &shape->y;
    for (int i = 0; i < m; i++) {
        ptrdiff_t p = first + i;
        if (scale > 1) p = ((p / (y->w * y->h)) * r->h + p / y->w % y->h / scale) * r->w + p % y->w / scale;
        residual[i] = r->data + p * r->ld;
    }
}
