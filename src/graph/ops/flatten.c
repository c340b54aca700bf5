// SPDX-License-Identifier: MIT
/* Flatten: a matrix, the dimensions before `axis` by the others. */
#include "graph/ops/params.h"
#include "graph/ops/rearrange.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    int64_t          given = fov_node_int(call->node, "axis", 1), axis = given < 0 ? given + x->rank : given;
    if (axis < 0 || axis > x->rank)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "axis %lld is outside of a tensor of rank %d", (long long)given, x->rank);
    call->out[0].dtype = call->in[0]->dtype;
    call->out[0].shape = (fov_shape){2, {1, 1}};
    for (int i = 0; i < x->rank; i++) call->out[0].shape.dim[i >= axis] *= x->dim[i];
    return FOV_OK;
}

const fov_op_def fov_op_flatten = {
    .name = "Flatten", .min_in = 1, .max_in = 1, .max_out = 1, .infer = infer, .run = fov_op_run_copy};
