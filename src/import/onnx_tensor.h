// SPDX-License-Identifier: MIT
/* ONNX tensors -> constants of a graph. */
#ifndef FOVEA_IMPORT_ONNX_TENSOR_H
#define FOVEA_IMPORT_ONNX_TENSOR_H

#include "graph/graph.h"

#include "onnx.pb-c.h"

/**
 * Add a tensor as a constant: floats of any width become FOV_F32, integers FOV_I64.
 * @param name of the value, and its origin
 * @param id   out
 */
fov_status fov_onnx_constant(fov_graph *graph, const Onnx__TensorProto *tensor, const char *name, int *id, fov_error *err);

/** What an ONNX element type becomes in a graph; false when Fovea has no use for it. */
bool fov_onnx_dtype(int32_t onnx_type, fov_dtype *dtype);

/** "float16", for messages; "type 20" for one that has no name here. */
const char *fov_onnx_type_name(int32_t onnx_type);

#endif
