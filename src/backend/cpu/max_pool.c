// SPDX-License-Identifier: MIT
#include "backend/cpu/lower.h"

#include "base/alloc.h"

enum { MAX_TAPS = 64 }; /* larger windows are left to the definition */

typedef struct max_pool_step {
    const fov_graph *graph;
    const fov_node  *node;
    fov_max_f32      kernel;
} max_pool_step;

typedef struct max_pool_run {
    const max_pool_step *step;
    fov_pixels           x, y;
    fov_window           window;
    ptrdiff_t            rows, rows_per_chunk;
} max_pool_run;

/* Pixels of one window that lie in the image. */
static size_t find_taps(const max_pool_run *run, ptrdiff_t n, ptrdiff_t oy, ptrdiff_t ox, const float **tap)
{
    const fov_window *w = &run->window;
    const fov_pixels *x = &run->x;
    size_t            count = 0;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++)
        for (ptrdiff_t s = 0; s < w->kernel[1]; s++) {
            ptrdiff_t row = oy * w->stride[0] - w->pad_top + r * w->dilation[0];
            ptrdiff_t col = ox * w->stride[1] - w->pad_left + s * w->dilation[1];
            if (row >= 0 && row < x->h && col >= 0 && col < x->w) tap[count++] = x->data + ((n * x->h + row) * x->w + col) * x->ld;
        }
    return count;
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const max_pool_run *run = context;
    const fov_pixels   *y = &run->y;
    const ptrdiff_t     first = (ptrdiff_t)index * run->rows_per_chunk;
    const ptrdiff_t     last = first + run->rows_per_chunk < run->rows ? first + run->rows_per_chunk : run->rows;
    const float        *tap[MAX_TAPS];
    for (ptrdiff_t i = first; i < last; i++)
        for (ptrdiff_t col = 0; col < y->w; col++) {
            size_t taps = find_taps(run, i / y->h, i % y->h, col, tap);
            run->step->kernel.run((size_t)y->c, taps, tap, y->data + (i * y->w + col) * y->ld);
        }
}

static fov_status max_pool_step_run(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                    fov_error *err)
{
    (void)scratch;
    const max_pool_step *step = impl;
    max_pool_run         run = {.step = step};
    const fov_op_call    call = {step->node, step->graph->opset, in, out, step->node->n_in, step->node->n_out};
    if (!fov_pixels_of(in[0], &run.x) || !fov_pixels_of(out, &run.y)) return fov_fail_layout(step->node, err);
    fov_status st = fov_window_read(&call, run.x.h, run.x.w, NULL, &run.window, err);
    if (st) return st;
    run.rows = run.y.n * run.y.h;
    run.rows_per_chunk = fov_cpu_rows_per_chunk(run.rows, pool);
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.rows + run.rows_per_chunk - 1) / run.rows_per_chunk));
    return FOV_OK;
}

static bool small_window(const fov_node *node)
{
    const int64_t h = fov_node_int_at(node, "kernel_shape", 0, 0), w = fov_node_int_at(node, "kernel_shape", 1, 0);
    return h >= 1 && w >= 1 && h <= MAX_TAPS && w <= MAX_TAPS && h * w <= MAX_TAPS;
}

fov_status fov_cpu_max_pool(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out,
                            fov_error *err)
{
    if (!small_window(node)) return fov_lower_definition(graph, node, out, err);
    max_pool_step *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered MaxPool");
    *step = (max_pool_step){graph, node, kernels->max};
    *out = (fov_lowered){.kernel = step->kernel.name, .impl = step, .run = max_pool_step_run, .free = fov_free};
    return FOV_OK;
}
