// SPDX-License-Identifier: MIT
/* How each value is stored. Walking from the outputs to the inputs, every reader of a value is known before its writer. */
#include "base/alloc.h"
#include "graph/op.h"
#include "graph/plugin.h"
#include "quant/typed.h"

enum { RESIDUAL = 3 }; /* input of a fused Conv; kernels read it in any type */

bool fov_node_is_typed(const fov_graph *graph, const fov_node *node)
{
    return node->op == FOV_OP_Conv && node->in[1] != FOV_NONE && graph->value[node->in[1]].data &&
           graph->value[node->in[1]].shape.rank == 4;
}

/* Operators that only move, compare or add numbers: they work in the type that their readers want. */
static bool follows_readers(fov_op op)
{
    return op == FOV_OP_Concat || op == FOV_OP_MaxPool || op == FOV_OP_Resize || op == FOV_OP_Add || op == FOV_OP_Relu ||
           op == FOV_OP_LeakyRelu;
}

bool fov_types_want(const fov_types *types, int node, int input, fov_dtype *type)
{
    const fov_node  *n = &types->graph->node[node];
    const fov_value *value = &types->graph->value[n->in[input]];
    if (value->data || value->dtype != FOV_F32 || (n->op == FOV_OP_Conv && input == RESIDUAL)) return false;
    *type = types->node[node];
    if (n->op == FOV_OP_Plugin && !fov_plugin_supports(n, true, input, *type)) *type = FOV_F32;
    return true;
}

/* The type that serves both readers best: U8 can be made of anything, so the other decides; two unlike floats meet in F32. */
static fov_dtype join(fov_dtype a, fov_dtype b)
{
    return a == b ? a : a == FOV_U8 ? b : b == FOV_U8 ? a : FOV_F32;
}

static void note_wants(fov_types *types, int node, bool *wanted)
{
    const fov_node *n = &types->graph->node[node];
    for (int i = 0; i < n->n_in; i++) {
        fov_dtype type;
        const int v = n->in[i];
        if (v == FOV_NONE || !fov_types_want(types, node, i, &type)) continue;
        types->value[v] = wanted[v] ? join(types->value[v], type) : type;
        wanted[v] = true;
        types->as_u8[v] = types->as_u8[v] || type == FOV_U8;
    }
}

/* A value that is read as a residual alone is stored as its reader computes. */
static void note_residual(fov_types *types, int node, const bool *wanted)
{
    const fov_node *n = &types->graph->node[node];
    if (n->op != FOV_OP_Conv || n->n_in <= RESIDUAL || n->in[RESIDUAL] == FOV_NONE) return;
    const int v = n->in[RESIDUAL];
    if (wanted[v]) return;
    types->value[v] = types->node[node];
    types->as_u8[v] = types->node[node] == FOV_U8;
}

static fov_dtype node_type(const fov_types *types, int node)
{
    const fov_node *n = &types->graph->node[node];
    if (fov_node_is_typed(types->graph, n) || n->op == FOV_OP_Plugin) return types->typing->node[node];
    return follows_readers(n->op) && n->n_out == 1 ? types->value[n->out[0]] : FOV_F32;
}

fov_status fov_types_find(fov_types *types, fov_error *err)
{
    const fov_graph *graph = types->graph;
    bool            *wanted = fov_calloc((size_t)types->n_value, sizeof *wanted);
    if (!wanted) return fov_fail_memory(err, "storage types");
    for (int i = 0; i < types->n_value; i++) types->value[i] = graph->value[i].dtype;
    for (int i = 0; i < graph->n_output; i++) wanted[graph->output[i]] = true;
    for (int i = types->n_node - 1; i >= 0; i--) {
        types->node[i] = node_type(types, i);
        note_wants(types, i, wanted);
        note_residual(types, i, wanted);
    }
    for (int i = 0; i < graph->n_input; i++) types->value[graph->input[i]] = graph->value[graph->input[i]].dtype;
    fov_free(wanted);
    return FOV_OK;
}
