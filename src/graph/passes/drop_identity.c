// SPDX-License-Identifier: MIT
/* Nodes that hand on what they get:
 *
 *     b = Identity(a)                 y = Relu(a)
 *     c = Dropout(b)         ->
 *     y = Relu(c)
 *
 * The numbers stay the same. A Dropout whose mask is read stays. */
#include "graph/passes.h"

static bool hands_on(const fov_graph *graph, const fov_node *node)
{
    if (node->op == FOV_OP_Identity) return true;
    return node->op == FOV_OP_Dropout && (node->n_out < 2 || node->out[1] == FOV_NONE || !fov_graph_use_count(graph, node->out[1]));
}

fov_status fov_pass_drop_identity(fov_graph *graph, int *count, fov_error *err)
{
    (void)err;
    for (int i = 0; i < graph->n_node; i++) {
        fov_node *node = &graph->node[i];
        if (node->dead || !hands_on(graph, node)) continue;
        node->dead = true;
        fov_graph_replace_uses(graph, node->out[0], node->in[0]);
        ++*count;
    }
    return FOV_OK;
}
