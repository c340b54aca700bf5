// SPDX-License-Identifier: MIT
/* Which constants of a graph are weights: what a precision rounds. */
#ifndef FOVEA_NUMERICS_TENSORS_H
#define FOVEA_NUMERICS_TENSORS_H

#include "graph/graph.h"

typedef enum fov_tensor_role {
    FOV_TENSOR_NONE,   /* no weight: shapes, scales of Resize, statistics of BatchNormalization */
    FOV_TENSOR_KERNEL, /* of a Conv: (out, in / group, kh, kw) */
    FOV_TENSOR_OTHER   /* biases, scale and shift of BatchNormalization, operands of arithmetic */
} fov_tensor_role;

typedef struct fov_tensor_use {
    int             value;
    fov_tensor_role role;
    size_t          count; /* elements */
} fov_tensor_use;

typedef struct fov_tensor_list {
    fov_tensor_use *item; /* in the order of the values; release with fov_free() */
    size_t          count;
} fov_tensor_list;

fov_status fov_tensors_list(const fov_graph *graph, fov_tensor_list *list, fov_error *err);

#endif
