// SPDX-License-Identifier: MIT
/* Sigmoid: y = 1 / (1 + e^-x). */
#include "graph/ops/map.h"

#include <math.h>

static double sigmoid(double x, const double *parameter)
{
    (void)parameter;
    return 1 / (1 + exp(-x));
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    (void)err;
    fov_op_map(call, sigmoid, NULL);
    return FOV_OK;
}

const fov_op_def fov_op_sigmoid = {
    .name = "Sigmoid", .min_in = 1, .max_in = 1, .max_out = 1, .infer = fov_op_infer_float, .run = run};
