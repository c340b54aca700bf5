// SPDX-License-Identifier: MIT
/* An ONNX graph as it is in the file -> a graph of ours: same nodes, same names, nothing rewritten yet. */
#ifndef FOVEA_IMPORT_ONNX_GRAPH_H
#define FOVEA_IMPORT_ONNX_GRAPH_H

#include "graph/graph.h"
#include "plugin/plugin.h"

#include "onnx.pb-c.h"

/**
 * Initialisers and Constant nodes become constants; graph inputs that no initialiser fills become inputs, with the shape
 * that the file declares. Operators that neither Fovea nor a plugin has are listed in one message.
 * @param graph out: release with fov_graph_free(); NULL on failure
 */
fov_status fov_onnx_graph(const Onnx__ModelProto *model, fov_plugin_set plugins, fov_graph **graph, fov_error *err);

#endif
