// SPDX-License-Identifier: MIT
/* Div: a / b, broadcast; integers round towards zero. */
#include "graph/ops/map.h"

static double div_f32(double a, double b)
{
    return a / b;
}

static bool div_i64(int64_t a, int64_t b, int64_t *result)
{
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *result = a / b;
    return true;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    return fov_op_run_binary(call, &(fov_binary){div_f32, div_i64}, err);
}

const fov_op_def fov_op_div = {.name = "Div", .min_in = 2, .max_in = 2, .max_out = 1, .infer = fov_op_infer_binary, .run = run};
