// SPDX-License-Identifier: MIT
/* Resize that repeats each pixel a whole number of times; all others are left to the definition. */
#include "backend/cpu/storage.h"

#include "backend/cpu/lower.h"
#include "base/alloc.h"
#include "graph/ops/resize.h"

#include <string.h>

typedef struct resize_step {
    fov_lowered     definition;
    const fov_node *node;
    fov_view        constant_scales; /* no data: an input of the run, or sizes */
    bool            move;            /* elements go as they are; else `convert` takes them from `from` to `to` */
    fov_rows_kernel convert;
    fov_storage     from, to;
} resize_step;

typedef struct resize_run {
    const resize_step *step;
    fov_pixels         x, y;
    ptrdiff_t          scale_h, scale_w, rows, rows_per_chunk;
} resize_run;

static size_t resize_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    const resize_step *step = impl;
    return step->definition.scratch(step->definition.impl, in, out, threads);
}

static void place_pixel(const resize_run *run, const unsigned char *from, unsigned char *to)
{
    const resize_step *step = run->step;
    const size_t       n = (size_t)run->y.c;
    if (step->move) memcpy(to, from, n * (size_t)run->y.size);
    else step->convert.run(&(fov_rows_call){.m = 1, .n = n, .a = from, .y = to, .as_a = &step->from, .as_y = &step->to});
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const resize_run *run = context;
    const fov_pixels *x = &run->x, *y = &run->y;
    const ptrdiff_t   first = (ptrdiff_t)index * run->rows_per_chunk;
    const ptrdiff_t   last = first + run->rows_per_chunk < run->rows ? first + run->rows_per_chunk : run->rows;
    for (ptrdiff_t i = first; i < last; i++) {
        const ptrdiff_t row = i / y->h * x->h + i % y->h / run->scale_h;
        for (ptrdiff_t col = 0; col < x->w; col++) {
            unsigned char *placed = fov_pixel_at(y, i * y->w + col * run->scale_w);
            place_pixel(run, fov_pixel_at(x, row * x->w + col), placed);
            for (ptrdiff_t k = 1; k < run->scale_w; k++) memcpy(placed + k * y->ld * y->size, placed, (size_t)(y->c * y->size));
        }
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
    if (!fov_pixels_of_any(in[0], &run->x) || !fov_pixels_of_any(out, &run->y)) return false;
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
    resize_run         run = {.step = step};
    if (!repeats_pixels(step, in, out, &run)) return step->definition.run(step->definition.impl, in, out, scratch, pool, err);
    run.rows = run.y.n * run.y.h;
    run.rows_per_chunk = fov_cpu_rows_per_chunk(run.rows, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.rows + run.rows_per_chunk - 1) / run.rows_per_chunk));
    return FOV_OK;
}

static void free_resize(void *impl)
{
    resize_step *step = impl;
    if (step->definition.free) step->definition.free(step->definition.impl);
    fov_storage_free(&step->from);
    fov_storage_free(&step->to);
    fov_free(step);
}

static fov_view constant_view(const fov_graph *graph, const fov_node *node, int input)
{
    if (input >= node->n_in || node->in[input] == FOV_NONE) return (fov_view){0};
    const fov_value *value = &graph->value[node->in[input]];
    return value->data ? fov_view_dense(value->dtype, &value->shape, value->data) : (fov_view){0};
}

static fov_status read_storage(const fov_graph *graph, const fov_node *node, resize_step *step, fov_error *err)
{
    const fov_value *x = &graph->value[node->in[0]], *y = &graph->value[node->out[0]];
    step->move = fov_storage_same(x->dtype, x->quant, y->dtype, y->quant);
    fov_status st = fov_storage_init(&step->from, x->dtype, x->quant, 1, err);
    return st ? st : fov_storage_init(&step->to, y->dtype, y->quant, 1, err);
}

fov_status fov_cpu_resize(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out,
                          fov_error *err)
{
    fov_sampling sampling;
    if (fov_sampling_read(node, graph->opset, &sampling) || !fov_sampling_replicates(&sampling) || fov_node_attr(node, "axes"))
        return fov_lower_definition(graph, node, out, err);
    resize_step *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered Resize");
    step->node = node;
    step->constant_scales = constant_view(graph, node, fov_resize_scales_index(node));
    step->convert = kernels->convert;
    fov_status st = fov_lower_definition(graph, node, &step->definition, err);
    if (!st) st = read_storage(graph, node, step, err);
    if (st) {
        free_resize(step);
        return st;
    }
    *out = (fov_lowered){.kernel = step->move ? "resize_repeat" : "resize_convert",
                         .impl = step,
                         .scratch = resize_scratch,
                         .run = resize_step_run,
                         .free = free_resize};
    return FOV_OK;
}
