// SPDX-License-Identifier: MIT
/* An activation into the Conv before it:
 *
 *     a = Conv(x, w, b)                   y = Conv(x, w, b) {fused_slope=0.1}
 *     y = LeakyRelu(a) {alpha=0.1}  ->
 *
 * Relu is a slope of 0. Convs with other readers, a slope already, or a residual added after theirs stay. One rounding of
 * a to float goes away: y differs by at most 2^-23 of itself. */
#include "graph/passes.h"

#include "graph/op.h"
#include "graph/passes/edit.h"

static bool takes_activation(const fov_node *conv)
{
    fov_fused fused = fov_fused_read(conv);
    return fused.slope == 1.0F && !(fused.residual_after && conv->n_in > 3 && conv->in[3] != FOV_NONE);
}

fov_status fov_pass_fuse_activation(fov_graph *graph, int *count, fov_error *err)
{
    for (int i = 0; i < graph->n_node; i++) {
        fov_node *node = &graph->node[i];
        float     slope;
        if (node->dead || !fov_node_is_activation(node, &slope)) continue;
        int conv = fov_graph_private_producer(graph, node->in[0], FOV_OP_Conv);
        if (conv == FOV_NONE || !takes_activation(&graph->node[conv])) continue;
        fov_status st = fov_node_set_float(&graph->node[conv], "fused_slope", slope, err);
        if (st) return st;
        graph->node[conv].out[0] = node->out[0];
        node->dead = true;
        ++*count;
    }
    return FOV_OK;
}
