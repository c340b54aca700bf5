// SPDX-License-Identifier: MIT
/* Weights that several layers read. Folding, packing and quantising give each of them its own, so that a file of two megabytes
 * could ask for ten gigabytes; and so could one that makes large weights of its small ones, by Concat or Expand. */
#include "graph/graph.h"

enum { MOST_TIMES = 8 /* a pyramid's levels may share their heads */, FREE_BYTES = 16 << 20 };

static uint64_t bytes_of(const fov_value *value)
{
    size_t count = 0;
    if (value->data) fov_shape_count(&value->shape, &count);
    return (uint64_t)count * fov_dtype_size(value->dtype);
}

uint64_t fov_graph_constant_bytes(const fov_graph *graph)
{
    uint64_t bytes = 0;
    for (int i = 0; i < graph->n_value; i++) bytes += bytes_of(&graph->value[i]);
    return bytes;
}

fov_status fov_graph_check_sharing(const fov_graph *graph, uint64_t held, fov_error *err)
{
    uint64_t read = 0;
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
