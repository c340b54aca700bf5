// SPDX-License-Identifier: MIT
#include "export/onnx_qdq.h"

#include "base/alloc.h"
#include "base/text.h"
#include "export/onnx.h"

#include <math.h>

enum { LEVELS = 255, SYMMETRIC_LEVELS = 127 };

/* ---------------------------------------------------------------- pieces */

static char *name_of(const fov_graph *graph, const char *stem, const char *what, fov_error *err)
{
    fov_text text = {0};
    fov_text_print(&text, "%s.%s", stem, what);
    char *name = text.failed ? NULL : fov_graph_unique_name(graph, text.data);
    fov_text_clear(&text);
    if (!name) fov_fail_memory(err, "a name");
    return name;
}

int fov_qdq_add_value(fov_graph *graph, const char *stem, const char *what, const fov_quant *quant, fov_error *err)
{
    char *name = name_of(graph, stem, what, err);
    int   id = name ? fov_graph_add_value(graph, name, FOV_F32, NULL, err) : FOV_NONE;
    fov_free(name);
    if (id != FOV_NONE && quant && fov_graph_set_storage(graph, id, FOV_I8, quant, err)) return FOV_NONE;
    return id;
}

int fov_qdq_add_constant(fov_graph *graph, const char *stem, const char *what, fov_dtype dtype, const fov_shape *shape, void **data,
                         fov_error *err)
{
    char *name = name_of(graph, stem, what, err);
    int   id = name ? fov_graph_add_constant(graph, name, dtype, shape, NULL, NULL, err) : FOV_NONE;
    fov_free(name);
    if (id != FOV_NONE) *data = graph->value[id].data;
    return id;
}

fov_status fov_qdq_add_convert(fov_graph *graph, int from, int to, fov_error *err)
{
    const int id = fov_graph_add_node(graph, graph->value[to].name, FOV_OP_Convert, &from, 1, &to, 1, err);
    return id == FOV_NONE ? FOV_ERR_MEMORY : FOV_OK;
}

/* ---------------------------------------------------------------- values */

/* The scale by which -127 .. 127 reach as far as the codes of all channels do, parts taken out. */
static float symmetric_scale(const fov_qdq *q, int value)
{
    const fov_quant *quant = q->typed->value[value].quant;
    float            most = 0;
    for (int c = 0; c < quant->count; c++) {
        const int codes =
            quant->zero_point[c] > LEVELS - quant->zero_point[c] ? quant->zero_point[c] : LEVELS - quant->zero_point[c];
        most = fmaxf(most, (float)codes * quant->scale[c] / (q->part[value] ? q->part[value][c] : 1));
    }
    return most / SYMMETRIC_LEVELS;
}

/* `from` rounded to 8 bits and back: what readers of the 8-bit `value` read from now on. */
static fov_status add_pair(fov_qdq *q, int value, int from, fov_error *err)
{
    float           scale = symmetric_scale(q, q->scale_of[value]);
    int32_t         zero = 0;
    const fov_quant quant = {1, &scale, &zero};
    const char     *stem = q->typed->value[value].name;
    const int       rounded = fov_qdq_add_value(q->graph, stem, "q", &quant, err);
    const int       real = rounded == FOV_NONE ? FOV_NONE : fov_qdq_add_value(q->graph, stem, "dq", NULL, err);
    if (real == FOV_NONE) return FOV_ERR_MEMORY;
    q->graph->value[rounded].shape = q->graph->value[real].shape = q->typed->value[value].shape;
    q->real[value] = real;
    fov_status st = fov_qdq_add_convert(q->graph, from, rounded, err);
    return st ? st : fov_qdq_add_convert(q->graph, rounded, real, err);
}

static fov_status make_floats(fov_qdq *q, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int v = 0; v < q->typed->n_value && !st; v++) {
        q->real[v] = q->scale_of[v] = v;
        if (fov_dtype_is_storage(q->typed->value[v].dtype) && !q->typed->value[v].data)
            st = fov_graph_set_storage(q->graph, v, FOV_F32, NULL, err);
    }
    return st;
}

/* ---------------------------------------------------------------- nodes */

/* Floats pass a Convert as they are; the 8-bit value that it makes is rounded like any other. */
static fov_status drop_convert(fov_qdq *q, int node, fov_error *err)
{
    const int from = q->graph->node[node].in[0], to = q->typed->node[node].out[0];
    q->graph->node[node].dead = true;
    q->real[to] = from;
    return fov_qdq_is_u8(q->typed, to) ? add_pair(q, to, from, err) : FOV_OK;
}

static fov_status rewrite_node(fov_qdq *q, int node, fov_error *err)
{
    const fov_node *n = &q->typed->node[node];
    fov_status      st = FOV_OK;
    if (n->dead) return FOV_OK;
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] != FOV_NONE) q->graph->node[node].in[i] = q->real[n->in[i]];
    if (n->op == FOV_OP_Convert) return drop_convert(q, node, err);
    if (n->op == FOV_OP_Conv) {
        st = fov_qdq_set_weights(q, node, err);
        if (!st) st = fov_qdq_unfuse(q->graph, node, err);
    }
    for (int i = 0; i < n->n_out && !st; i++)
        if (fov_qdq_is_u8(q->typed, n->out[i])) st = add_pair(q, n->out[i], n->out[i], err);
    return st;
}

static fov_status rewrite(fov_qdq *q, fov_error *err)
{
    fov_status st = make_floats(q, err);
    if (!st) st = fov_qdq_find_parts(q, err);
    for (int i = 0; i < q->typed->n_input && !st; i++)
        if (fov_qdq_is_u8(q->typed, q->typed->input[i])) st = add_pair(q, q->typed->input[i], q->typed->input[i], err);
    for (int i = 0; i < q->typed->n_node && !st; i++) st = rewrite_node(q, i, err);
    for (int i = 0; i < q->typed->n_output && !st; i++) q->graph->output[i] = q->real[q->typed->output[i]];
    if (!st) st = fov_graph_sort(q->graph, err);
    return st ? st : fov_graph_compact(q->graph, err);
}

fov_status fov_qdq_from_typed(const fov_graph *typed, fov_graph **out, fov_error *err)
{
    const size_t n = (size_t)typed->n_value;
    fov_qdq      q = {.typed = typed,
                      .part = fov_calloc(n, sizeof *q.part),
                      .scale_of = fov_alloc_array(n, sizeof *q.scale_of),
                      .real = fov_alloc_array(n, sizeof *q.real)};
    fov_status   st = q.part && q.scale_of && q.real ? FOV_OK : fov_fail_memory(err, "a graph of quantised values");
    *out = NULL;
    if (!st) st = fov_graph_clone(typed, &q.graph, err);
    if (!st) st = rewrite(&q, err);
    if (st) fov_graph_free(q.graph);
    else *out = q.graph;
    for (size_t i = 0; q.part && i < n; i++) fov_free(q.part[i]);
    fov_free(q.part);
    fov_free(q.scale_of);
    fov_free(q.real);
    return st;
}
