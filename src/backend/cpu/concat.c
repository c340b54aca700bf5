// SPDX-License-Identifier: MIT
/* Concat over channels, where it could not be had without copies: inputs of other types or scales than the output, or values that
 * live elsewhere. Other axes are left to the definition. */
#include "backend/cpu/lower.h"

#include "backend/cpu/storage.h"
#include "base/alloc.h"

#include <string.h>

typedef struct concat_step {
    fov_lowered     definition;
    fov_rows_kernel convert;
    int             n_in;
    fov_storage     out, in[]; /* one an input */
} concat_step;

typedef struct concat_run {
    const concat_step     *step;
    const fov_view *const *in;
    fov_pixels             y;
    ptrdiff_t              pixels, pixels_per_chunk;
} concat_run;

static size_t concat_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    const concat_step *step = impl;
    return step->definition.scratch(step->definition.impl, in, out, threads);
}

/* The output's storage from channel `first` on. */
static fov_storage storage_from(const fov_storage *as, ptrdiff_t first)
{
    fov_storage part = *as;
    if (!as->mask) return part;
    part.scale += first;
    part.inverse += first;
    part.zero_point += first;
    return part;
}

static void place_input(const concat_run *run, int index, ptrdiff_t first, size_t count, ptrdiff_t *channel)
{
    const concat_step *step = run->step;
    const fov_storage  as_y = storage_from(&step->out, *channel);
    fov_pixels         x;
    fov_pixels_of_any(run->in[index], &x);
    step->convert.run(&(fov_rows_call){.m = count,
                                       .n = (size_t)x.c,
                                       .a = fov_pixel_at(&x, first),
                                       .y = fov_pixel_at(&run->y, first) + *channel * run->y.size,
                                       .step_a = x.ld * x.size,
                                       .step_y = run->y.ld * run->y.size,
                                       .as_a = &step->in[index],
                                       .as_y = &as_y});
    *channel += x.c;
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const concat_run *run = context;
    const ptrdiff_t   first = (ptrdiff_t)index * run->pixels_per_chunk, rest = run->pixels - first;
    const size_t      count = (size_t)(rest < run->pixels_per_chunk ? rest : run->pixels_per_chunk);
    ptrdiff_t         channel = 0;
    for (int i = 0; i < run->step->n_in; i++) place_input(run, i, first, count, &channel);
}

static fov_status concat_step_run(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                  fov_error *err)
{
    const concat_step *step = impl;
    concat_run         run = {.step = step, .in = in};
    fov_pixels         x;
    bool               possible = fov_pixels_of_any(out, &run.y);
    for (int i = 0; i < step->n_in && possible; i++) possible = in[i] && in[i]->data && fov_pixels_of_any(in[i], &x);
    if (!possible) return step->definition.run(step->definition.impl, in, out, scratch, pool, err);
    run.pixels = run.y.n * run.y.h * run.y.w;
    run.pixels_per_chunk = fov_cpu_rows_per_chunk(run.pixels, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.pixels + run.pixels_per_chunk - 1) / run.pixels_per_chunk));
    return FOV_OK;
}

static void free_concat(void *impl)
{
    concat_step *step = impl;
    if (step->definition.free) step->definition.free(step->definition.impl);
    for (int i = 0; i < step->n_in; i++) fov_storage_free(&step->in[i]);
    fov_storage_free(&step->out);
    fov_free(step);
}

fov_status fov_cpu_concat(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out,
                          fov_error *err)
{
    if (fov_node_int(node, "axis", 0) != 1) return fov_lower_definition(graph, node, out, err);
    concat_step *step = fov_calloc(1, sizeof *step + (size_t)node->n_in * sizeof *step->in);
    if (!step) return fov_fail_memory(err, "a lowered Concat");
    const fov_value *y = &graph->value[node->out[0]];
    step->convert = kernels->convert;
    step->n_in = node->n_in;
    fov_status st = fov_lower_definition(graph, node, &step->definition, err);
    if (!st) st = fov_storage_init(&step->out, y->dtype, y->quant, 1, err);
    for (int i = 0; i < node->n_in && !st; i++) {
        const fov_value *x = &graph->value[node->in[i]];
        st = fov_storage_init(&step->in[i], x->dtype, x->quant, 1, err);
    }
    if (st) free_concat(step);
    else
        *out =
            (fov_lowered){.kernel = "concat", .impl = step, .scratch = concat_scratch, .run = concat_step_run, .free = free_concat};
    return st;
}
