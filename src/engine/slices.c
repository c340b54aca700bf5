// SPDX-License-Identifier: MIT
/* Concat without copies: with NHWC in memory, a run of channels of a wider value is the same pixels at a larger stride. */
#include "engine/engine.h"

/* An input can move into the Concat's output when some node writes it, it has no other home yet, and nobody outside needs it
 * to have memory of its own. Graph inputs and constants are written by others. */
static bool can_move(const fov_graph *graph, const fov_slice *slice, const int64_t *channels, const fov_node *concat, int i)
{
    int value = concat->in[i];
    if (value == FOV_NONE || graph->value[value].data || channels[value] < 0 || slice[value].parent != FOV_NONE) return false;
    for (int j = 0; j < i; j++)
        if (concat->in[j] == value) return false;
    return fov_graph_producer(graph, value) != FOV_NONE;
}

void fov_slices_assign(const fov_graph *graph, const int64_t *channels, fov_slice *slice, bool *in_place)
{
    for (int i = 0; i < graph->n_value; i++) slice[i] = (fov_slice){.parent = FOV_NONE};
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        int64_t         channel = 0;
        in_place[i] = node->op == FOV_OP_Concat && fov_node_int(node, "axis", 0) == 1;
        for (int j = 0; in_place[i] && j < node->n_in; j++) in_place[i] = can_move(graph, slice, channels, node, j);
        for (int j = 0; in_place[i] && j < node->n_in; j++) {
            slice[node->in[j]] = (fov_slice){node->out[0], channel};
            channel += channels[node->in[j]];
        }
    }
}
