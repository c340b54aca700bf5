// SPDX-License-Identifier: MIT
/* Resize that repeats each pixel a whole number of times; all others are left to the definition. */
#include "backend/cpu/lower.h"

#include "base/alloc.h"
#include "graph/ops/resize.h"

#include <string.h>

typedef struct resize_step {
    fov_lowered     definition;
    const fov_node *node;
    fov_view        constant_scales; /* no data: an input of the run, or sizes */
} resize_step;

typedef struct resize_run {
    fov_pixels x, y;
    ptrdiff_t  scale_h, scale_w, rows, rows_per_chunk;
} resize_run;

static size_t resize_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    const resize_step *step = impl;
    return step->definition.scratch(step->definition.impl, in, out, threads);
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const resize_run *run = context;
    const fov_pixels *x = &run->x, *y = &run->y;
    const ptrdiff_t   first = (ptrdiff_t)index * run->rows_per_chunk;
    const ptrdiff_t   last = first + run->rows_per_chunk < run->rows ? first + run->rows_per_chunk : run->rows;
    for (ptrdiff_t i = first; i < last; i++) {
        const float *from = x->data + (i / y->h * x->h + i % y->h / run->scale_h) * x->w * x->ld;
        float       *to = y->data + i * y->w * y->ld;
        for (ptrdiff_t col = 0; col < x->w; col++, from += x->ld)
            for (ptrdiff_t k = 0; k < run->scale_w; k++, to += y->ld) memcpy(to, from, (size_t)y->c * sizeof *to);
    }
}

/* A scale such as 2.05 may give the same size as 2 and still sample elsewhere. */
static bool scales_are(const fov_view *scales, const resize_run *run)
{
    const double wanted[4] = {1, 1, (double)run->scale_h, (double)run->scale_w};
    if (!scales || (scales->shape.rank == 1 && scales->shape.dim[0] == 0)) return true;
    if (!scales->data || scales->dtype != FOV_F32 || scales->shape.rank != 1 || scales->shape.dim[0] != 4) return false;
    for (int i = 0; i < 4; i++)
        if ((double)((const float *)scales->data)[i * scales->stride[0]] != wanted[i]) return false;
    return true;
}

static bool repeats_pixels(const resize_step *step, const fov_view *const *in, const fov_view *out, resize_run *run)
{
    const int       at = fov_resize_scales_index(step->node);
    const fov_view *scales = step->constant_scales.data ? &step->constant_scales : at < step->node->n_in ? in[at] : NULL;
    if (!fov_pixels_of(in[0], &run->x) || !fov_pixels_of(out, &run->y)) return false;
    const fov_pixels *x = &run->x, *y = &run->y;
    if (x->n != y->n || x->c != y->c || x->h < 1 || x->w < 1 || y->h % x->h != 0 || y->w % x->w != 0) return false;
    run->scale_h = y->h / x->h;
    run->scale_w = y->w / x->w;
    return run->scale_h > 0 && run->scale_w > 0 && scales_are(scales, run);
}

static fov_status resize_step_run(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                  fov_error *err)
{
    const resize_step *step = impl;
    resize_run         run = {0};
    if (!repeats_pixels(step, in, out, &run)) return step->definition.run(step->definition.impl, in, out, scratch, pool, err);
    run.rows = run.y.n * run.y.h;
    run.rows_per_chunk = fov_cpu_rows_per_chunk(run.rows, pool);
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.rows + run.rows_per_chunk - 1) / run.rows_per_chunk));
    return FOV_OK;
}

static void free_resize(void *impl)
{
    resize_step *step = impl;
    step->definition.free(step->definition.impl);
    fov_free(step);
}

static fov_view constant_view(const fov_graph *graph, const fov_node *node, int input)
{
    if (input >= node->n_in || node->in[input] == FOV_NONE) return (fov_view){0};
    const fov_value *value = &graph->value[node->in[input]];
    return value->data ? fov_view_dense(value->dtype, &value->shape, value->data) : (fov_view){0};
}

fov_status fov_cpu_resize(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out,
                          fov_error *err)
{
    (void)kernels;
    fov_lowered  definition;
    fov_sampling sampling;
    fov_status   st = fov_lower_definition(graph, node, &definition, err);
    if (st) return st;
    if (fov_sampling_read(node, graph->opset, &sampling) || !fov_sampling_replicates(&sampling) || fov_node_attr(node, "axes")) {
        *out = definition;
        return FOV_OK;
    }
    resize_step *step = fov_calloc(1, sizeof *step);
    if (!step) {
        definition.free(definition.impl);
        return fov_fail_memory(err, "a lowered Resize");
    }
    *step = (resize_step){definition, node, constant_view(graph, node, fov_resize_scales_index(node))};
    *out = (fov_lowered){
        .kernel = "resize_repeat_f32", .impl = step, .scratch = resize_scratch, .run = resize_step_run, .free = free_resize};
    return FOV_OK;
}
