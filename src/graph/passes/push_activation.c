// SPDX-License-Identifier: MIT
/* An activation through the Concat before it, so that it can be fused into the Convs that feed the Concat:
 *
 *     c = Concat(a, b)               a' = Relu(a)
 *     y = Relu(c)             ->     b' = Relu(b)
 *                                    y = Concat(a', b')
 *
 * Only where it pays: every input comes from a Conv that nobody else reads. The numbers stay the same. */
#include "graph/passes.h"

#include "base/alloc.h"
#include "graph/passes/edit.h"

static bool pays(const fov_graph *graph, const fov_node *concat)
{
    for (int i = 0; i < concat->n_in; i++) {
        int conv = fov_graph_private_producer(graph, concat->in[i], FOV_OP_Conv);
        if (conv == FOV_NONE || fov_node_float(&graph->node[conv], "fused_slope", 1.0F) != 1.0F) return false;
    }
    return true;
}

/* The same activation on input `i` of the Concat. */
static fov_status add_copy(fov_graph *graph, int activation, int concat, int i, fov_error *err)
{
    int       in = graph->node[concat].in[i];
    fov_shape shape = graph->value[in].shape;
    char     *name = fov_graph_derived_name(graph, graph->value[in].name, ".act");
    if (!name) return fov_fail_memory(err, "an activation");
    fov_op op = graph->node[activation].op;
    int    out = fov_graph_add_value(graph, name, FOV_F32, &shape, err);
    int    copy = out == FOV_NONE ? FOV_NONE : fov_graph_add_node(graph, name, op, &in, 1, &out, 1, err);
    fov_free(name);
    if (copy == FOV_NONE) return FOV_ERR_MEMORY;
    graph->node[concat].in[i] = out;
    if (op == FOV_OP_Relu) return FOV_OK;
    return fov_node_set_float(&graph->node[copy], "alpha", fov_node_float(&graph->node[activation], "alpha", 0.01F), err);
}

static fov_status push(fov_graph *graph, int activation, int concat, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < graph->node[concat].n_in && !st; i++) st = add_copy(graph, activation, concat, i, err);
    graph->node[concat].out[0] = graph->node[activation].out[0];
    graph->node[activation].dead = true;
    return st;
}

fov_status fov_pass_push_activation(fov_graph *graph, int *count, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0, n = graph->n_node; i < n && !st; i++) {
        const fov_node *node = &graph->node[i];
        float           slope;
        if (node->dead || !fov_node_is_activation(node, &slope)) continue;
        int concat = fov_graph_private_producer(graph, node->in[0], FOV_OP_Concat);
        if (concat == FOV_NONE || !pays(graph, &graph->node[concat])) continue;
        if (!(st = push(graph, i, concat, err))) ++*count;
    }
    return st;
}
