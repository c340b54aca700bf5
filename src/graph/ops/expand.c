// SPDX-License-Identifier: MIT
/* Expand: repeat dimensions of 1, broadcasting input and shape with each other. */
#include "graph/ops/map.h"
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    fov_shape  want;
    fov_status st = fov_op_read_shape(call, 1, &want, err);
    if (st) return st;
    call->out[0].dtype = call->in[0]->dtype;
    return fov_op_broadcast(call, &call->in[0]->shape, &want, &call->out[0].shape, err);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    (void)err;
    fov_view wide = fov_view_broadcast(call->in[0], &call->out[0].shape);
    fov_view_copy_all(&call->out[0], &wide);
    return FOV_OK;
}

const fov_op_def fov_op_expand = {.name = "Expand", .min_in = 2, .max_in = 2, .max_out = 1, .infer = infer, .run = run};
