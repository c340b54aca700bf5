// SPDX-License-Identifier: MIT
/* LeakyRelu: y = x < 0 ? alpha * x : x. */
#include "graph/ops/map.h"

static double leaky_relu(double x, const double *alpha)
{
    return x < 0 ? *alpha * x : x;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    double alpha = (double)fov_node_float(call->node, "alpha", 0.01F);
    (void)err;
    fov_op_map(call, leaky_relu, &alpha);
    return FOV_OK;
}

const fov_op_def fov_op_leaky_relu = {
    .name = "LeakyRelu", .min_in = 1, .max_in = 1, .max_out = 1, .infer = fov_op_infer_float, .run = run};
