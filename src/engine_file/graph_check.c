// SPDX-License-Identifier: MIT
/* What must hold of a graph from outside before an engine is made of it. Operators check their own inputs; this is what lies
 * between them: types, scales, and that the graph's ends are a picture and the heads. */
#include "base/error.h"
#include "engine_file/content.h"

#include "graph/op.h"

enum {
    PROBE_SIDE = 128,         /* as the engine's own */
    MAX_INT8_TERMS = 1 << 16, /* 65536 * 255 * 128 fits 32 bits */
    HEADS_PER_LEVEL = 3,
};

typedef struct check {
    fov_place           place;
    const fov_graph    *graph;
    const fov_settings *settings;
} check;

static fov_status check_ends(const check *c)
{
    const fov_graph *graph = c->graph;
    const fov_value *input = graph->n_input == 1 ? &graph->value[graph->input[0]] : NULL;
    if (!input || input->data || input->dtype != FOV_F32)
        return fov_place_fail(&c->place, "an engine has one input, of floats; this one has %d inputs", graph->n_input);
    if (fov_graph_gives_table(graph)) return FOV_OK;
    if (graph->n_output != HEADS_PER_LEVEL * c->settings->n_level)
        return fov_place_fail(&c->place, "%d outputs, but the settings have %d levels of %d heads", graph->n_output,
                              c->settings->n_level, HEADS_PER_LEVEL);
    return FOV_OK;
}

/* Sums of 8-bit products are kept in 32 bits. */
static fov_status check_terms(const check *c, const fov_node *node)
{
    const fov_value *weight = node->op == FOV_OP_Conv && node->in[1] != FOV_NONE ? &c->graph->value[node->in[1]] : NULL;
    if (!weight || weight->dtype != FOV_I8 || !weight->data) return FOV_OK;
    size_t count;
    if (weight->shape.rank != 4 || !weight->shape.dim[0] || !fov_shape_count(&weight->shape, &count))
        return fov_place_fail(&c->place, "'%s' is no kernel of a convolution", weight->name);
    return count / (size_t)weight->shape.dim[0] <= MAX_INT8_TERMS
               ? FOV_OK
               : fov_place_fail(&c->place, "kernel '%s' adds up %zu products of 8 bits, the most is %d", weight->name,
                                count / (size_t)weight->shape.dim[0], MAX_INT8_TERMS);
}

static fov_status check_nodes(const check *c)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < c->graph->n_node && !st; i++) {
        const fov_node *node = &c->graph->node[i];
        if ((st = fov_op_check(node, c->place.err))) return st;
        for (int j = 0; j < node->n_out; j++)
            if (node->out[j] != FOV_NONE && c->graph->value[node->out[j]].data)
                return fov_place_fail(&c->place, "node '%.200s' makes the constant '%.200s'", node->name,
                                      c->graph->value[node->out[j]].name);
        if (node->out[0] == FOV_NONE) return fov_place_fail(&c->place, "node '%.200s' makes nothing", node->name);
        st = check_terms(c, node);
    }
    return st;
}

/* A scale a channel: axis 0 of kernels, axis 1 of everything else. */
static fov_status check_types(const check *c, const fov_view *values)
{
    for (int i = 0; i < c->graph->n_value; i++) {
        const fov_value *value = &c->graph->value[i];
        const fov_view  *view = &values[i];
        if (!fov_dtype_is_storage(value->dtype) || view->shape.rank < 0) continue;
        const int axis = value->dtype == FOV_I8 ? 0 : 1;
        if (view->dtype != value->dtype || (value->dtype == FOV_I8 && !value->data))
            return fov_place_fail(&c->place, "value '%.200s' cannot be kept as %s", value->name, fov_dtype_name(value->dtype));
        if (value->quant && value->quant->count != 1 && (view->shape.rank <= axis || view->shape.dim[axis] != value->quant->count))
            return fov_place_fail(&c->place, "value '%.200s': %d scales do not fit its channels", value->name, value->quant->count);
    }
    return FOV_OK;
}

static fov_status check_heads(const check *c, const fov_view *values)
{
    static const int numbers[HEADS_PER_LEVEL] = {2, 4, 10};
    for (int i = 0; i < c->graph->n_output && !fov_graph_gives_table(c->graph); i++) {
        const fov_value *value = &c->graph->value[c->graph->output[i]];
        const fov_view  *head = &values[c->graph->output[i]];
        const int64_t    channels = numbers[i % HEADS_PER_LEVEL] * (int64_t)c->settings->level[i / HEADS_PER_LEVEL].n_anchor;
        char             text[128];
        if (value->data || head->dtype != FOV_F32 || head->shape.rank != 4 || head->shape.dim[1] != channels)
            return fov_place_fail(&c->place, "output %d, '%.200s', is %s of %s; the settings ask for floats in %lld channels", i,
                                  value->name, fov_shape_print(&head->shape, text, sizeof text), fov_dtype_name(head->dtype),
                                  (long long)channels);
    }
    return FOV_OK;
}

static fov_status check_inferred(const check *c)
{
    fov_view   input = fov_view_nhwc(1, 3, PROBE_SIDE, PROBE_SIDE, 3, NULL), *values;
    fov_error  why;
    fov_status st = fov_graph_infer(c->graph, &input, &values, &why);
    if (st) return fov_fail(c->place.err, st, "%s: %s", c->place.file, why.message);
    st = check_types(c, values);
    if (!st) st = check_heads(c, values);
    fov_values_free(c->graph, values);
    return st;
}

fov_status fov_graph_section_check(const fov_graph *graph, const fov_settings *settings, const char *file, fov_error *err)
{
    const check c = {{file, FOV_SECTION_GRAPH, err}, graph, settings};
    fov_status  st = check_ends(&c);
    if (!st) st = check_nodes(&c);
    if (!st) st = fov_graph_check_sharing(graph, fov_graph_constant_bytes(graph), err);
    return st ? st : check_inferred(&c);
}
