// SPDX-License-Identifier: MIT
#include "backend/cpu/rows.h"

#include "backend/cpu/storage.h"
#include "base/alloc.h"

/* Scales repeat after so many pixels of few channels at the latest at the beginning of a vector. */
enum { PIXELS_AT_ONCE = 16, FEW_CHANNELS = 64 };

typedef struct rows_step {
    fov_lowered     definition;
    fov_rows_kernel kernel;
    int             n_in;
    fov_storage     in[2], out;
    bool            repeats; /* scales are there for PIXELS_AT_ONCE pixels side by side */
} rows_step;

typedef struct rows_run {
    const rows_step *step;
    fov_pixels       in[2], out;
    ptrdiff_t        pixels, pixels_per_chunk;
    size_t           at_once; /* pixels that the kernel may see as one */
} rows_run;

static size_t rows_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    const rows_step *step = impl;
    return step->definition.scratch(step->definition.impl, in, out, threads);
}

/* How many pixels are one long pixel to the kernel: all when no channel is special, some when scales were repeated. */
static size_t pixels_at_once(const rows_step *step, const rows_run *run)
{
    size_t mask = step->out.mask;
    bool   dense = run->out.ld == run->out.c;
    for (int i = 0; i < step->n_in; i++) {
        mask |= step->in[i].mask;
        dense = dense && run->in[i].ld == run->out.c;
    }
    if (!dense) return 1;
    return !mask ? SIZE_MAX : step->repeats ? PIXELS_AT_ONCE : 1;
}

static void run_pixels(const rows_run *run, ptrdiff_t first, size_t count, size_t at_once)
{
    const rows_step  *step = run->step;
    const fov_pixels *a = &run->in[0], *b = &run->in[1], *y = &run->out;
    if (!count) return;
    step->kernel.run(&(fov_rows_call){.m = count / at_once,
                                      .n = (size_t)y->c * at_once,
                                      .a = fov_pixel_at(a, first),
                                      .b = step->n_in > 1 ? fov_pixel_at(b, first) : NULL,
                                      .y = fov_pixel_at(y, first),
                                      .step_a = a->ld * a->size * (ptrdiff_t)at_once,
                                      .step_b = b->ld * b->size * (ptrdiff_t)at_once,
                                      .step_y = y->ld * y->size * (ptrdiff_t)at_once,
                                      .as_a = &step->in[0],
                                      .as_b = &step->in[1],
                                      .as_y = &step->out});
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const rows_run *run = context;
    const ptrdiff_t first = (ptrdiff_t)index * run->pixels_per_chunk, rest = run->pixels - first;
    const size_t    count = (size_t)(rest < run->pixels_per_chunk ? rest : run->pixels_per_chunk);
    const size_t    at_once = run->at_once < count ? run->at_once : count, whole = count / at_once * at_once;
    run_pixels(run, first, whole, at_once);
    run_pixels(run, first + (ptrdiff_t)whole, count - whole, count - whole);
}

static bool fits(const fov_view *view, const fov_view *out, fov_pixels *pixels)
{
    return view && view->data && fov_shape_equal(&view->shape, &out->shape) && fov_pixels_of_any(view, pixels);
}

static fov_status rows_step_run(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                fov_error *err)
{
    const rows_step *step = impl;
    rows_run         run = {.step = step};
    bool             possible = fits(out, out, &run.out);
    for (int i = 0; i < step->n_in; i++) possible = possible && fits(in[i], out, &run.in[i]);
    if (!possible) return step->definition.run(step->definition.impl, in, out, scratch, pool, err);
    run.at_once = pixels_at_once(step, &run);
    run.pixels = run.out.n * run.out.h * run.out.w;
    run.pixels_per_chunk = fov_cpu_rows_per_chunk(run.pixels, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.pixels + run.pixels_per_chunk - 1) / run.pixels_per_chunk));
    return FOV_OK;
}

static void free_rows(void *impl)
{
    rows_step *step = impl;
    if (step->definition.free) step->definition.free(step->definition.impl);
    for (int i = 0; i < step->n_in; i++) fov_storage_free(&step->in[i]);
    fov_storage_free(&step->out);
    fov_free(step);
}

static bool few_channels(const fov_value *value)
{
    return !value->quant || value->quant->count <= FEW_CHANNELS;
}

static fov_status make_step(const fov_graph *graph, const fov_node *node, rows_step *step, fov_error *err)
{
    const fov_value *out = &graph->value[node->out[0]];
    step->repeats = few_channels(out);
    for (int i = 0; i < step->n_in; i++) step->repeats = step->repeats && few_channels(&graph->value[node->in[i]]);
    const size_t repeat = step->repeats ? PIXELS_AT_ONCE : 1;
    fov_status   st = fov_lower_definition(graph, node, &step->definition, err);
    if (!st) st = fov_storage_init(&step->out, out->dtype, out->quant, repeat, err);
    for (int i = 0; i < step->n_in && !st; i++) {
        const fov_value *value = &graph->value[node->in[i]];
        st = fov_storage_init(&step->in[i], value->dtype, value->quant, repeat, err);
    }
    return st;
}

fov_status fov_lower_rows(const fov_graph *graph, const fov_node *node, const fov_rows_kernel *kernel, int n_in, fov_lowered *out,
                          fov_error *err)
{
    rows_step *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered node");
    step->kernel = *kernel;
    step->n_in = n_in;
    fov_status st = make_step(graph, node, step, err);
    if (st) free_rows(step);
    else
        *out = (fov_lowered){.kernel = kernel->name,
                             .impl = step,
                             .by_rows = n_in == 1,
                             .scratch = rows_scratch,
                             .run = rows_step_run,
                             .free = free_rows};
    return st;
}
