// SPDX-License-Identifier: MIT
/* Which values of two engines are the same layer: the raw outputs by their place, all others by name. */
#include "base/alloc.h"
#include "compare/comparison.h"

#include <stdio.h>
#include <string.h>

enum { HEADS_PER_LEVEL = 3 };

static const char *stored_as(fov_dtype dtype)
{
    switch (dtype) {
    case FOV_F16:
        return "fp16";
    case FOV_BF16:
        return "bf16";
    case FOV_U8:
    case FOV_I8:
        return "int8";
    default:
        return "fp32";
    }
}

/* A layer is as precise as its weights, where it has any: an INT8 convolution may hand on floats. */
static const char *precision_of(const fov_graph *graph, int value)
{
    const int producer = fov_graph_producer(graph, value);
    if (producer != FOV_NONE) {
        const fov_node *node = &graph->node[producer];
        if (node->op == FOV_OP_Conv && node->n_in > 1 && node->in[1] != FOV_NONE) return stored_as(graph->value[node->in[1]].dtype);
    }
    return stored_as(graph->value[value].dtype);
}

static bool is_compared(const fov_value *value)
{
    return value->dtype == FOV_F32 || value->dtype == FOV_F16 || value->dtype == FOV_BF16 || value->dtype == FOV_U8;
}

static bool is_output(const fov_graph *graph, int value)
{
    for (int i = 0; i < graph->n_output; i++)
        if (graph->output[i] == value) return true;
    return false;
}

/* What nodes compute on the way to the raw outputs. */
static bool is_inner(const fov_graph *graph, int value)
{
    return fov_graph_producer(graph, value) != FOV_NONE && !is_output(graph, value) && is_compared(&graph->value[value]);
}

static size_t count_inner(const fov_graph *graph)
{
    size_t count = 0;
    for (int i = 0; i < graph->n_value; i++) count += is_inner(graph, i);
    return count;
}

static fov_status append(fov_layers *layers, const fov_graph *b, int of_a, int of_b, const char *name, fov_error *err)
{
    const int  producer = fov_graph_producer(b, of_b);
    fov_layer *layer = &layers->layer[layers->count];
    *layer = (fov_layer){.name = fov_report_name(name), .precision = precision_of(b, of_b)};
    if (!layer->name) return fov_fail_memory(err, "the list of layers");
    layer->op = producer == FOV_NONE ? "" : fov_op_def_of(b->node[producer].op)->name;
    layers->of_a[of_a] = layers->of_b[of_b] = (int)layers->count++;
    return FOV_OK;
}

static fov_status list_heads(fov_layers *layers, const fov_engine *a, const fov_engine *b, fov_error *err)
{
    static const char *const kinds[HEADS_PER_LEVEL] = {"scores", "boxes", "landmarks"};
    const int                levels = a->settings.n_level < b->settings.n_level ? a->settings.n_level : b->settings.n_level;
    fov_status               st = FOV_OK;
    for (int i = 0; i < HEADS_PER_LEVEL * levels && i < a->graph->n_output && i < b->graph->n_output && !st; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s at stride %d", kinds[i % HEADS_PER_LEVEL], a->settings.level[i / HEADS_PER_LEVEL].stride);
        st = append(layers, b->graph, a->graph->output[i], b->graph->output[i], name, err);
    }
    for (size_t i = 0; i < layers->count; i++) layers->layer[i].head = true;
    layers->heads = layers->count;
    return st;
}

static fov_status list_inner(fov_layers *layers, const fov_graph *a, const fov_graph *b, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int n = 0; n < a->n_node && !st; n++)
        for (int j = 0; j < a->node[n].n_out && !st; j++) {
            const int of_a = a->node[n].out[j], of_b = of_a == FOV_NONE ? FOV_NONE : fov_graph_find(b, a->value[of_a].name);
            if (of_b == FOV_NONE || a->node[n].dead || !is_inner(a, of_a) || !is_inner(b, of_b)) continue;
            st = append(layers, b, of_a, of_b, a->value[of_a].name, err);
        }
    return st;
}

fov_status fov_layers_init(fov_layers *layers, const fov_engine *a, const fov_engine *b, bool all, fov_error *err)
{
    const size_t n_a = (size_t)a->graph->n_value, n_b = (size_t)b->graph->n_value;
    *layers = (fov_layers){.n_value_a = a->graph->n_value, .n_value_b = b->graph->n_value};
    layers->layer = fov_calloc(n_a + (size_t)a->graph->n_output, sizeof *layers->layer);
    layers->of_a = fov_alloc_array(n_a, sizeof *layers->of_a);
    layers->of_b = fov_alloc_array(n_b, sizeof *layers->of_b);
    if (!layers->layer || !layers->of_a || !layers->of_b) return fov_fail_memory(err, "the list of layers");
    for (size_t i = 0; i < n_a; i++) layers->of_a[i] = -1;
    for (size_t i = 0; i < n_b; i++) layers->of_b[i] = -1;
    layers->total_a = count_inner(a->graph);
    layers->total_b = count_inner(b->graph);
    fov_status st = list_heads(layers, a, b, err);
    return st || !all ? st : list_inner(layers, a->graph, b->graph, err);
}

void fov_layers_clear(fov_layers *layers)
{
    for (size_t i = 0; i < layers->count; i++) {
        fov_layer *layer = &layers->layer[i];
        fov_free(layer->name);
        fov_free(layer->sum);
        fov_free(layer->peak);
        fov_free(layer->clipping);
        fov_free(layer->held);
    }
    fov_free(layers->layer);
    fov_free(layers->of_a);
    fov_free(layers->of_b);
    fov_free(layers->row);
    *layers = (fov_layers){0};
}
