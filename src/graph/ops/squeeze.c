// SPDX-License-Identifier: MIT
/* Squeeze: drop dimensions of 1, those of `axes` (attribute before opset 13, then input) or all. */
#include "graph/ops/params.h"
#include "graph/ops/rearrange.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    fov_shape       *y = &call->out[0].shape;
    bool             set[FOV_MAX_RANK];
    fov_ints         axes;
    fov_status       st = fov_op_ints(call, 1, "axes", &axes, err);
    if (!st) st = fov_op_axis_set(call, &axes, x->rank, set, err);
    if (st) return st;
    call->out[0].dtype = call->in[0]->dtype;
    y->rank = 0;
    for (int i = 0; i < x->rank; i++) {
        bool drop = axes.data ? set[i] : x->dim[i] == 1;
        if (drop && x->dim[i] != 1)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "cannot drop dimension %d, which has %lld elements", i,
                               (long long)x->dim[i]);
        if (!drop) y->dim[y->rank++] = x->dim[i];
    }
    return FOV_OK;
}

const fov_op_def fov_op_squeeze = {
    .name = "Squeeze", .min_in = 1, .max_in = 2, .max_out = 1, .infer = infer, .run = fov_op_run_copy};
