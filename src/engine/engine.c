// SPDX-License-Identifier: MIT
#include "engine/engine.h"

#include "base/alloc.h"
#include "engine/golden.h"

#include <string.h>

/* Channel counts must not depend on the input's size (plan.c sees to it), so any size tells them; this one every stride divides. */
enum { PROBE_SIDE = 128 };

static fov_status find_channels(const fov_graph *graph, int64_t *channels, fov_error *err)
{
    fov_view   input = fov_view_nhwc(1, 3, PROBE_SIDE, PROBE_SIDE, 3, NULL), *values;
    fov_status st = fov_graph_infer(graph, &input, &values, err);
    if (st) return st;
    for (int i = 0; i < graph->n_value; i++) channels[i] = fov_channels_of(&values[i]);
    fov_values_free(graph, values);
    return FOV_OK;
}

/* Give back the constants that only this node reads and that it has packed, lest a large network be in memory twice. */
static void release_packed(fov_graph *graph, int node)
{
    for (int i = 0; i < graph->node[node].n_in; i++) {
        int        id = graph->node[node].in[i];
        fov_value *value = id == FOV_NONE ? NULL : &graph->value[id];
        if (!value || !value->data || fov_graph_only_user(graph, id) != node) continue;
        fov_free(value->data);
        value->data = NULL;
        value->packed = true;
    }
}

/* What lower_nodes() needs while it works. */
typedef struct layout {
    bool *shared;   /* one a value */
    bool *in_place; /* one a node: a Concat without work */
    bool *taken;    /* one a node: it runs in a step with others */
} layout;

static fov_status lower_nodes(fov_engine *engine, layout *l, fov_error *err)
{
    fov_graph *graph = engine->graph;
    fov_status st = find_channels(graph, engine->channels, err);
    if (st) return st;
    fov_slices_assign(graph, engine->channels, engine->slice, l->in_place);
    for (int i = 0; i < graph->n_node && !st; i++) {
        engine->concat_in_place += l->in_place[i];
        if (l->in_place[i]) continue;
        st = engine->backend->lower(graph, &graph->node[i], &engine->lowered[i], err);
        engine->weight_bytes += engine->lowered[i].bytes;
        if (engine->lowered[i].packed && !engine->keeps_weights) release_packed(graph, i);
    }
    if (!st) engine->add_in_place = fov_slices_share(graph, engine->lowered, engine->channels, engine->slice, l->shared);
    return st;
}

/* The next node, and it alone, reads what node `i` writes. */
static bool feeds_next(const fov_graph *graph, const fov_slice *slice, int i)
{
    if (i + 1 >= graph->n_node || graph->node[i].n_out != 1) return false;
    const fov_node *next = &graph->node[i + 1];
    const int       value = graph->node[i].out[0];
    for (int k = 0; k < graph->n_output; k++)
        if (graph->output[k] == value) return false;
    return next->n_in > 0 && next->in[0] == value && slice[value].parent == FOV_NONE && fov_graph_only_user(graph, value) == i + 1;
}

static fov_status chain_nodes(fov_engine *engine, fov_error *err)
{
    const fov_graph *graph = engine->graph;
    fov_status       st = FOV_OK;
    if (!engine->backend->chain) return FOV_OK;
    for (int i = 0; i < graph->n_node && !st; i++) {
        if (!fov_lowered_works(&engine->lowered[i]) || !feeds_next(graph, engine->slice, i)) continue;
        if (!fov_lowered_works(&engine->lowered[i + 1])) continue;
        st = engine->backend->chain(&engine->lowered[i], &engine->lowered[i + 1], &engine->chain[i], err);
        if (!fov_lowered_works(&engine->chain[i])) continue;
        engine->chained++;
        i++;
    }
    return st;
}

/* It reads one value, and beside that only constants. */
static bool reads_one(const fov_graph *graph, const fov_node *node)
{
    for (int i = 1; i < node->n_in; i++) {
        const fov_value *value = node->in[i] == FOV_NONE ? NULL : &graph->value[node->in[i]];
        if (value && !value->data && !value->packed) return false;
    }
    return node->n_in > 0 && node->in[0] != FOV_NONE && node->n_out == 1;
}

static bool is_free(const fov_engine *engine, const bool *taken, int node)
{
    return !taken[node] && fov_lowered_works(&engine->lowered[node]) && engine->lowered[node].kin &&
           reads_one(engine->graph, &engine->graph->node[node]);
}

static void find_kin(const fov_engine *engine, bool *taken, int first, fov_joint *joint)
{
    const fov_graph *graph = engine->graph;
    joint->node[joint->nodes++] = first;
    for (int i = first + 1; i < graph->n_node && joint->nodes < FOV_STEP_NODES; i++) {
        if (!is_free(engine, taken, i) || graph->node[i].in[0] != graph->node[first].in[0]) continue;
        if (!engine->backend->alike(&engine->lowered[first], &engine->lowered[i])) continue;
        joint->node[joint->nodes++] = i;
        taken[i] = true;
    }
}

static fov_status join(fov_engine *engine, fov_joint *joint, fov_error *err)
{
    const fov_lowered *nodes[FOV_STEP_NODES];
    for (int i = 0; i < joint->nodes; i++) nodes[i] = &engine->lowered[joint->node[i]];
    engine->joined += joint->nodes - 1;
    return engine->backend->join(nodes, joint->nodes, &joint->lowered, err);
}

