// SPDX-License-Identifier: MIT
/* What the operators share that keep all elements in their order and only change the shape. */
#ifndef FOVEA_GRAPH_OPS_REARRANGE_H
#define FOVEA_GRAPH_OPS_REARRANGE_H

#include "graph/op.h"

/** Copy input 0 to output 0, element by element in row-major order. */
fov_status fov_op_run_copy(const fov_op_call *call, fov_error *err);

#endif
