// SPDX-License-Identifier: MIT
/* Identity: y = x. */
#include "graph/ops/map.h"
#include "graph/ops/rearrange.h"

const fov_op_def fov_op_identity = {"Identity", 1, 1, 1, fov_op_infer_same, fov_op_run_copy};
