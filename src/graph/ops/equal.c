// SPDX-License-Identifier: MIT
/* Equal: a == b, broadcast; a bool. */
#include "graph/ops/map.h"
#include "graph/ops/walk.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    if (call->in[1]->dtype != call->in[0]->dtype)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "its inputs have different element types");
    call->out[0].dtype = FOV_BOOL;
    return fov_op_broadcast(call, &call->in[0]->shape, &call->in[1]->shape, &call->out[0].shape, err);
}

static bool same(const fov_view *a, const fov_view *b, const int64_t *at)
{
    if (a->dtype == FOV_F32) return *fov_view_f32(a, at) == *fov_view_f32(b, at);
    if (a->dtype == FOV_I64) return *fov_view_i64(a, at) == *fov_view_i64(b, at);
    return ((const bool *)a->data)[fov_view_offset(a, at)] == ((const bool *)b->data)[fov_view_offset(b, at)];
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *out = &call->out[0];
    fov_view        a = fov_view_broadcast(call->in[0], &out->shape), b = fov_view_broadcast(call->in[1], &out->shape);
    (void)err;
    for (fov_walk w = fov_walk_begin(&out->shape); w.more; fov_walk_next(&w))
        ((bool *)out->data)[fov_view_offset(out, w.at)] = same(&a, &b, w.at);
    return FOV_OK;
}

const fov_op_def fov_op_equal = {.name = "Equal", .min_in = 2, .max_in = 2, .max_out = 1, .infer = infer, .run = run};
