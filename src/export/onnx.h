// SPDX-License-Identifier: MIT
/* ONNX files of networks that find faces, with the answers that RetinaFace's own exports give. */
#ifndef FOVEA_EXPORT_ONNX_H
#define FOVEA_EXPORT_ONNX_H

#include "export/onnx_write.h"
#include "models/model.h"

/**
 * Write a graph whose outputs are raw heads, or what a plugin makes of them.
 * @param graph gets the usual end: bbox, conf and landmarks
 * @param note  to stand beside the settings; NULL: none
 * @param out   release with fov_buffer_clear()
 */
fov_status fov_onnx_write_detector(fov_graph *graph, const fov_settings *settings, const fov_onnx_note *note, fov_buffer *out,
                                   fov_error *err);

/**
 * A typed graph (quant/) as one of floats, whose 8-bit values are QuantizeLinear and DequantizeLinear pairs: symmetric, one scale a
 * value and one a filter, as TensorRT's explicit quantisation wants them. What was fused is taken apart.
 * @param out release with fov_graph_free()
 */
fov_status fov_qdq_from_typed(const fov_graph *typed, fov_graph **out, fov_error *err);

#endif