/* Nodes of a chain stay there. */
static fov_status join_nodes(fov_engine *engine, bool *taken, fov_error *err)
{
    const int  n_node = engine->graph->n_node;
    fov_status st = FOV_OK;
    if (!engine->backend->join) return FOV_OK;
    for (int i = 0; i < n_node; i++)
        if (fov_lowered_works(&engine->chain[i])) taken[i] = taken[i + 1] = true;
    for (int i = 0; i < n_node && !st; i++) {
        fov_joint joint = {.nodes = 0};
        if (!is_free(engine, taken, i)) continue;
        find_kin(engine, taken, i, &joint);
        if (joint.nodes < 2) continue;
        engine->joint[i] = joint;
        st = join(engine, &engine->joint[i], err);
    }
    return st;
}

static fov_status lower(fov_engine *engine, fov_error *err)
{
    const size_t n_node = (size_t)engine->graph->n_node, n_value = (size_t)engine->graph->n_value;
    layout l = {fov_calloc(n_value, sizeof *l.shared), fov_calloc(n_node, sizeof *l.in_place), fov_calloc(n_node, sizeof *l.taken)};
    engine->lowered = fov_calloc(n_node, sizeof *engine->lowered);
    engine->chain = fov_calloc(n_node, sizeof *engine->chain);
    engine->joint = fov_calloc(n_node, sizeof *engine->joint);
    engine->slice = fov_calloc(n_value, sizeof *engine->slice);
    engine->channels = fov_calloc(n_value, sizeof *engine->channels);
    bool enough =
        l.shared && l.in_place && l.taken && engine->lowered && engine->chain && engine->joint && engine->slice && engine->channels;
    fov_status st = enough ? lower_nodes(engine, &l, err) : fov_fail_memory(err, "the engine's layers");
    if (!st) st = chain_nodes(engine, err);
    if (!st) st = join_nodes(engine, l.taken, err);
    fov_free(l.shared);
    fov_free(l.in_place);
    fov_free(l.taken);
    return st;
}

/* The one precision of all convolutions, or MIXED. */
static fov_precision precision_of(const fov_graph *graph)
{
    static const fov_precision of_type[] = {[FOV_F32] = FOV_PRECISION_FP32,
                                            [FOV_F16] = FOV_PRECISION_FP16,
                                            [FOV_BF16] = FOV_PRECISION_BF16,
                                            [FOV_I8] = FOV_PRECISION_INT8};
    fov_precision              precision = FOV_PRECISION_AUTO;
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        if (node->op != FOV_OP_Conv) continue;
        fov_precision this_one = of_type[graph->value[node->in[1]].dtype];
        if (precision != FOV_PRECISION_AUTO && precision != this_one) return FOV_PRECISION_MIXED;
        precision = this_one;
    }
    return precision == FOV_PRECISION_AUTO ? FOV_PRECISION_FP32 : precision;
}

static fov_status explain(fov_engine *engine, fov_error *err)
{
    char text[1024];
    fov_backend_explain(engine->backend, engine->device, text, sizeof text);
    engine->backend_reason = fov_strdup(text);
    return engine->backend_reason ? FOV_OK : fov_fail_memory(err, "why a backend was chosen");
}

fov_status fov_engine_from_graph(fov_graph *graph, const fov_settings *settings, const char *backend, int device,
                                 bool keep_weights, fov_engine **out, fov_error *err)
{
    fov_engine *engine = fov_calloc(1, sizeof *engine);
    fov_status  st;

    *out = NULL;
    if (!engine) {
        fov_graph_free(graph);
        return fov_fail_memory(err, "an engine");
    }
    *engine = (fov_engine){.graph = graph, .settings = *settings, .keeps_weights = keep_weights, .device = device};
    engine->precision = precision_of(graph);
    st = fov_backend_choose(backend, device, &engine->backend, err);
    if (!st && backend && !strcmp(backend, "auto")) st = explain(engine, err);
    if (!st) st = lower(engine, err);
    if (st) fov_engine_free(engine);
    else *out = engine;
    return st;
}

void fov_engine_free(fov_engine *engine)
{
    if (!engine) return;
    for (int i = 0; engine->chain && i < engine->graph->n_node; i++)
        if (engine->chain[i].free) engine->chain[i].free(engine->chain[i].impl);
    for (int i = 0; engine->joint && i < engine->graph->n_node; i++)
        if (engine->joint[i].lowered.free) engine->joint[i].lowered.free(engine->joint[i].lowered.impl);
    for (int i = 0; engine->lowered && i < engine->graph->n_node; i++)
        if (engine->lowered[i].free) engine->lowered[i].free(engine->lowered[i].impl);
    fov_free(engine->chain);
    fov_free(engine->joint);
    fov_free(engine->lowered);
    fov_free(engine->slice);
    fov_free(engine->channels);
    fov_free(engine->certificate);
    fov_free(engine->reason);
    fov_free(engine->backend_reason);
    fov_golden_free(engine->golden);
    fov_free(engine->source);
    fov_graph_free(engine->graph);
    fov_free(engine);
}
