// SPDX-License-Identifier: MIT
#include "backend/cpu/conv.h"

#include <string.h>

/* Where the windows of a few output pixels begin. */
typedef struct origins {
    ptrdiff_t offset[FOV_GEMM_MAX_MR]; /* floats from x.data to the first tap, which may lie outside */
    ptrdiff_t y[FOV_GEMM_MAX_MR], x[FOV_GEMM_MAX_MR];
    bool      inside; /* all taps of all windows are in the image */
} origins;

fov_conv_rows fov_conv_rows_of(const fov_conv *conv, const fov_conv_shape *shape, const float *zero, size_t lda)
{
    const fov_window *w = &shape->window;
    size_t            taps = (size_t)(conv->kh * conv->kw), k = (size_t)(conv->cin / conv->group);
    fov_conv_rows     rows = {.shape = shape, .zero = zero, .taps = taps, .k = k, .lda = lda};
    bool              padded = w->pad_top || w->pad_left || w->pad_bottom || w->pad_right;
    rows.linear = taps == 1 && w->stride[0] == 1 && w->stride[1] == 1 && !padded;
    rows.whole_rows = fov_conv_rows_patch(conv, 1) && w->dilation[1] == 1 && shape->x.ld == conv->cin;
    if (rows.whole_rows) {
        rows.taps = (size_t)conv->kh;
        rows.k = (size_t)conv->kw * k;
    }
    return rows;
}

size_t fov_conv_rows_patch(const fov_conv *conv, size_t m)
{
    size_t k = (size_t)(conv->cin * conv->kw);
    return conv->group == 1 && conv->kw > 1 && k <= FOV_CONV_ROW_MAX ? (size_t)conv->kh * k * m : 0;
}

static void find_origins(const fov_conv_shape *shape, ptrdiff_t first, int m, origins *o)
{
    const fov_window *w = &shape->window;
    const fov_pixels *x = &shape->x, *y = &shape->y;
    const ptrdiff_t   last_y = x->h - (w->kernel[0] - 1) * w->dilation[0], last_x = x->w - (w->kernel[1] - 1) * w->dilation[1];
    ptrdiff_t         col = first % y->w, row = first / y->w % y->h, n = first / (y->w * y->h);
    o->inside = true;
    for (int i = 0; i < m; i++) {
        ptrdiff_t y0 = row * w->stride[0] - w->pad_top, x0 = col * w->stride[1] - w->pad_left;
        o->offset[i] = ((n * x->h + y0) * x->w + x0) * x->ld;
        o->y[i] = y0;
        o->x[i] = x0;
        o->inside = o->inside && y0 >= 0 && x0 >= 0 && y0 < last_y && x0 < last_x;
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
            if (o->inside) {
                for (int i = 0; i < m; i++) a[i] = x->data + (o->offset[i] + tap);
                continue;
            }
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
            if (o->inside || ((size_t)(o->y[i] + dy) < (size_t)x->h && o->x[i] >= 0 && o->x[i] + w->kernel[1] <= x->w)) {
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

void fov_conv_rows_find(const fov_conv_rows *rows, ptrdiff_t first, int m, const float **a, float *patch)
{
    const fov_pixels *x = &rows->shape->x;
    origins           o;
    if (rows->linear) {
        for (int i = 0; i < m; i++) a[i] = x->data + (first + i) * x->ld;
        return;
    }
    find_origins(rows->shape, first, m, &o);
    if (rows->whole_rows) find_whole_rows(rows, &o, m, a, patch);
    else find_taps(rows, &o, m, a);
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
