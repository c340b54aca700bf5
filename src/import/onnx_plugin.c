// SPDX-License-Identifier: MIT
#include "import/onnx_plugin.h"

#include "base/alloc.h"
#include "graph/plugin.h"

static fov_status check_inputs(const fov_graph *graph, const fov_node *node, fov_error *err)
{
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] == FOV_NONE || graph->value[node->in[i]].data)
            return fov_fail(
                err, FOV_ERR_UNSUPPORTED,
                "%s '%.200s': input %d is %s; a plugin that gives the faces reads heads only, and takes numbers as attributes",
                fov_node_string(node, FOV_PLUGIN_OPERATOR, "?"), node->name, i,
                node->in[i] == FOV_NONE ? "left out" : "a constant");
    return FOV_OK;
}

static fov_status copy_tail(const fov_graph *graph, const fov_node *node, fov_plugin_tail *tail, fov_error *err)
{
    tail->node.op = FOV_OP_Plugin;
    tail->node.plugin = fov_plugin_op_retain(node->plugin);
    tail->node.name = fov_strdup(node->name);
    tail->output = fov_strdup(graph->value[node->out[0]].name);
    if (!tail->node.name || !tail->output) return fov_fail_memory(err, "a name");
    return fov_node_copy_attrs(&tail->node, node, err);
}

fov_status fov_plugin_tail_take(fov_graph *graph, fov_plugin_tail *tail, fov_error *err)
{
    *tail = (fov_plugin_tail){0};
    const int id = graph->n_output == 1 ? fov_graph_producer(graph, graph->output[0]) : FOV_NONE;
    fov_node *node = id == FOV_NONE ? NULL : &graph->node[id];
    if (!node || node->op != FOV_OP_Plugin || node->n_out != 1) return FOV_OK;
    fov_status st = check_inputs(graph, node, err);
    if (!st) st = copy_tail(graph, node, tail, err);
    graph->n_output = 0;
    for (int i = 0; i < node->n_in && !st; i++) st = fov_graph_add_output(graph, node->in[i], err);
    node->dead = true;
    return st;
}

void fov_plugin_tail_clear(fov_plugin_tail *tail)
{
    fov_node_clear(&tail->node);
    fov_free(tail->output);
    *tail = (fov_plugin_tail){0};
}
