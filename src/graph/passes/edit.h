// SPDX-License-Identifier: MIT
/* What passes share: questions about neighbours, and small edits. */
#ifndef FOVEA_GRAPH_PASSES_EDIT_H
#define FOVEA_GRAPH_PASSES_EDIT_H

#include "graph/graph.h"

/** The node of operator `op` that makes `value` for nobody but one reader; FOV_NONE otherwise. */
int fov_graph_private_producer(const fov_graph *graph, int value, fov_op op);

/** True for Relu and LeakyRelu; `slope` is what they multiply negative numbers with. */
bool fov_node_is_activation(const fov_node *node, float *slope);

/** Constant float data of `count` elements, NULL when the value is left out, computed, or of another size or type. */
const float *fov_graph_floats(const fov_graph *graph, int value, size_t count);

/** Make input `i` of a node read `value`; optional inputs before it that the node did not have are left out. */
fov_status fov_node_set_input(fov_node *node, int i, int value, fov_error *err);

/**
 * Which tensors of the file these values are made of: "a, b", each once, and "..." after the first few dozen. Values left
 * out or without origin add nothing. Release with fov_free(); "" if there are none, NULL without memory.
 */
char *fov_graph_join_origins(const fov_graph *graph, const int *values, int count);

/** "<stem><suffix>", made unique; a stem that has the suffix does not get it again. Release with fov_free(); NULL without memory.
 */
char *fov_graph_derived_name(const fov_graph *graph, const char *stem, const char *suffix);

#endif
