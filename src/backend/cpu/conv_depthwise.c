// SPDX-License-Identifier: MIT
/* Depthwise convolution, an output row at a time. The kernel wants all its taps inside the image, so a row falls into runs of
 * pixels that lose the same columns of the window: single pixels at the left and right edge, one long run between them. */
#include "backend/cpu/conv.h"

#include "backend/cpu/storage.h"
#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

enum { MAX_WINDOW_ROWS = 64, SQUARE = 3 };

typedef struct conv_depthwise {
    fov_conv             conv;
    fov_depthwise_kernel kernel;
    char                 name[64];
    ptrdiff_t            padded; /* channels */
    fov_storage          x, y;
    float               *bias, *weight;             /* [padded], [kh][kw][padded] in one block that starts at bias */
    float               *scale;                     /* of integers, in the same block: [padded] */
    int32_t             *start, *weights, *columns; /* [padded], [kh][kw][padded], [3][words][padded] */
    int32_t             *blocks;                    /* tables of the kernel's blocks, or NULL */
    size_t               bytes;
    bool                 plain; /* columns can be used where all of the window is inside */
} conv_depthwise;

bool fov_conv_takes_depthwise(const fov_conv *conv)
{
    return fov_conv_is_depthwise(conv) && conv->kh <= MAX_WINDOW_ROWS;
}

/* ---------------------------------------------------------------- packing */

static ptrdiff_t words_of(const conv_depthwise *step)
{
    return (SQUARE + step->kernel.taps - 1) / step->kernel.taps;
}

static bool is_square(const fov_conv *conv)
{
    return conv->kh == SQUARE && conv->kw == SQUARE;
}

/* Put the weight of window row r, column s into its word. */
static void put_column(const conv_depthwise *step, ptrdiff_t c, ptrdiff_t r, ptrdiff_t s, int8_t weight)
{
    const int taps = step->kernel.taps, bits = 32 / taps;
    int32_t  *word = step->columns + (s * words_of(step) + r / taps) * step->padded + c;
    uint32_t  field = (uint32_t)(int32_t)weight & UINT32_MAX >> (32 - bits);
    *word = (int32_t)((uint32_t)*word | field << (r % taps * bits));
}

static void pack_int8(const conv_depthwise *step, ptrdiff_t c)
{
    const fov_conv *conv = &step->conv;
    const int32_t   zero_point = fov_quant_zero_point(conv->x.quant, c);
    step->scale[c] = fov_quant_scale(conv->w.quant, c);
    for (ptrdiff_t t = 0; t < conv->kh * conv->kw; t++) {
        const int8_t weight = conv->weight_i8[c * conv->kh * conv->kw + t];
        step->weights[t * step->padded + c] = weight;
        step->start[c] -= zero_point * weight;
        if (is_square(conv)) put_column(step, c, t / SQUARE, t % SQUARE, weight);
    }
}

static void pack_float(const conv_depthwise *step, ptrdiff_t c)
{
    const ptrdiff_t taps = step->conv.kh * step->conv.kw;
    for (ptrdiff_t t = 0; t < taps; t++)
        step->weight[t * step->padded + c] = fov_conv_weight_f32(&step->conv, (size_t)(c * taps + t));
}

static fov_status pack_blocks(conv_depthwise *step, fov_error *err)
{
    const fov_depthwise_call call = {.channels = (size_t)step->conv.cout,
                                     .columns = step->columns,
                                     .start = step->start,
                                     .scale = step->scale,
                                     .bias = step->bias,
                                     .ldtap = step->padded,
                                     .slope = step->conv.fused.slope,
                                     .as_y = &step->y};
    const size_t             words = fov_depthwise_blocks_words(step->kernel.block, step->kernel.taps, &call);
    if (!words) return FOV_OK;
    if (!(step->blocks = fov_alloc_aligned(words * sizeof *step->blocks))) return fov_fail_memory(err, "packed weights");
    fov_depthwise_blocks_fill(step->kernel.block, &call, step->blocks);
    step->bytes += words * sizeof *step->blocks;
    return FOV_OK;
}

static fov_status pack(conv_depthwise *step, fov_error *err)
{
    const fov_conv *conv = &step->conv;
    const bool      int8 = fov_conv_takes_int8(conv);
    const ptrdiff_t taps = conv->kh * conv->kw, extra = int8 ? 2 + SQUARE * words_of(step) : 0;
    step->bytes = (size_t)(step->padded * (1 + taps + extra)) * sizeof(float);
    if (!(step->bias = fov_alloc_aligned(step->bytes))) return fov_fail_memory(err, "packed weights");
    memset(step->bias, 0, step->bytes);
    step->weight = step->scale = step->bias + step->padded;
    step->start = (int32_t *)(void *)(step->scale + step->padded);
    step->weights = step->start + step->padded;
    step->columns = step->weights + taps * step->padded;
    for (ptrdiff_t c = 0; c < conv->cout; c++) {
        step->bias[c] = conv->bias ? conv->bias[c] : 0;
        if (int8) pack_int8(step, c);
        else pack_float(step, c);
    }
    fov_status st = fov_storage_init(&step->x, conv->x.dtype, conv->x.quant, 1, err);
    if (!st) st = fov_storage_init(&step->y, conv->y.dtype, conv->y.quant, 1, err);
    step->plain = !st && int8 && is_square(conv) &&
                  fov_depthwise_is_plain((size_t)conv->cout, conv->fused.slope, step->scale, step->bias, &step->y);
    return step->plain ? pack_blocks(step, err) : st;
}

static void free_depthwise(void *impl)
{
    conv_depthwise *step = impl;
    fov_free_aligned(step->bias);
    fov_free_aligned(step->blocks);
    fov_storage_free(&step->x);
    fov_storage_free(&step->y);
    fov_free(step);
}

