// SPDX-License-Identifier: MIT
#ifndef FOVEA_GRAPH_SHAPE_JSON_H
#define FOVEA_GRAPH_SHAPE_JSON_H

#include "graph/graph.h"

#include <jansson.h>

/** Dimensions as an array of integers; a new reference, NULL without memory. */
json_t *fov_shape_json(const fov_shape *shape);

#endif
