// SPDX-License-Identifier: MIT
/* Clip: y = min(max(x, low), high); the bounds are attributes before opset 11, then inputs. */
#include "graph/ops/map.h"
#include "graph/ops/params.h"

#include <float.h>

static fov_status read_bounds(const fov_op_call *call, double *bound, fov_error *err)
{
    float      low, high;
    fov_status st = fov_op_float(call, 1, "min", -FLT_MAX, &low, err);
    if (!st) st = fov_op_float(call, 2, "max", FLT_MAX, &high, err);
    if (st) return st;
    bound[0] = (double)low;
    bound[1] = (double)high;
    return FOV_OK;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    double     bound[2];
    fov_status st = read_bounds(call, bound, err);
    return st ? st : fov_op_infer_float(call, err);
}

static double clip(double x, const double *bound)
{
    if (x < bound[0]) x = bound[0];
    return x > bound[1] ? bound[1] : x;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    double     bound[2];
    fov_status st = read_bounds(call, bound, err);
    if (!st) fov_op_map(call, clip, bound);
    return st;
}

const fov_op_def fov_op_clip = {.name = "Clip", .min_in = 1, .max_in = 3, .max_out = 1, .infer = infer, .run = run};