/* ---------------------------------------------------------------- running */

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

/* The clipped window begins at row r0, column s0; all of it is there, or not. */
static void point_to_weights(const conv_depthwise *step, fov_depthwise_call *call, ptrdiff_t r0, ptrdiff_t s0)
{
    const ptrdiff_t first = (r0 * step->conv.kw + s0) * step->padded;
    if (!fov_conv_takes_int8(&step->conv)) {
        call->w = step->weight + first;
        return;
    }
    call->w_int8 = step->weights + first;
    call->columns = step->plain && call->rows == SQUARE && call->cols == SQUARE ? step->columns : NULL;
}

static fov_depthwise_call call_of(const conv_depthwise *step, const fov_conv_shape *s)
{
    return (fov_depthwise_call){.channels = (size_t)step->conv.cout,
                                .step = s->window.stride[1] * s->x.ld * s->x.size,
                                .tap = s->window.dilation[1] * s->x.ld * s->x.size,
                                .ldw = step->conv.kw * step->padded,
                                .ldtap = step->padded,
                                .bias = step->bias,
                                .scale = step->scale,
                                .start = step->start,
                                .blocks = step->blocks,
                                .ldy = s->y.ld * s->y.size,
                                .slope = step->conv.fused.slope,
                                .as_x = &step->x,
                                .as_y = &step->y};
}

/* Row oy of image n, which becomes pixels of y from `to` on. */
static void run_row(const conv_depthwise *step, const fov_conv_shape *s, ptrdiff_t n, ptrdiff_t oy, unsigned char *to)
{
    const fov_window    *w = &s->window;
    const unsigned char *row[MAX_WINDOW_ROWS];
    const ptrdiff_t      y0 = oy * w->stride[0] - w->pad_top;
    ptrdiff_t            r0, r1, s0, s1;
    fov_depthwise_call   call = call_of(step, s);
    clip(y0, s->x.h, w->kernel[0], w->dilation[0], &r0, &r1);
    call.row = row;
    call.rows = (size_t)(r1 - r0);
    for (ptrdiff_t col = 0; col < s->y.w; col += (ptrdiff_t)call.m) {
        const ptrdiff_t x0 = col * w->stride[1] - w->pad_left, inside = inside_run(s, col);
        clip(x0, s->x.w, w->kernel[1], w->dilation[1], &s0, &s1);
        call.m = inside ? (size_t)inside : 1;
        call.cols = (size_t)(s1 - s0);
        point_to_weights(step, &call, r0, s0);
        call.y = to + col * s->y.ld * s->y.size;
        for (ptrdiff_t r = r0; r < r1 && s0 < s1; r++)
            row[r - r0] = fov_pixel_at(&s->x, (n * s->x.h + y0 + r * w->dilation[0]) * s->x.w + x0 + s0 * w->dilation[1]);
        step->kernel.run(&call);
    }
}

static void run_rows(const conv_depthwise *step, const fov_conv_shape *s, ptrdiff_t first, ptrdiff_t last, unsigned char *to)
{
    const ptrdiff_t height = s->y.h;
    for (ptrdiff_t i = first; i < last; i++, to += s->y.w * s->y.ld * s->y.size) run_row(step, s, i / height, i % height, to);
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const depthwise_run *run = context;
    const ptrdiff_t      first = (ptrdiff_t)index * run->rows_per_chunk;
    const ptrdiff_t      last = first + run->rows_per_chunk < run->rows ? first + run->rows_per_chunk : run->rows;
    run_rows(run->step, &run->shape, first, last, fov_pixel_at(&run->shape.y, first * run->shape.y.w));
}

static fov_status depthwise_step(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                 fov_error *err)
{
    (void)scratch;
    depthwise_run run = {.step = impl};
    fov_status    st = fov_conv_shape_read(&run.step->conv, in, out, &run.shape, err);
    if (st) return st;
    run.rows = run.shape.y.n * run.shape.y.h;
    run.rows_per_chunk = fov_cpu_rows_per_chunk(run.rows, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.rows + run.rows_per_chunk - 1) / run.rows_per_chunk));
    return FOV_OK;
}

const fov_conv *fov_conv_depthwise_of(const fov_lowered *lowered)
{
    return lowered->run == depthwise_step ? &((const conv_depthwise *)lowered->impl)->conv : NULL;
}

void fov_conv_depthwise_rows(const fov_lowered *lowered, const fov_conv_shape *shape, ptrdiff_t first, ptrdiff_t last)
{
    run_rows(lowered->impl, shape, first, last, shape->y.bytes);
}

fov_status fov_conv_lower_depthwise(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    conv_depthwise *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered Conv");
    step->conv = *conv;
    step->kernel = fov_conv_takes_int8(conv) ? kernels->depthwise_int8 : kernels->depthwise;
    step->padded = (conv->cout + FOV_DEPTHWISE_PAD - 1) / FOV_DEPTHWISE_PAD * FOV_DEPTHWISE_PAD;
    fov_status st = pack(step, err);
    if (st) {
        free_depthwise(step);
        return st;
    }
    const bool int8 = fov_conv_takes_int8(conv);
    snprintf(step->name, sizeof step->name, "depthwise%tdx%td_%s%s%s", conv->kh, conv->kw,
             int8 ? "" : fov_dtype_name(conv->x.dtype), int8 ? "" : "_", step->kernel.name);
    step->conv.weight = step->conv.bias = NULL; /* the graph may give them back */
    *out = (fov_lowered){
        .kernel = step->name, .packed = true, .bytes = step->bytes, .impl = step, .run = depthwise_step, .free = free_depthwise};
    return FOV_OK;
}
