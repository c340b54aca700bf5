// SPDX-License-Identifier: MIT
/* A graph -> the bytes of an ONNX model. */
#ifndef FOVEA_EXPORT_ONNX_WRITE_H
#define FOVEA_EXPORT_ONNX_WRITE_H

#include "base/file.h"
#include "graph/graph.h"

/** A pair of ONNX's metadata_props. */
typedef struct fov_onnx_note {
    const char *key, *value;
} fov_onnx_note;

/**
 * Write a graph in the form of opset 13, IR version 8. Inputs and outputs need a shape; open dimensions get names.
 * Attributes that the opset does not know are left out.
 * @param out release with fov_buffer_clear()
 */
fov_status fov_onnx_write(const fov_graph *graph, const fov_onnx_note *notes, size_t n_note, fov_buffer *out, fov_error *err);

#endif
