// SPDX-License-Identifier: MIT
/* Nodes of ONNX files whose operators plugins give: a decoder at the end is taken off while the body is made canonical, and put
 * back behind the model's heads. */
#ifndef FOVEA_IMPORT_ONNX_PLUGIN_H
#define FOVEA_IMPORT_ONNX_PLUGIN_H

#include "models/model.h"

/** A Plugin node that gave the graph's only output. node.plugin is NULL: there was none. */
typedef struct fov_plugin_tail {
    fov_node node; /* name, attributes and operator; no inputs and outputs */
    char    *output;
} fov_plugin_tail;

/**
 * Take the Plugin node off that gives the graph's only output: its inputs become the graph's outputs.
 * @param tail out: release with fov_plugin_tail_clear()
 */
fov_status fov_plugin_tail_take(fov_graph *graph, fov_plugin_tail *tail, fov_error *err);

void fov_plugin_tail_clear(fov_plugin_tail *tail);

#endif
