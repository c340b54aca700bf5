// SPDX-License-Identifier: MIT
/* A model's graph with BatchNormalization folded, in two forms. */
#ifndef FOVEA_NUMERICS_FOLD_H
#define FOVEA_NUMERICS_FOLD_H

#include "graph/graph.h"

/** A copy in which BatchNormalization is gone where it follows a Conv: the weights that engines have. Nothing else is fused. */
fov_status fov_fold_copy(const fov_graph *graph, fov_graph **folded, fov_error *err);

/**
 * A copy with the same nodes and tensor names: the Conv has the folded weights, and the BatchNormalization behind it adds the
 * folded bias and is otherwise exactly the identity (gamma 1, mean 0, var + epsilon = 1). So it can be written as any
 * checkpoint of its family, and what folds it again gets the same weights to the bit. No two nodes share a weight.
 */
fov_status fov_fold_in_place(const fov_graph *graph, fov_graph **folded, fov_error *err);

/** True for a BatchNormalization that scales by exactly 1 around 0 for `channels` channels. */
bool fov_is_identity_norm(const fov_graph *graph, const fov_node *norm, size_t channels);

#endif
