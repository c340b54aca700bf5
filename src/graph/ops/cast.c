// SPDX-License-Identifier: MIT
/* Cast among the types Fovea keeps. `to` is ONNX's code; double is kept as float, int32 as int64. */
#include "graph/op.h"
#include "graph/ops/walk.h"

#include <math.h>

static bool find_dtype(int64_t code, fov_dtype *dtype)
{
    switch (code) {
    case 1:  /* FLOAT */
    case 11: /* DOUBLE */
        *dtype = FOV_F32;
        return true;
    case 6: /* INT32 */
    case 7: /* INT64 */
        *dtype = FOV_I64;
        return true;
    case 9: /* BOOL */
        *dtype = FOV_BOOL;
        return true;
    default:
        return false;
    }
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    int64_t code = fov_node_int(call->node, "to", 0);
    call->out[0].shape = call->in[0]->shape;
    if (find_dtype(code, &call->out[0].dtype)) return FOV_OK;
    return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "ONNX element type %lld is none of float, double, int32, int64, bool",
                       (long long)code);
}

/* Towards zero; what no integer can hold becomes the nearest that can, and NaN 0. */
static int64_t to_integer(float v)
{
    if (isnan(v)) return 0;
    return v >= 0x1p63F ? INT64_MAX : v < -0x1p63F ? INT64_MIN : (int64_t)v;
}

static void cast_from_float(const fov_view *out, const int64_t *at, float v)
{
    if (out->dtype == FOV_F32) *fov_view_f32(out, at) = v;
    else if (out->dtype == FOV_I64) *fov_view_i64(out, at) = to_integer(v);
    else ((bool *)out->data)[fov_view_offset(out, at)] = v != 0;
}

static void cast_from_integer(const fov_view *out, const int64_t *at, int64_t v)
{
    if (out->dtype == FOV_F32) *fov_view_f32(out, at) = (float)v;
    else if (out->dtype == FOV_I64) *fov_view_i64(out, at) = v;
    else ((bool *)out->data)[fov_view_offset(out, at)] = v != 0;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *in = call->in[0], *out = &call->out[0];
    (void)err;
    for (fov_walk w = fov_walk_begin(&out->shape); w.more; fov_walk_next(&w)) {
        if (in->dtype == FOV_F32) cast_from_float(out, w.at, *fov_view_f32(in, w.at));
        else if (in->dtype == FOV_I64) cast_from_integer(out, w.at, *fov_view_i64(in, w.at));
        else cast_from_integer(out, w.at, ((const bool *)in->data)[fov_view_offset(in, w.at)]);
    }
    return FOV_OK;
}

const fov_op_def fov_op_cast = {.name = "Cast", .min_in = 1, .max_in = 1, .max_out = 1, .infer = infer, .run = run};
