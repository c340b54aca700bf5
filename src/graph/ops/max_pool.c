// SPDX-License-Identifier: MIT
/* MaxPool, two-dimensional: the largest element under the window; padding is -infinity. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

#include <math.h>

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    fov_window window;
    fov_status st = fov_op_expect(call, 0, FOV_F32, 4, err);
    if (st) return st;
    const int64_t *x = call->in[0]->shape.dim;
    if ((st = fov_window_read(call, x[2], x[3], NULL, &window, err))) return st;
    call->out[0].dtype = FOV_F32;
    call->out[0].shape = (fov_shape){4, {x[0], x[1], window.out_h, window.out_w}};
    return FOV_OK;
}

static float window_max(const fov_view *x, const fov_window *window, const int64_t *at)
{
    float largest = -INFINITY;
    for (int64_t r = 0; r < window->kernel[0]; r++) {
        int64_t row = at[2] * window->stride[0] - window->pad_top + r * window->dilation[0];
        if (row < 0 || row >= x->shape.dim[2]) continue;
        for (int64_t s = 0; s < window->kernel[1]; s++) {
            int64_t column = at[3] * window->stride[1] - window->pad_left + s * window->dilation[1];
            if (column < 0 || column >= x->shape.dim[3]) continue;
            float v = *fov_view_f32(x, (int64_t[]){at[0], at[1], row, column});
            if (v > largest) largest = v;
        }
    }
    return largest;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *x = call->in[0], *y = &call->out[0];
    fov_window      window;
    fov_status      st = fov_window_read(call, x->shape.dim[2], x->shape.dim[3], NULL, &window, err);
    if (st) return st;
    for (fov_walk w = fov_walk_begin(&y->shape); w.more; fov_walk_next(&w)) *fov_view_f32(y, w.at) = window_max(x, &window, w.at);
    return FOV_OK;
}

const fov_op_def fov_op_max_pool = {.name = "MaxPool", .min_in = 1, .max_in = 1, .max_out = 1, .infer = infer, .run = run};
