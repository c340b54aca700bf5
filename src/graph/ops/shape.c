// SPDX-License-Identifier: MIT
/* Shape: the dimensions of the input as a list, from `start` to before `end` (opset 15). Never reads the input's data. */
#include "graph/op.h"
#include "graph/ops/walk.h"

static int64_t clamp_axis(int64_t axis, int rank)
{
    if (axis < 0) axis += rank;
    return axis < 0 ? 0 : axis > rank ? rank : axis;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    int     rank = call->in[0]->shape.rank;
    int64_t start = clamp_axis(fov_node_int(call->node, "start", 0), rank),
            end = clamp_axis(fov_node_int(call->node, "end", rank), rank);
    (void)err;
    call->out[0].dtype = FOV_I64;
    call->out[0].shape = (fov_shape){1, {end > start ? end - start : 0}};
    return FOV_OK;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    int64_t start = clamp_axis(fov_node_int(call->node, "start", 0), call->in[0]->shape.rank);
    (void)err;
    for (int64_t i = 0; i < call->out[0].shape.dim[0]; i++) *fov_view_i64(&call->out[0], &i) = call->in[0]->shape.dim[start + i];
    return FOV_OK;
}

const fov_op_def fov_op_shape = {.name = "Shape", .min_in = 1, .max_in = 1, .max_out = 1, .infer = infer, .run = run};
