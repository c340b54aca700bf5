// SPDX-License-Identifier: MIT
/* Conv of U8 activations with I8 weights: exact integers, then floats in a stated order, so that every backend gives the same bits.
 *
 *     acc[o] = sum over the window of (x - zero_point[c]) * w[o][c], 32 bits; padding contributes 0
 *     v      = (float)acc[o] * scale[o]            scale: of the weight, which is quantised times the input's scale:
 *     v      = v + bias[o]                             w[o][c] * scale_w[o] = weight[o][c] * scale_x[c]
 *     v      = act(v + residual)   or   act(v) + nearest_upsample(residual)
 *
 * each operation rounded to float once, no fused multiply-add; then v is stored as the output's type says (graph/view.h). */
#ifndef FOVEA_GRAPH_OPS_CONV_INT8_H
#define FOVEA_GRAPH_OPS_CONV_INT8_H

#include "graph/op.h"

bool       fov_conv_is_int8(const fov_op_call *call);
fov_status fov_conv_run_int8(const fov_op_call *call, const fov_window *window, fov_error *err);

#endif
