// SPDX-License-Identifier: MIT
/* One ONNX node -> one node or constant of a graph. */
#ifndef FOVEA_IMPORT_ONNX_NODE_H
#define FOVEA_IMPORT_ONNX_NODE_H

#include "graph/graph.h"
#include "plugin/plugin.h"

#include "onnx.pb-c.h"

bool fov_onnx_default_domain(const char *domain);

/** True when Fovea's own operators suffice: fov_onnx_node_add() or fov_onnx_node_constant() can take it, as far as its operator
 * goes. */
bool fov_onnx_node_known(const Onnx__NodeProto *node);

/** Whether a plugin gives a node's operator, which Fovea then does not have. @return FOV_ERR_ARGUMENT when several do */
fov_status fov_onnx_node_is_given(const Onnx__NodeProto *node, fov_plugin_set plugins, bool *given, fov_error *err);

bool fov_onnx_node_is_constant(const Onnx__NodeProto *node);

/** The constant that a Constant node stands for. @param id out */
fov_status fov_onnx_node_constant(fov_graph *graph, const Onnx__NodeProto *node, int *id, fov_error *err);

/** @param in  value ids, one per input of the node; `out` likewise */
fov_status fov_onnx_node_add(fov_graph *graph, const Onnx__NodeProto *node, const int *in, const int *out, fov_plugin_set plugins,
                             fov_error *err);

#endif
