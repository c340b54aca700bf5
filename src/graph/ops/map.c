// SPDX-License-Identifier: MIT
#include "graph/ops/map.h"

#include "graph/ops/params.h"
#include "graph/ops/walk.h"

fov_status fov_op_infer_same(const fov_op_call *call, fov_error *err)
{
    (void)err;
    call->out[0].dtype = call->in[0]->dtype;
    call->out[0].shape = call->in[0]->shape;
    return FOV_OK;
}

fov_status fov_op_infer_float(const fov_op_call *call, fov_error *err)
{
    fov_status st = fov_op_expect(call, 0, FOV_F32, FOV_ANY_RANK, err);
    return st ? st : fov_op_infer_same(call, err);
}

void fov_op_map(const fov_op_call *call, double (*f)(double x, const double *parameter), const double *parameter)
{
    for (fov_walk w = fov_walk_begin(&call->out[0].shape); w.more; fov_walk_next(&w))
        *fov_view_f32(&call->out[0], w.at) = (float)f((double)*fov_view_f32(call->in[0], w.at), parameter);
}

fov_status fov_op_broadcast(const fov_op_call *call, const fov_shape *a, const fov_shape *b, fov_shape *out, fov_error *err)
{
    *out = a->rank >= b->rank ? *a : *b;
    for (int i = 1; i <= out->rank; i++) {
        int64_t da = i <= a->rank ? a->dim[a->rank - i] : 1, db = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (da != db && da != 1 && db != 1) {
            char ta[128], tb[128];
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "shapes %s and %s cannot be broadcast", fov_shape_print(a, ta, sizeof ta),
                               fov_shape_print(b, tb, sizeof tb));
        }
        out->dim[out->rank - i] = da == 1 ? db : da;
    }
    return FOV_OK;
}

fov_view fov_view_broadcast(const fov_view *view, const fov_shape *shape)
{
    fov_view wide = {.dtype = view->dtype, .shape = *shape, .data = view->data};
    for (int i = 1; i <= view->shape.rank; i++)
        if (view->shape.dim[view->shape.rank - i] != 1) wide.stride[shape->rank - i] = view->stride[view->shape.rank - i];
    return wide;
}

fov_status fov_op_infer_binary(const fov_op_call *call, fov_error *err)
{
    fov_dtype dtype = call->in[0]->dtype;
    if (dtype == FOV_BOOL) return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "its inputs are bool");
    if (call->in[1]->dtype != dtype) return fov_op_fail(call, FOV_ERR_FORMAT, err, "its inputs have different element types");
    call->out[0].dtype = dtype;
    return fov_op_broadcast(call, &call->in[0]->shape, &call->in[1]->shape, &call->out[0].shape, err);
}

fov_status fov_op_run_binary(const fov_op_call *call, const fov_binary *binary, fov_error *err)
{
    const fov_view *out = &call->out[0];
    fov_view        a = fov_view_broadcast(call->in[0], &out->shape), b = fov_view_broadcast(call->in[1], &out->shape);
    for (fov_walk w = fov_walk_begin(&out->shape); w.more; fov_walk_next(&w)) {
        if (out->dtype == FOV_F32) {
            *fov_view_f32(out, w.at) = (float)binary->f32((double)*fov_view_f32(&a, w.at), (double)*fov_view_f32(&b, w.at));
            continue;
        }
        int64_t x = *fov_view_i64(&a, w.at), y = *fov_view_i64(&b, w.at);
        if (!binary->i64(x, y, fov_view_i64(out, w.at)))
            return fov_op_fail(call, FOV_ERR_LIMIT, err, "no 64-bit integer is the result for %lld and %lld", (long long)x,
                               (long long)y);
    }
    return FOV_OK;
}
