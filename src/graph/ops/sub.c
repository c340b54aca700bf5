// SPDX-License-Identifier: MIT
/* Sub: a - b, broadcast. */
#include "graph/ops/map.h"

static double sub_f32(double a, double b)
{
    return a - b;
}

static bool sub_i64(int64_t a, int64_t b, int64_t *result)
{
    return !__builtin_sub_overflow(a, b, result);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    return fov_op_run_binary(call, &(fov_binary){sub_f32, sub_i64}, err);
}

const fov_op_def fov_op_sub = {.name = "Sub", .min_in = 2, .max_in = 2, .max_out = 1, .infer = fov_op_infer_binary, .run = run};
