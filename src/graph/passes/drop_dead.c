// SPDX-License-Identifier: MIT
/* Nodes that no output of the graph needs, found by walking backwards from the outputs:
 *
 *     a = Relu(x)                    a = Relu(x)
 *     b = Exp(a)              ->     output a
 *     output a
 */
#include "graph/passes.h"

#include "base/alloc.h"

fov_status fov_pass_drop_dead(fov_graph *graph, int *count, fov_error *err)
{
    bool *needed = fov_calloc((size_t)graph->n_value, sizeof *needed);
    if (!needed) return fov_fail_memory(err, "finding what the outputs need");
    for (int i = 0; i < graph->n_output; i++) needed[graph->output[i]] = true;
    for (int i = graph->n_node - 1; i >= 0; i--) {
        fov_node *node = &graph->node[i];
        bool      live = false;
        if (node->dead) continue;
        for (int j = 0; j < node->n_out; j++) live |= node->out[j] != FOV_NONE && needed[node->out[j]];
        for (int j = 0; j < node->n_in && live; j++)
            if (node->in[j] != FOV_NONE) needed[node->in[j]] = true;
        if (live) continue;
        node->dead = true;
        ++*count;
    }
    fov_free(needed);
    return FOV_OK;
}
