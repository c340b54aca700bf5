// SPDX-License-Identifier: MIT
/* ConstantOfShape: a tensor of the given shape filled with `value`, whose type is the output's: float 0 by default,
 * a list of floats gives float, a list of ints int64. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    const fov_attr *value = fov_node_attr(call->node, "value");
    call->out[0].dtype = value && value->kind == FOV_ATTR_INTS ? FOV_I64 : FOV_F32;
    return fov_op_read_shape(call, 0, &call->out[0].shape, err);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *out = &call->out[0];
    (void)err;
    for (fov_walk w = fov_walk_begin(&out->shape); w.more; fov_walk_next(&w)) {
        if (out->dtype == FOV_I64) *fov_view_i64(out, w.at) = fov_node_int(call->node, "value", 0);
        else *fov_view_f32(out, w.at) = fov_node_float(call->node, "value", 0);
    }
    return FOV_OK;
}

const fov_op_def fov_op_constant_of_shape = {
    .name = "ConstantOfShape", .min_in = 1, .max_in = 1, .max_out = 1, .infer = infer, .run = run};
