// SPDX-License-Identifier: MIT
/* Unsqueeze: insert dimensions of 1 so that they are at `axes` of the result (attribute before opset 13, then input). */
#include "graph/ops/params.h"
#include "graph/ops/rearrange.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    fov_shape       *y = &call->out[0].shape;
    bool             set[FOV_MAX_RANK];
    fov_ints         axes;
    fov_status       st = fov_op_ints(call, 1, "axes", &axes, err);
    if (st) return st;
    if (!axes.data || axes.count > FOV_MAX_RANK - x->rank)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "inserts %lld dimensions into %d, at most %d are supported",
                           (long long)axes.count, x->rank, FOV_MAX_RANK);
    int rank = x->rank + (int)axes.count;
    if ((st = fov_op_axis_set(call, &axes, rank, set, err))) return st;
    call->out[0].dtype = call->in[0]->dtype;
    y->rank = rank;
    for (int i = 0, from = 0; i < rank; i++) y->dim[i] = set[i] ? 1 : x->dim[from++];
    return FOV_OK;
}

const fov_op_def fov_op_unsqueeze = {
    .name = "Unsqueeze", .min_in = 1, .max_in = 2, .max_out = 1, .infer = infer, .run = fov_op_run_copy};
