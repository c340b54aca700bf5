// SPDX-License-Identifier: MIT
#include "backend/cpu/lower.h"

#include "backend/cpu/storage.h"
#include "base/alloc.h"

enum { MAX_TAPS = 64 }; /* larger windows are left to the definition */

typedef struct max_pool_step {
    const fov_graph *graph;
    const fov_node  *node;
    fov_max_kernel   kernel;
    fov_storage      x, y;
} max_pool_step;

typedef struct max_pool_run {
    const max_pool_step *step;
    fov_pixels           x, y;
    fov_window           window;
    ptrdiff_t            rows, rows_per_chunk;
} max_pool_run;

/* Pixels of one window that lie in the image. */
static size_t find_taps(const max_pool_run *run, ptrdiff_t n, ptrdiff_t oy, ptrdiff_t ox, const unsigned char **tap)
{
    const fov_window *w = &run->window;
    const fov_pixels *x = &run->x;
    size_t            count = 0;
    for (ptrdiff_t r = 0; r < w->kernel[0]; r++)
        for (ptrdiff_t s = 0; s < w->kernel[1]; s++) {
            ptrdiff_t row = oy * w->stride[0] - w->pad_top + r * w->dilation[0];
            ptrdiff_t col = ox * w->stride[1] - w->pad_left + s * w->dilation[1];
            if (row >= 0 && row < x->h && col >= 0 && col < x->w) tap[count++] = fov_pixel_at(x, (n * x->h + row) * x->w + col);
        }
    return count;
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    (void)thread;
    const max_pool_run  *run = context;
    const fov_pixels    *y = &run->y;
    const ptrdiff_t      first = (ptrdiff_t)index * run->rows_per_chunk;
    const ptrdiff_t      last = first + run->rows_per_chunk < run->rows ? first + run->rows_per_chunk : run->rows;
    const unsigned char *tap[MAX_TAPS];
    fov_max_call         call = {.n = (size_t)y->c, .row = tap, .as_x = &run->step->x, .as_y = &run->step->y};
    for (ptrdiff_t i = first; i < last; i++)
        for (ptrdiff_t col = 0; col < y->w; col++) {
            call.rows = find_taps(run, i / y->h, i % y->h, col, tap);
            call.y = fov_pixel_at(y, i * y->w + col);
            run->step->kernel.run(&call);
        }
}

static fov_status max_pool_step_run(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                    fov_error *err)
{
    (void)scratch;
    const max_pool_step *step = impl;
    max_pool_run         run = {.step = step};
    const fov_op_call    call = {.node = step->node,
                                 .opset = step->graph->opset,
                                 .in = in,
                                 .out = out,
                                 .n_in = step->node->n_in,
                                 .n_out = step->node->n_out};
    if (!fov_pixels_of_any(in[0], &run.x) || !fov_pixels_of_any(out, &run.y)) return fov_fail_layout(step->node, err);
    fov_status st = fov_window_read(&call, run.x.h, run.x.w, NULL, &run.window, err);
    if (st) return st;
    run.rows = run.y.n * run.y.h;
    run.rows_per_chunk = fov_cpu_rows_per_chunk(run.rows, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)((run.rows + run.rows_per_chunk - 1) / run.rows_per_chunk));
    return FOV_OK;
}

static void free_max_pool(void *impl)
{
    max_pool_step *step = impl;
    fov_storage_free(&step->x);
    fov_storage_free(&step->y);
    fov_free(step);
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
    const fov_value *x = &graph->value[node->in[0]], *y = &graph->value[node->out[0]];
    const bool       bytes = x->dtype == FOV_U8 && fov_storage_same(x->dtype, x->quant, y->dtype, y->quant);
    *step = (max_pool_step){.graph = graph, .node = node, .kernel = bytes ? kernels->max_u8 : kernels->max};
    fov_status st = fov_storage_init(&step->x, x->dtype, x->quant, 1, err);
    if (!st) st = fov_storage_init(&step->y, y->dtype, y->quant, 1, err);
    if (st) free_max_pool(step);
    else *out = (fov_lowered){.kernel = step->kernel.name, .impl = step, .run = max_pool_step_run, .free = free_max_pool};
    return st;
}
