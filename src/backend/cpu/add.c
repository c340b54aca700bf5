// SPDX-License-Identifier: MIT
/* Add of two activations of one shape; broadcasting and other types are left to the definition. */
#include "backend/cpu/lower.h"

#include "base/alloc.h"

typedef struct add_step {
    fov_lowered definition;
    fov_add_f32 kernel;
} add_step;

typedef struct add_run {
    const add_step *step;
    fov_pixels      a, b, y;
    ptrdiff_t       pixels, pixels_per_chunk;
} add_run;

static size_t add_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    const add_step *step = impl;
    return step->definition.scratch(step->definition.impl, in, out, threads);
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const add_run  *run = context;
    const ptrdiff_t first = (ptrdiff_t)index * run->pixels_per_chunk;
    const ptrdiff_t last = first + run->pixels_per_chunk < run->pixels ? first + run->pixels_per_chunk : run->pixels;
    const float    *a = run->a.data + first * run->a.ld, *b = run->b.data + first * run->b.ld;
    float          *y = run->y.data + first * run->y.ld;
    if (run->a.ld == run->y.c && run->b.ld == run->y.c && run->y.ld == run->y.c) {
        run->step->kernel.run((size_t)((last - first) * run->y.c), a, b, y);
        return;
    }
    for (ptrdiff_t i = first; i < last; i++, a += run->a.ld, b += run->b.ld, y += run->y.ld)
        run->step->kernel.run((size_t)run->y.c, a, b, y);
}

static fov_status add_step_run(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                               fov_error *err)
{
    const add_step *step = impl;
    add_run         run = {.step = step};
    if (!in[0] || !in[1] || !fov_shape_equal(&in[0]->shape, &out->shape) || !fov_shape_equal(&in[1]->shape, &out->shape) ||
        !fov_pixels_of(in[0], &run.a) || !fov_pixels_of(in[1], &run.b) || !fov_pixels_of(out, &run.y) || !run.a.data || !run.b.data)
        return step->definition.run(step->definition.impl, in, out, scratch, pool, err);
    run.pixels = run.y.n * run.y.h * run.y.w;
    run.pixels_per_chunk = fov_cpu_rows_per_chunk(run.pixels, pool);
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.pixels + run.pixels_per_chunk - 1) / run.pixels_per_chunk));
    return FOV_OK;
}

static void free_add(void *impl)
{
    add_step *step = impl;
    step->definition.free(step->definition.impl);
    fov_free(step);
}

fov_status fov_cpu_add(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    fov_lowered definition;
    fov_status  st = fov_lower_definition(graph, node, &definition, err);
    if (st) return st;
    add_step *step = fov_calloc(1, sizeof *step);
    if (!step) {
        definition.free(definition.impl);
        return fov_fail_memory(err, "a lowered Add");
    }
    *step = (add_step){definition, kernels->add};
    *out = (fov_lowered){.kernel = step->kernel.name, .impl = step, .scratch = add_scratch, .run = add_step_run, .free = free_add};
    return FOV_OK;
}
