// SPDX-License-Identifier: MIT
#include "numerics/fold.h"

#include "base/alloc.h"
#include "graph/passes.h"
#include "graph/passes/edit.h"

#include <math.h>
#include <string.h>

enum { GAMMA = 1, BETA, MEAN, VAR };

/* Node and value ids stay those of `graph`: the passes only append. */
static fov_status fold_uncompacted(const fov_graph *graph, fov_graph **folded, fov_error *err)
{
    int        count = 0;
    fov_status st = fov_graph_clone(graph, folded, err);
    if (!st) st = fov_pass_drop_identity(*folded, &count, err);
    if (!st) st = fov_pass_fold_batch_norm(*folded, &count, err);
    if (st) {
        fov_graph_free(*folded);
        *folded = NULL;
    }
    return st;
}

fov_status fov_fold_copy(const fov_graph *graph, fov_graph **folded, fov_error *err)
{
    fov_status st = fold_uncompacted(graph, folded, err);
    if (st || !(st = fov_graph_compact(*folded, err))) return st;
    fov_graph_free(*folded);
    *folded = NULL;
    return st;
}

/* ---------------------------------------------------------------- in place */

static size_t count_of(const fov_graph *graph, int value)
{
    size_t count = 0;
    fov_shape_count(&graph->value[value].shape, &count);
    return count;
}

/* How often live nodes name a constant. */
static int reads(const fov_graph *graph, int value)
{
    return fov_graph_use_count(graph, value);
}

/* Give a node a copy of its own of a constant that others read too. */
static fov_status own_input(fov_graph *graph, int node, int i, fov_error *err)
{
    const int id = i < graph->node[node].n_in ? graph->node[node].in[i] : FOV_NONE;
    if (id == FOV_NONE || !graph->value[id].data || graph->value[id].dtype != FOV_F32 || reads(graph, id) < 2) return FOV_OK;
    const fov_value value = graph->value[id];
    char           *name = fov_graph_unique_name(graph, value.name);
    if (!name) return fov_fail_memory(err, "a weight");
    int copy = fov_graph_add_constant(graph, name, value.dtype, &value.shape, value.data, value.origin, err);
    fov_free(name);
    if (copy == FOV_NONE) return FOV_ERR_MEMORY;
    graph->node[node].in[i] = copy;
    return FOV_OK;
}

static fov_status own_weights(fov_graph *graph, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < graph->n_node && !st; i++) {
        const fov_op op = graph->node[i].op;
        const int    last = op == FOV_OP_Conv ? 2 : op == FOV_OP_BatchNormalization ? VAR : 0;
        for (int j = 1; j <= last && !st; j++) st = own_input(graph, i, j, err);
    }
    return st;
}

static void fill(fov_graph *graph, int value, float number)
{
    float       *data = graph->value[value].data;
    const size_t count = count_of(graph, value);
    for (size_t i = 0; i < count; i++) data[i] = number;
}

/* 1 less epsilon, rounded: 1 / sqrt(var + epsilon) is then within 2^-25 of 1, and a weight times that rounds to the weight. */
static float identity_variance(const fov_node *norm)
{
    return 1 - fov_node_float(norm, "epsilon", 1e-5F);
}

bool fov_is_identity_norm(const fov_graph *graph, const fov_node *norm, size_t channels)
{
    const float *p[VAR + 1] = {NULL};
    if (norm->n_in <= VAR || norm->n_out > 1) return false;
    for (int i = GAMMA; i <= VAR; i++)
        if (!(p[i] = fov_graph_floats(graph, norm->in[i], channels))) return false;
    for (size_t c = 0; c < channels; c++)
        if (p[GAMMA][c] != 1 || p[MEAN][c] != 0 || p[VAR][c] != identity_variance(norm)) return false;
    return true;
}

/* The Conv in `graph` and the norm behind it take what `folded` has for both. */
static void take_folded(fov_graph *graph, const fov_graph *folded, int conv, int norm)
{
    const fov_node *from = &folded->node[conv], *to = &graph->node[conv], *bn = &graph->node[norm];
    memcpy(graph->value[to->in[1]].data, folded->value[from->in[1]].data, count_of(graph, to->in[1]) * sizeof(float));
    memcpy(graph->value[bn->in[BETA]].data, folded->value[from->in[2]].data, count_of(graph, bn->in[BETA]) * sizeof(float));
    if (to->n_in > 2 && to->in[2] != FOV_NONE) fill(graph, to->in[2], 0);
    fill(graph, bn->in[GAMMA], 1);
    fill(graph, bn->in[MEAN], 0);
    fill(graph, bn->in[VAR], identity_variance(bn));
}

/* The Conv that has taken over the output of a norm. */
static int folded_into(const fov_graph *folded, int norm)
{
    for (int i = 0; i < folded->n_node; i++)
        if (!folded->node[i].dead && folded->node[i].op == FOV_OP_Conv && folded->node[i].out[0] == folded->node[norm].out[0])
            return i;
    return FOV_NONE;
}

fov_status fov_fold_in_place(const fov_graph *graph, fov_graph **out, fov_error *err)
{
    fov_graph *folded = NULL;
    fov_status st = fov_graph_clone(graph, out, err);
    if (!st) st = own_weights(*out, err);
    if (!st) st = fold_uncompacted(*out, &folded, err);
    for (int i = 0; !st && i < (*out)->n_node; i++) {
        const fov_node *norm = &folded->node[i];
        if (norm->op != FOV_OP_BatchNormalization || !norm->dead || (*out)->node[i].dead) continue;
        int conv = folded_into(folded, i);
        if (conv != FOV_NONE) take_folded(*out, folded, conv, i);
    }
    fov_graph_free(folded);
    if (!st) return FOV_OK;
    fov_graph_free(*out);
    *out = NULL;
    return st;
}
