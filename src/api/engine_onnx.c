// SPDX-License-Identifier: MIT
/* An engine as an ONNX file for runtimes that take explicit quantisation. */
#include "engine/engine.h"
#include "export/onnx.h"

fov_status fov_engine_export_onnx(const fov_engine *engine, const char *path, fov_error *err)
{
    const fov_onnx_note precision = {"fovea.precision", fov_precision_name(engine->precision)};
    fov_graph          *graph = NULL;
    fov_buffer          file = {0};
    if (!engine->keeps_weights)
        return fov_fail(err, FOV_ERR_ARGUMENT, "%s: this engine gave its weights back; load or build it with keep_weights", path);
    fov_status st = fov_qdq_from_typed(engine->graph, &graph, err);
    if (!st) st = fov_onnx_write_detector(graph, &engine->settings, &precision, &file, err);
    if (!st) st = fov_file_write(path, file.data, file.size, err);
    fov_buffer_clear(&file);
    fov_graph_free(graph);
    return st;
}
