// SPDX-License-Identifier: MIT
#include "export/onnx_qdq.h"

enum { RESIDUAL = 3 };

/* A chain of nodes that begins with a Conv. */
typedef struct chain {
    fov_graph *graph;
    int        conv;    /* node */
    int        end;     /* value: what the last node makes */
    int        made_by; /* the last node */
    fov_status status;
    fov_error *err;
} chain;

static fov_node *append(chain *c, fov_op op, const char *what, const int *in, int n_in)
{
    const int   result = c->graph->node[c->conv].out[0];
    const char *stem = c->graph->value[result].name;
    int         out, node = FOV_NONE;
    if (c->status) return NULL;
    out = fov_qdq_add_value(c->graph, stem, what, NULL, c->err);
    if (out != FOV_NONE) node = fov_graph_add_node(c->graph, c->graph->value[out].name, op, in, n_in, &out, 1, c->err);
    if (node == FOV_NONE) {
        c->status = FOV_ERR_MEMORY;
        return NULL;
    }
    c->end = out;
    c->made_by = node;
    return &c->graph->node[node];
}

static void append_activation(chain *c, float slope)
{
    const int in = c->end;
    if (slope == 1) return;
    fov_node *node = append(c, slope == 0 ? FOV_OP_Relu : FOV_OP_LeakyRelu, "act", &in, 1);
    if (node && slope != 0) c->status = fov_node_set_float(node, "alpha", slope, c->err);
}

static int append_enlargement(chain *c, int residual, int factor)
{
    const int       sum = c->end;
    const float     scales[4] = {1, 1, (float)factor, (float)factor};
    const fov_shape four = {1, {4}};
    float          *to = NULL;
    if (factor == 1 || c->status) return residual;
    const int id = fov_qdq_add_constant(c->graph, c->graph->value[residual].name, "scales", FOV_F32, &four, (void **)&to, c->err);
    if (id == FOV_NONE) c->status = FOV_ERR_MEMORY;
    for (int i = 0; i < 4 && to; i++) to[i] = scales[i];
    fov_node *node = append(c, FOV_OP_Resize, "up", (const int[]){residual, FOV_NONE, id}, 3);
    if (node) c->status = fov_node_set_string(node, "mode", "nearest", c->err);
    if (node && !c->status) c->status = fov_node_set_string(node, "coordinate_transformation_mode", "asymmetric", c->err);
    if (node && !c->status) c->status = fov_node_set_string(node, "nearest_mode", "floor", c->err);
    const int enlarged = c->end;
    c->end = sum;
    return enlarged;
}

static void append_residual(chain *c, int residual, int factor)
{
    const int enlarged = append_enlargement(c, residual, factor);
    const int in[2] = {c->end, enlarged};
    append(c, FOV_OP_Add, "sum", in, 2);
}

/* The Conv alone: its attributes and inputs as ONNX knows them. */
static fov_status plain(fov_node *conv, fov_error *err)
{
    fov_status st;
    if (conv->n_in > RESIDUAL) conv->n_in = RESIDUAL;
    if ((st = fov_node_set_float(conv, "fused_slope", 1, err))) return st;
    if ((st = fov_node_set_string(conv, "fused_residual", "before", err))) return st;
    return fov_node_set_int(conv, "fused_residual_scale", 1, err);
}

fov_status fov_qdq_unfuse(fov_graph *graph, int node, fov_error *err)
{
    const fov_fused f = fov_fused_read(&graph->node[node]);
    const int       result = graph->node[node].out[0];
    const int       residual = graph->node[node].n_in > RESIDUAL ? graph->node[node].in[RESIDUAL] : FOV_NONE;
    chain           c = {.graph = graph, .conv = node, .err = err};
    if (f.slope == 1 && residual == FOV_NONE) return FOV_OK;

    const int sum = fov_qdq_add_value(graph, graph->value[result].name, "conv", NULL, err);
    if (sum == FOV_NONE) return FOV_ERR_MEMORY;
    c.end = sum;
    if (residual != FOV_NONE && !f.residual_after) append_residual(&c, residual, f.residual_scale);
    append_activation(&c, f.slope);
    if (residual != FOV_NONE && f.residual_after) append_residual(&c, residual, f.residual_scale);
    if (c.status) return c.status;
    graph->node[node].out[0] = sum;
    graph->node[c.made_by].out[0] = result;
    return plain(&graph->node[node], err);
}
