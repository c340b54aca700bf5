// SPDX-License-Identifier: MIT
/* Convert, Fovea's own: y = x from one storage type to another, the output's. In an optimised graph it stands where a layer needs
 * another precision than its neighbours; in ONNX it becomes QuantizeLinear, DequantizeLinear or Cast. */
#include "graph/ops/map.h"
#include "graph/ops/rearrange.h"

const fov_op_def fov_op_convert = {
    .name = "Convert", .min_in = 1, .max_in = 1, .max_out = 1, .infer = fov_op_infer_float, .run = fov_op_run_copy};
