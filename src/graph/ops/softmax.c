// SPDX-License-Identifier: MIT
/* Softmax: e^x / sum of e^x. From opset 13 along `axis` (default -1); before, over all dimensions from `axis` (default 1)
 * on, as if they were one. */
#include "graph/ops/map.h"
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

#include <math.h>

static fov_status read_axis(const fov_op_call *call, int *axis, fov_error *err)
{
    return fov_op_axis(call, fov_node_int(call->node, "axis", call->opset < 13 ? 1 : -1), call->in[0]->shape.rank, axis, err);
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    int        axis;
    fov_status st = read_axis(call, &axis, err);
    return st ? st : fov_op_infer_float(call, err);
}

/* Views of the slab that begins at `at` and sums to 1. */
static fov_view slab(const fov_view *view, const fov_shape *shape, const int64_t *at)
{
    fov_view part = *view;
    part.shape = *shape;
    part.data = fov_view_f32(view, at);
    return part;
}

static void softmax(const fov_view *x, const fov_view *y)
{
    double largest = -INFINITY, sum = 0;
    for (fov_walk w = fov_walk_begin(&x->shape); w.more; fov_walk_next(&w)) largest = fmax(largest, (double)*fov_view_f32(x, w.at));
    for (fov_walk w = fov_walk_begin(&x->shape); w.more; fov_walk_next(&w)) sum += exp((double)*fov_view_f32(x, w.at) - largest);
    for (fov_walk w = fov_walk_begin(&x->shape); w.more; fov_walk_next(&w))
        *fov_view_f32(y, w.at) = (float)(exp((double)*fov_view_f32(x, w.at) - largest) / sum);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_shape *shape = &call->in[0]->shape;
    fov_shape        outer = *shape, inner = *shape;
    int              axis;
    fov_status       st = read_axis(call, &axis, err);
    if (st) return st;
    for (int i = 0; i < shape->rank; i++) {
        bool summed = call->opset < 13 ? i >= axis : i == axis;
        if (summed && outer.dim[i]) outer.dim[i] = 1;
        if (!summed) inner.dim[i] = 1;
    }
    for (fov_walk w = fov_walk_begin(&outer); w.more; fov_walk_next(&w)) {
        fov_view x = slab(call->in[0], &inner, w.at), y = slab(&call->out[0], &inner, w.at);
        softmax(&x, &y);
    }
    return FOV_OK;
}

const fov_op_def fov_op_softmax = {.name = "Softmax", .min_in = 1, .max_in = 1, .max_out = 1, .infer = infer, .run = run};
