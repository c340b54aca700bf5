// SPDX-License-Identifier: MIT
/* Where: condition ? a : b for every element, all three broadcast. */
#include "graph/ops/map.h"
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    fov_shape  both;
    fov_status st = fov_op_expect(call, 0, FOV_BOOL, FOV_ANY_RANK, err);
    if (st) return st;
    if (call->in[2]->dtype != call->in[1]->dtype)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "what it chooses from has different element types");
    call->out[0].dtype = call->in[1]->dtype;
    st = fov_op_broadcast(call, &call->in[1]->shape, &call->in[2]->shape, &both, err);
    return st ? st : fov_op_broadcast(call, &call->in[0]->shape, &both, &call->out[0].shape, err);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *out = &call->out[0];
    const fov_view  condition = fov_view_broadcast(call->in[0], &out->shape);
    const fov_view  a = fov_view_broadcast(call->in[1], &out->shape), b = fov_view_broadcast(call->in[2], &out->shape);
    (void)err;
    for (fov_walk w = fov_walk_begin(&out->shape); w.more; fov_walk_next(&w)) {
        bool first = ((const bool *)condition.data)[fov_view_offset(&condition, w.at)];
        fov_view_copy(out, w.at, first ? &a : &b, w.at);
    }
    return FOV_OK;
}

const fov_op_def fov_op_where = {.name = "Where", .min_in = 3, .max_in = 3, .max_out = 1, .infer = infer, .run = run};
