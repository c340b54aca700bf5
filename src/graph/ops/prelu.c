// SPDX-License-Identifier: MIT
/* PRelu: y = x < 0 ? slope * x : x, with the slope broadcast to x (never x to the slope). */
#include "graph/ops/map.h"
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    fov_shape  shape;
    fov_status st = fov_op_expect(call, 1, FOV_F32, FOV_ANY_RANK, err);
    if (!st) st = fov_op_broadcast(call, &call->in[0]->shape, &call->in[1]->shape, &shape, err);
    if (st) return st;
    if (!fov_shape_equal(&shape, &call->in[0]->shape))
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "its slope has more elements than its input");
    return fov_op_infer_float(call, err);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *y = &call->out[0];
    fov_view        slope = fov_view_broadcast(call->in[1], &y->shape);
    (void)err;
    for (fov_walk w = fov_walk_begin(&y->shape); w.more; fov_walk_next(&w)) {
        double x = (double)*fov_view_f32(call->in[0], w.at);
        *fov_view_f32(y, w.at) = (float)(x < 0 ? x * (double)*fov_view_f32(&slope, w.at) : x);
    }
    return FOV_OK;
}

const fov_op_def fov_op_prelu = {.name = "PRelu", .min_in = 2, .max_in = 2, .max_out = 1, .infer = infer, .run = run};
