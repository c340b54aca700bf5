// SPDX-License-Identifier: MIT
/* Weights that several layers read. Folding, packing and quantising give each of them its own, so that a file of two megabytes
 * could ask for ten gigabytes. */
#include "graph/graph.h"

#include <stdint.h>

enum { MOST_TIMES = 8 /* a pyramid's levels may share their heads */, FREE_BYTES = 16 << 20 };

static uint64_t bytes_of(const fov_value *value)
{
    size_t count = 0;
    if (value->data) fov_shape_count(&value->shape, &count);
    return (uint64_t)count * fov_dtype_size(value->dtype);
}

fov_status fov_graph_check_sharing(const fov_graph *graph, fov_error *err)
{
    uint64_t held = 0, read = 0;
    for (int i = 0; i < graph->n_value; i++) held += bytes_of(&graph->value[i]);
    for (int i = 0; i < graph->n_node; i++)
        for (int k = 0; k < graph->node[i].n_in; k++)
            if (graph->node[i].in[k] != FOV_NONE) read += bytes_of(&graph->value[graph->node[i].in[k]]);
    if (read <= FREE_BYTES + MOST_TIMES * held) return FOV_OK;
    return fov_fail(
        err, FOV_ERR_LIMIT,
        "the layers read %llu MiB of weights where the file has %llu MiB, for many layers read the same: each needs its "
        "own in memory, so the limit is %d times what the file has",
        (unsigned long long)(read >> 20), (unsigned long long)(held >> 20), MOST_TIMES);
}
