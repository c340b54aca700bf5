// SPDX-License-Identifier: MIT
/* Nodes whose operator a shared library gives: FOV_OP_Plugin. Which one it is stands in two attributes, so that it survives a
 * file; the operator itself is bound to the node, by what a caller named and nothing else (plugin/plugin.h). */
#ifndef FOVEA_GRAPH_PLUGIN_H
#define FOVEA_GRAPH_PLUGIN_H

#include "graph/graph.h"
#include "plugin/plugin.h"

/** Attributes of every FOV_OP_Plugin node. The others are the operator's own. */
#define FOV_PLUGIN_DOMAIN "plugin_domain"
#define FOV_PLUGIN_OPERATOR "plugin_operator"

/** "domain::name" of a node's operator, into `text` of `size` bytes; returns text. */
char *fov_plugin_node_name(const fov_node *node, char *text, size_t size);

/**
 * Give a node its operator: reads its attributes, checks the number of its inputs and outputs.
 * @return FOV_ERR_UNSUPPORTED when none of the plugins has it; the message says how to name one that has
 */
fov_status fov_plugin_bind_node(fov_node *node, fov_plugin_set set, fov_error *err);

/** The same for all nodes of a graph that have none yet: for whoever reads graphs from files. */
fov_status fov_plugin_bind(fov_graph *graph, fov_plugin_set set, fov_error *err);

/** Whether the operator of a FOV_OP_Plugin node takes input (or gives output) `index` in this type as it is. */
bool fov_plugin_supports(const fov_node *node, bool is_input, int index, fov_dtype dtype);

#endif
