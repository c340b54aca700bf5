// SPDX-License-Identifier: MIT
/* Weight health of a graph: fov_model_health_json()'s COUNTS of all its weights. */
#ifndef FOVEA_NUMERICS_HEALTH_H
#define FOVEA_NUMERICS_HEALTH_H

#include "graph/graph.h"

#include <jansson.h>

/** Totals once BatchNormalization is folded. @param total out: release with json_decref() */
fov_status fov_health_total(const fov_graph *graph, fov_precision precision, json_t **total, fov_error *err);

#endif
