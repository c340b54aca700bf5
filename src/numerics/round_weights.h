// SPDX-License-Identifier: MIT
/* A graph's weights as a narrower precision keeps them, still as FP32: what rounding them alone does. */
#ifndef FOVEA_NUMERICS_ROUND_WEIGHTS_H
#define FOVEA_NUMERICS_ROUND_WEIGHTS_H

#include "graph/graph.h"

/**
 * Round every weight (numerics/tensors.h) to FP16 or BF16 and back, or the kernels of Convs to INT8 with a scale a channel.
 * @param flush also set to zero what is subnormal in that format, as builders and machines that do not keep subnormals do
 */
fov_status fov_round_weights(fov_graph *graph, fov_precision precision, bool flush, fov_error *err);

#endif
