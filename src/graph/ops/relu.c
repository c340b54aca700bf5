// SPDX-License-Identifier: MIT
/* Relu: y = max(x, 0). */
#include "graph/ops/map.h"

static double relu(double x, const double *parameter)
{
    (void)parameter;
    return x < 0 ? 0 : x;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    (void)err;
    fov_op_map(call, relu, NULL);
    return FOV_OK;
}

const fov_op_def fov_op_relu = {.name = "Relu", .min_in = 1, .max_in = 1, .max_out = 1, .infer = fov_op_infer_float, .run = run};
