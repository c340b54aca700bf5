// SPDX-License-Identifier: MIT
/* Identity: y = x. */
#include "graph/ops/map.h"
#include "graph/ops/rearrange.h"

const fov_op_def fov_op_identity = {
    .name = "Identity", .min_in = 1, .max_in = 1, .max_out = 1, .infer = fov_op_infer_same, .run = fov_op_run_copy};
