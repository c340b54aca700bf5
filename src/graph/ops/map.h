// SPDX-License-Identifier: MIT
/* Element-wise operators: one function of one number mapped over a tensor, or one of two over a broadcast pair. */
#ifndef FOVEA_GRAPH_OPS_MAP_H
#define FOVEA_GRAPH_OPS_MAP_H

#include "graph/op.h"

/** Output 0 is like input 0, of any type. */
fov_status fov_op_infer_same(const fov_op_call *call, fov_error *err);
/** Output 0 is like input 0, which must be float. */
fov_status fov_op_infer_float(const fov_op_call *call, fov_error *err);

/** out = f(in, parameter) for every element of input 0, in double. */
void fov_op_map(const fov_op_call *call, double (*f)(double x, const double *parameter), const double *parameter);

/** Shape of two tensors laid over each other by NumPy's rule. */
fov_status fov_op_broadcast(const fov_op_call *call, const fov_shape *a, const fov_shape *b, fov_shape *out, fov_error *err);
/** `view` seen in the larger shape that fov_op_broadcast() gave: repeated dimensions have stride 0. */
fov_view fov_view_broadcast(const fov_view *view, const fov_shape *shape);

/** An operator of two operands; `i64` is false when the result does not exist. */
typedef struct fov_binary {
    double (*f32)(double a, double b);
    bool (*i64)(int64_t a, int64_t b, int64_t *result);
} fov_binary;

fov_status fov_op_infer_binary(const fov_op_call *call, fov_error *err);
fov_status fov_op_run_binary(const fov_op_call *call, const fov_binary *binary, fov_error *err);

#endif
