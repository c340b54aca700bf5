// SPDX-License-Identifier: MIT
/* The part of an imported graph between the pixels and the heads, made canonical: only 4-D floats, any input size. */
#ifndef FOVEA_IMPORT_ONNX_BODY_H
#define FOVEA_IMPORT_ONNX_BODY_H

#include "graph/graph.h"

/**
 * Make a graph whose outputs are the heads independent of the size it was exported at: Resize gets constant scales, weights
 * that the file computes become constants, what only serves shapes goes away, and operators take the form of opset 13.
 * @param input the probed input, for which shapes are inferred
 * @return FOV_ERR_UNSUPPORTED naming a node that works on something else than images, or whose meaning hangs on the size
 */
fov_status fov_onnx_settle_body(fov_graph *graph, const fov_view *input, fov_error *err);

#endif
