// SPDX-License-Identifier: MIT
#include "export/onnx_qdq.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

enum { BIAS = 2, RESIDUAL = 3 };

/* A bias that can be multiplied, or none. */
static bool has_plain_bias(const fov_graph *g, const fov_node *n)
{
    const fov_value *bias = n->n_in > BIAS && n->in[BIAS] != FOV_NONE ? &g->value[n->in[BIAS]] : NULL;
    return !bias || (bias->data && bias->dtype == FOV_F32);
}

/* A convolution through which a factor a channel can be pulled back: nothing is added to it that would need the factor too. */
static bool can_take_parts(const fov_graph *g, int value)
{
    const int p = fov_graph_producer(g, value);
    if (p == FOV_NONE || g->node[p].op != FOV_OP_Conv) return false;
    const fov_node *n = &g->node[p];
    return has_plain_bias(g, n) && (n->n_in <= RESIDUAL || n->in[RESIDUAL] == FOV_NONE) && g->value[n->in[1]].data &&
           g->value[n->in[1]].shape.rank == 4;
}

/* Do only convolutions read a value, and `other`, which may be FOV_NONE? */
static bool only_convs_read(const fov_graph *g, int value, int other)
{
    for (int i = 0; i < g->n_output; i++)
        if (g->output[i] == value) return false;
    for (int i = 0; i < g->n_node; i++)
        for (int j = 0; j < g->node[i].n_in && i != other; j++)
            if (g->node[i].in[j] == value && (g->node[i].op != FOV_OP_Conv || j != 0 || !g->value[g->node[i].in[1]].data))
                return false;
    return true;
}

static bool passes_parts(const fov_node *n)
{
    return n->op == FOV_OP_MaxPool || (n->op == FOV_OP_Concat && fov_node_int(n, "axis", 0) == 1);
}

static float *parts_of(const fov_quant *quant)
{
    float *part = fov_alloc_array((size_t)quant->count, sizeof *part), most = 0;
    for (int c = 0; c < quant->count; c++) most = fmaxf(most, quant->scale[c]);
    for (int c = 0; c < quant->count && part; c++) part[c] = quant->scale[c] / most;
    return part;
}

/* The channels of `value` in a Concat's output; -1 when it has other scales there, or none of its own. */
static int first_channel(const fov_graph *g, const fov_node *n, int input)
{
    const fov_quant *whole = g->value[n->out[0]].quant;
    int              at = 0;
    for (int i = 0; i < input; i++) at += g->value[n->in[i]].quant->count;
    const fov_quant *part = g->value[n->in[input]].quant;
    if (at + part->count > whole->count) return -1;
    return memcmp(part->scale, whole->scale + at, (size_t)part->count * sizeof *part->scale) ? -1 : at;
}

/* A Concat or MaxPool whose inputs can all take the parts of its output. */
static bool inputs_can_take(const fov_graph *g, int node)
{
    const fov_node *n = &g->node[node];
    int             channels = 0;
    for (int i = 0; i < n->n_in; i++) {
        const int v = n->in[i];
        if (!fov_qdq_is_u8(g, v) || !can_take_parts(g, v) || !only_convs_read(g, v, node) || first_channel(g, n, i) < 0)
            return false;
        channels += g->value[v].quant->count;
    }
    return channels == g->value[n->out[0]].quant->count;
}

static fov_status hand_to_inputs(fov_qdq *q, int node, fov_error *err)
{
    const fov_node *n = &q->typed->node[node];
    for (int i = 0; i < n->n_in; i++) {
        const int    v = n->in[i], count = q->typed->value[v].quant->count;
        const float *from = q->part[n->out[0]] + first_channel(q->typed, n, i);
        fov_free(q->part[v]);
        if (!(q->part[v] = fov_alloc_array((size_t)count, sizeof *from))) return fov_fail_memory(err, "scales");
        memcpy(q->part[v], from, (size_t)count * sizeof *from);
        q->scale_of[v] = n->out[0];
    }
    return FOV_OK;
}

static fov_status find_part(fov_qdq *q, int node, int value, fov_error *err)
{
    const fov_graph *g = q->typed;
    const fov_node  *n = &g->node[node];
    if (!fov_qdq_is_u8(g, value) || g->value[value].quant->count < 2 || q->part[value]) return FOV_OK;
    const bool passing = passes_parts(n) && inputs_can_take(g, node);
    if (!only_convs_read(g, value, FOV_NONE) || (!passing && !can_take_parts(g, value))) return FOV_OK;
    if (!(q->part[value] = parts_of(g->value[value].quant))) return fov_fail_memory(err, "scales");
    return passing ? hand_to_inputs(q, node, err) : FOV_OK;
}

fov_status fov_qdq_find_parts(fov_qdq *q, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = q->typed->n_node - 1; i >= 0 && !st; i--)
        if (q->typed->node[i].n_out > 0) st = find_part(q, i, q->typed->node[i].out[0], err);
    return st;
}
