// SPDX-License-Identifier: MIT
/* Add: a + b, broadcast. */
#include "graph/ops/map.h"

static double add_f32(double a, double b)
{
    return a + b;
}

static bool add_i64(int64_t a, int64_t b, int64_t *result)
{
    return !__builtin_add_overflow(a, b, result);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    return fov_op_run_binary(call, &(fov_binary){add_f32, add_i64}, err);
}

const fov_op_def fov_op_add = {.name = "Add", .min_in = 2, .max_in = 2, .max_out = 1, .infer = fov_op_infer_binary, .run = run};
