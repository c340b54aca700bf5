// SPDX-License-Identifier: MIT
/* Walks over whole graphs by the definitions: shapes and what follows from them, or every value. */
#include "graph/op.h"

#include "base/alloc.h"

#include <string.h>

enum { SMALL = 4096 /* elements of a value that inference computes whatever it was made of */ };

typedef struct walk {
    const fov_graph *graph;
    fov_view        *value;
    const fov_view **in;   /* of the node being visited */
    fov_view        *real; /* the same, storage types as floats: what shapes are inferred from */
    const fov_view **real_in;
    fov_view        *out;
    bool             everything; /* run all nodes, not only those that need no input data */
    int64_t          budget;     /* elements that may still be computed: a hostile graph multiplies its constants */
} walk;

static fov_status set_inputs(walk *w, const fov_view *input, fov_error *err)
{
    for (int i = 0; i < w->graph->n_input; i++) {
        int              id = w->graph->input[i];
        const fov_value *value = &w->graph->value[id];
        char             text[128];
        if (!fov_op_shape_allowed(&input[i].shape))
            return fov_fail(err, FOV_ERR_ARGUMENT, "input '%s': %s is not the shape of a tensor Fovea can hold", value->name,
                            fov_shape_print(&input[i].shape, text, sizeof text));
        if (input[i].dtype != value->dtype)
            return fov_fail(err, FOV_ERR_ARGUMENT, "input '%s' has another element type than the graph expects", value->name);
        w->value[id] = input[i];
        if (!w->everything) w->value[id].data = NULL; /* inference tells what holds for every input of this shape */
    }
    return FOV_OK;
}

static fov_status set_constants(walk *w, fov_error *err)
{
    for (int i = 0; i < w->graph->n_value; i++) {
        const fov_value *value = &w->graph->value[i];
        char             text[128];
        if (w->value[i].shape.rank >= 0 || (!value->data && !value->packed)) continue;
        if (!fov_op_shape_allowed(&value->shape))
            return fov_fail(err, FOV_ERR_LIMIT, "constant '%s': %s is too large", value->name,
                            fov_shape_print(&value->shape, text, sizeof text));
        w->value[i] = fov_view_dense(value->dtype, &value->shape, value->data);
        w->value[i].quant = value->quant;
    }
    return FOV_OK;
}

static fov_status walk_init(walk *w, const fov_graph *graph, const fov_view *input, bool everything, fov_error *err)
{
    int n_in = 0, n_out = 0;
    for (int i = 0; i < graph->n_node; i++) {
        if (graph->node[i].n_in > n_in) n_in = graph->node[i].n_in;
        if (graph->node[i].n_out > n_out) n_out = graph->node[i].n_out;
    }
    *w = (walk){.graph = graph, .everything = everything, .budget = graph->most_known};
    w->value = fov_calloc((size_t)graph->n_value, sizeof *w->value);
    w->in = fov_calloc((size_t)n_in, sizeof *w->in);
    w->out = fov_calloc((size_t)n_out, sizeof *w->out);
    w->real = fov_calloc((size_t)n_in, sizeof *w->real);
    w->real_in = fov_calloc((size_t)n_in, sizeof *w->real_in);
    if (!w->value || !w->in || !w->out || !w->real || !w->real_in) return fov_fail_memory(err, "the values of the graph");
    for (int i = 0; i < graph->n_value; i++) w->value[i].shape.rank = -1;
    fov_status st = set_inputs(w, input, err);
    return st ? st : set_constants(w, err);
}

static fov_status gather_inputs(const walk *w, const fov_op_call *call, fov_error *err)
{
    for (int i = 0; i < call->n_in; i++) {
        int id = call->node->in[i];
        w->in[i] = id == FOV_NONE ? NULL : &w->value[id];
        if (id != FOV_NONE && w->value[id].shape.rank < 0)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "input %d, '%s', is made by no node before it", i,
                               w->graph->value[id].name);
    }
    for (int i = 0; i < call->n_out; i++) {
        int id = call->node->out[i];
        if (id != FOV_NONE && w->value[id].shape.rank >= 0)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "its output '%s' exists already", w->graph->value[id].name);
    }
    return FOV_OK;
}

