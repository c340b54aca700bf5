// SPDX-License-Identifier: MIT
/* Depthwise convolution, an output row at a time. The kernel wants all its taps inside the image, so a row falls into runs of
 * pixels that lose the same columns of the window: single pixels at the left and right edge, one long run between them. */
#include "backend/cpu/conv.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

enum { MAX_WINDOW_ROWS = 64 };

typedef struct conv_depthwise {
    fov_conv          conv;
    fov_depthwise_f32 kernel;
    char              name[64];
    ptrdiff_t         padded;        /* channels */
    float            *bias, *weight; /* [padded], [kh][kw][padded] in one block that starts at bias */
    size_t            floats;
} conv_depthwise;

static fov_status pack(conv_depthwise *step, fov_error *err)
{
    const fov_conv *conv = &step->conv;
    const ptrdiff_t taps = conv->kh * conv->kw;
    step->floats = (size_t)(step->padded * (1 + taps));
    if (!(step->bias = fov_alloc_aligned(step->floats * sizeof(float)))) return fov_fail_memory(err, "packed weights");
    memset(step->bias, 0, step->floats * sizeof(float));
    step->weight = step->bias + step->padded;
    for (ptrdiff_t c = 0; c < conv->cout; c++) {
        step->bias[c] = conv->bias ? conv->bias[c] : 0;
        for (ptrdiff_t t = 0; t < taps; t++) step->weight[t * step->padded + c] = conv->weight[c * taps + t];
    }
    return FOV_OK;
}

static void free_depthwise(void *impl)
{
    conv_depthwise *step = impl;
    fov_free_aligned(step->bias);
    fov_free(step);
}

typedef struct depthwise_run {
    const conv_depthwise *step;
    fov_conv_shape        shape;
    ptrdiff_t             rows, rows_per_chunk;
} depthwise_run;

/* Taps [first, last) of a window at `origin` that lie in [0, size). */
static void clip(ptrdiff_t origin, ptrdiff_t size, ptrdiff_t kernel, ptrdiff_t dilation, ptrdiff_t *first, ptrdiff_t *last)
{
    *first = origin < 0 ? (-origin + dilation - 1) / dilation : 0;
    *last = origin >= size ? 0 : (size - origin + dilation - 1) / dilation;
    if (*last > kernel) *last = kernel;
    if (*first > *last) *first = *last;
}

/* Length of the run of pixels from `col` on whose windows all lie inside the row; 0 if the first does not. */
static ptrdiff_t inside_run(const fov_conv_shape *s, ptrdiff_t col)
{
    const fov_window *w = &s->window;
    const ptrdiff_t   x0 = col * w->stride[1] - w->pad_left, room = s->x.w - 1 - (w->kernel[1] - 1) * w->dilation[1] - x0;
    if (x0 < 0 || room < 0) return 0;
    const ptrdiff_t run = room / w->stride[1] + 1;
    return run < s->y.w - col ? run : s->y.w - col;
}

static void run_row(const depthwise_run *run, ptrdiff_t n, ptrdiff_t oy)
{
    const conv_depthwise *step = run->step;
    const fov_conv_shape *s = &run->shape;
    const fov_window     *w = &s->window;
    const float          *row[MAX_WINDOW_ROWS];
    const ptrdiff_t       y0 = oy * w->stride[0] - w->pad_top;
    ptrdiff_t             r0, r1, s0, s1;

    fov_depthwise_f32_call call = {.channels = (size_t)step->conv.cout,
                                   .row = row,
                                   .step = w->stride[1] * s->x.ld,
                                   .tap = w->dilation[1] * s->x.ld,
                                   .ldw = step->conv.kw * step->padded,
                                   .ldtap = step->padded,
                                   .bias = step->bias,
                                   .ldy = s->y.ld,
                                   .slope = step->conv.fused.slope};
    clip(y0, s->x.h, w->kernel[0], w->dilation[0], &r0, &r1);
    call.rows = (size_t)(r1 - r0);
    for (ptrdiff_t col = 0; col < s->y.w; col += (ptrdiff_t)call.m) {
        const ptrdiff_t x0 = col * w->stride[1] - w->pad_left, inside = inside_run(s, col);
        clip(x0, s->x.w, w->kernel[1], w->dilation[1], &s0, &s1);
        call.m = inside ? (size_t)inside : 1;
        call.cols = (size_t)(s1 - s0);
        call.w = step->weight + (r0 * step->conv.kw + s0) * step->padded;
        call.y = s->y.data + ((n * s->y.h + oy) * s->y.w + col) * s->y.ld;
        for (ptrdiff_t r = r0; r < r1 && s0 < s1; r++)
            row[r - r0] = s->x.data + ((n * s->x.h + y0 + r * w->dilation[0]) * s->x.w + x0 + s0 * w->dilation[1]) * s->x.ld;
        step->kernel.run(&call);
    }
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const depthwise_run *run = context;
    const ptrdiff_t      first = (ptrdiff_t)index * run->rows_per_chunk, height = run->shape.y.h;
    const ptrdiff_t      last = first + run->rows_per_chunk < run->rows ? first + run->rows_per_chunk : run->rows;
    for (ptrdiff_t i = first; i < last; i++) run_row(run, i / height, i % height);
}

static fov_status depthwise_step(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                 fov_error *err)
{
    (void)scratch;
    depthwise_run run = {.step = impl};
    fov_status    st = fov_conv_shape_read(&run.step->conv, in, out, &run.shape, err);
    if (st) return st;
    run.rows = run.shape.y.n * run.shape.y.h;
    run.rows_per_chunk = fov_cpu_rows_per_chunk(run.rows, pool);
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.rows + run.rows_per_chunk - 1) / run.rows_per_chunk));
    return FOV_OK;
}

bool fov_conv_is_depthwise(const fov_conv *conv)
{
    return conv->group == conv->cin && conv->group == conv->cout && !conv->has_residual && conv->kh <= MAX_WINDOW_ROWS;
}

fov_status fov_conv_lower_depthwise(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    conv_depthwise *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered Conv");
    step->conv = *conv;
    step->kernel = kernels->depthwise;
    step->padded = (conv->cout + FOV_DEPTHWISE_PAD - 1) / FOV_DEPTHWISE_PAD * FOV_DEPTHWISE_PAD;
    fov_status st = pack(step, err);
    if (st) {
        free_depthwise(step);
        return st;
    }
    snprintf(step->name, sizeof step->name, "depthwise%tdx%td_%s", conv->kh, conv->kw, step->kernel.name);
    step->conv.weight = step->conv.bias = NULL; /* the graph may give them back */
    *out = (fov_lowered){.kernel = step->name,
                         .packed = true,
                         .bytes = step->floats * sizeof(float),
                         .impl = step,
                         .run = depthwise_step,
                         .free = free_depthwise};
    return FOV_OK;
}
