// SPDX-License-Identifier: MIT
/* Range: start, start + delta, ... before limit; all three are single numbers of one type. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

#include <math.h>

static fov_status check_inputs(const fov_op_call *call, fov_error *err)
{
    fov_dtype dtype = call->in[0]->dtype;
    for (int i = 0; i < 3; i++) {
        size_t count;
        if (call->in[i]->dtype != dtype || dtype == FOV_BOOL || !fov_shape_count(&call->in[i]->shape, &count) || count != 1)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "start, limit and delta should be single numbers of one type");
        if (!call->in[i]->data)
            return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "input %d depends on the values of the graph's input", i);
    }
    return FOV_OK;
}

static double number(const fov_view *view)
{
    return view->dtype == FOV_F32 ? (double)*(const float *)view->data : (double)*(const int64_t *)view->data;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    fov_status st = check_inputs(call, err);
    if (st) return st;
    double start = number(call->in[0]), limit = number(call->in[1]), delta = number(call->in[2]);
    double count = ceil((limit - start) / delta);
    if (!(fabs(start) <= 0x1p53 && fabs(limit) <= 0x1p53 && delta != 0 && count <= (double)FOV_MAX_ELEMENTS))
        return fov_op_fail(call, FOV_ERR_LIMIT, err, "cannot count from %g to %g in steps of %g", start, limit, delta);
    call->out[0].dtype = call->in[0]->dtype;
    call->out[0].shape = (fov_shape){1, {count > 0 ? (int64_t)count : 0}};
    return FOV_OK;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *out = &call->out[0];
    (void)err;
    for (int64_t i = 0; i < out->shape.dim[0]; i++) {
        if (out->dtype == FOV_I64)
            *fov_view_i64(out, &i) = *(const int64_t *)call->in[0]->data + i * *(const int64_t *)call->in[2]->data;
        else *fov_view_f32(out, &i) = (float)(number(call->in[0]) + (double)i * number(call->in[2]));
    }
    return FOV_OK;
}

const fov_op_def fov_op_range = {.name = "Range", .min_in = 3, .max_in = 3, .max_out = 1, .infer = infer, .run = run};