static fov_status infer_node(const walk *w, const fov_op_call *call, fov_error *err)
{
    fov_op_call real = *call;
    real.in = w->real_in;
    for (int i = 0; i < call->n_in; i++) {
        w->real_in[i] = NULL;
        if (!w->in[i]) continue;
        w->real[i] = *w->in[i];
        w->real_in[i] = &w->real[i];
        if (!fov_dtype_is_storage(w->real[i].dtype)) continue;
        w->real[i].dtype = FOV_F32;
        w->real[i].data = NULL;
    }
    fov_status st = fov_op_infer(&real, err);
    for (int i = 0; i < call->n_out && !st; i++) {
        const fov_value *value = call->node->out[i] == FOV_NONE ? NULL : &w->graph->value[call->node->out[i]];
        if (!value || !fov_dtype_is_storage(value->dtype) || w->out[i].dtype != FOV_F32) continue;
        w->out[i].dtype = value->dtype;
        w->out[i].quant = value->quant;
    }
    return st;
}

static int64_t elements(const fov_view *view)
{
    size_t count = 0;
    fov_shape_count(&view->shape, &count);
    return (int64_t)count;
}

/* True when inference should compute the outputs: they follow from what is known, and cost about as much as they or
 * their inputs take in memory (so no windows and no Resize: nobody makes shapes or weights with them). */
static bool worth_knowing(walk *w, const fov_op_call *call)
{
    int64_t in = 0, out = 0, words = 0;
    if (call->node->op == FOV_OP_Conv || call->node->op == FOV_OP_MaxPool || call->node->op == FOV_OP_Resize) return false;
    for (int i = 0; i < call->n_in && call->node->op != FOV_OP_Shape; i++) {
        if (!call->in[i]) continue;
        if (!call->in[i]->data) return false;
        in += elements(call->in[i]);
    }
    for (int i = 0; i < call->n_out; i++) {
        out += elements(&call->out[i]);
        words += fov_view_words(&call->out[i]);
    }
    if ((out > SMALL && out > in) || words > w->budget) return false;
    w->budget -= words;
    return true;
}

static fov_status compute(const fov_op_call *call, fov_error *err)
{
    for (int i = 0; i < call->n_out; i++) {
        fov_view *out = &call->out[i];
        out->data = fov_alloc_overread((size_t)elements(out), fov_dtype_size(out->dtype)); /* kernels may read it */
        if (!out->data) return fov_op_fail(call, FOV_ERR_MEMORY, err, "no memory for output %d", i);
    }
    size_t bytes = fov_op_run_scratch(call);
    void  *scratch = bytes ? fov_alloc(bytes) : NULL;
    if (bytes && !scratch) return fov_op_fail(call, FOV_ERR_MEMORY, err, "no memory for its values as floats");
    fov_status st = fov_op_run(call, scratch, err);
    fov_free(scratch);
    return st;
}

static fov_status visit(walk *w, const fov_node *node, fov_error *err)
{
    fov_op_call call = {
        .node = node, .opset = w->graph->opset, .in = w->in, .out = w->out, .n_in = node->n_in, .n_out = node->n_out};
    memset(w->out, 0, (size_t)node->n_out * sizeof *w->out);
    fov_status st = gather_inputs(w, &call, err);
    if (!st) st = infer_node(w, &call, err);
    if (!st && (w->everything || worth_knowing(w, &call))) st = compute(&call, err);
    for (int i = 0; i < node->n_out; i++) {
        int id = node->out[i];
        if (st || id == FOV_NONE || w->value[id].shape.rank >= 0) fov_free(w->out[i].data);
        else w->value[id] = w->out[i];
    }
    return st;
}

static fov_status walk_graph(const fov_graph *graph, const fov_view *input, bool everything, fov_view **values, fov_error *err)
{
    walk       w;
    fov_status st = walk_init(&w, graph, input, everything, err);
    *values = NULL;
    for (int i = 0; i < graph->n_node && !st; i++)
        if (!graph->node[i].dead) st = visit(&w, &graph->node[i], err);
    fov_free(w.in);
    fov_free(w.real);
    fov_free(w.real_in);
    fov_free(w.out);
    if (st) fov_values_free(graph, w.value);
    else *values = w.value;
    return st;
}

fov_status fov_graph_infer(const fov_graph *graph, const fov_view *input, fov_view **values, fov_error *err)
{
    return walk_graph(graph, input, false, values, err);
}

fov_status fov_graph_evaluate(const fov_graph *graph, const fov_view *input, fov_view **values, fov_error *err)
{
    return walk_graph(graph, input, true, values, err);
}

/* Only what nodes made was allocated here: constants belong to the graph, inputs to the caller. */
void fov_values_free(const fov_graph *graph, fov_view *values)
{
    if (!values) return;
    for (int i = 0; i < graph->n_input; i++) values[graph->input[i]].data = NULL;
    for (int i = 0; i < graph->n_value; i++)
        if (!graph->value[i].data) fov_free(values[i].data);
    fov_free(values);
}
