// SPDX-License-Identifier: MIT
/* Exp: y = e^x. */
#include "graph/ops/map.h"

#include <math.h>

static double exp_of(double x, const double *parameter)
{
    (void)parameter;
    return exp(x);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    (void)err;
    fov_op_map(call, exp_of, NULL);
    return FOV_OK;
}

const fov_op_def fov_op_exp = {.name = "Exp", .min_in = 1, .max_in = 1, .max_out = 1, .infer = fov_op_infer_float, .run = run};
