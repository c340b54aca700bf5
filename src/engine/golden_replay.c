// SPDX-License-Identifier: MIT
/* Replaying golden vectors: is a difference one that rounding explains, or another network?
 *
 * Sums of floats depend on their order, which kernels choose; nothing else may differ. So a layer whose arithmetic is defined to
 * the bit must be the same to the bit when its inputs are; where that is not so, the last bits of the sum show, and a stored type
 * makes them steps of its own size. Each layer's tolerance is that of the coarsest type between it and the last layer that was the
 * same. */
#include "engine/golden.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* Relative to the element, or to the layer's rms where that is larger. Sums of a few thousand floats in any order agree to 1e-5.
 * A sum that lies between two numbers of 16 bits may round to either, later sums take that up, and after some layers two runs have
 * each a rounding noise of their own: of 64 samples the worst were seen to differ by 16 steps of binary16 and 7 of bfloat16, and
 * are allowed twice as much. Where one of two machines adds up in binary16 (backend/cpu/half_tile.h) it is 42 steps, of 64 that are
 * allowed. That noise averages out in the rms of a layer. */
#define TOLERANCE_F32 1e-4
#define TOLERANCE_F16 0x1p-5
#define TOLERANCE_BF16 0x1p-4
#define TOLERANCE_U8 0x1p-4
#define TOLERANCE_RMS_SHARE 0x1p-3

/* U8 behind such a sum, in steps. */
#define STEPS_ELEMENT 3.0
#define STEPS_RMS 0.5

typedef struct replay_run {
    const fov_golden_vector *vector;
    fov_replay              *replay;
    size_t                   index;
    int                      next;  /* node whose values are not told of yet */
    double                  *grain; /* one a value: 0 where it is the same as recorded, else the tolerance it hands on */
} replay_run;

/* ---------------------------------------------------------------- what may differ */

static double grain_of(fov_dtype dtype)
{
    return dtype == FOV_U8 ? TOLERANCE_U8 : dtype == FOV_BF16 ? TOLERANCE_BF16 : dtype == FOV_F16 ? TOLERANCE_F16 : TOLERANCE_F32;
}

static double grain_of_inputs(const replay_run *r, const fov_node *node)
{
    double grain = 0;
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] != FOV_NONE && r->grain[node->in[i]] > grain) grain = r->grain[node->in[i]];
    return grain;
}

/* Operators that say what happens to every bit: integer convolutions (graph/ops/conv_int8.h), and those that only choose, move or
 * round elements. */
static bool is_exact(const fov_graph *graph, const fov_node *node)
{
    if (node->op == FOV_OP_Conv) return graph->value[node->in[0]].dtype == FOV_U8 && graph->value[node->in[1]].dtype == FOV_I8;
    return node->op == FOV_OP_Convert || node->op == FOV_OP_MaxPool || node->op == FOV_OP_Concat;
}

/* Nodes that are no steps (Concat in place) hand on what they get. */
static void pass_over(replay_run *r, const fov_graph *graph, int node)
{
    for (; r->next < node; r->next++) {
        const fov_node *n = &graph->node[r->next];
        const double    grain = grain_of_inputs(r, n);
        for (int i = 0; i < n->n_out; i++)
            if (n->out[i] != FOV_NONE) r->grain[n->out[i]] = grain;
    }
}

/* ---------------------------------------------------------------- comparing */

static fov_status add_drift(replay_run *r, const char *layer, fov_drift drift, fov_error *err)
{
    fov_replay *replay = r->replay;
    if (replay->n_drift == replay->cap_drift) {
        size_t     larger = replay->cap_drift ? replay->cap_drift * 2 : 16;
        fov_drift *more = fov_realloc_array(replay->drift, larger, sizeof *more);
        if (!more) return fov_fail_memory(err, "the list of layers that drifted");
        replay->drift = more;
        replay->cap_drift = larger;
    }
    drift.layer = fov_strdup(layer);
    drift.vector = r->index;
    if (!drift.layer) return fov_fail_memory(err, "the list of layers that drifted");
    replay->drift[replay->n_drift++] = drift;
    return FOV_OK;
}

/* What numbers of a layer are compared by. */
typedef struct measure {
    double scale; /* least magnitude that a difference is related to; 0: differences are steps */
    double tolerance, tolerance_rms;
} measure;

static measure measure_of(const fov_golden_layer *layer, double grain)
{
    if (layer->dtype == FOV_U8) return (measure){0, grain > 0 ? STEPS_ELEMENT : 0, grain > 0 ? STEPS_RMS : 0};
    return (measure){layer->rms > 0 ? layer->rms : 1, grain, grain * TOLERANCE_RMS_SHARE};
}

static double difference(const measure *m, double now, double then)
{
    if (isnan(now) || isnan(then)) return isnan(now) && isnan(then) ? 0 : INFINITY;
    if (now == then) return 0;
    const double apart = fabs(now - then);
    if (m->scale == 0) return apart;
    return apart / (fabs(then) > m->scale ? fabs(then) : m->scale);
}

static double largest_of_samples(const fov_golden_layer *layer, const measure *m, const void *bytes)
{
    double largest = 0;
    for (uint32_t k = 0; k < layer->n_sample; k++) {
        const uint64_t place = fov_golden_place(layer->elements, layer->n_sample, k);
        const double   d = difference(m, (double)fov_golden_element(layer->dtype, bytes, place), (double)layer->sample[k]);
        if (d > largest) largest = d;
    }
    return largest;
}

static fov_status compare_layer(replay_run *r, const fov_golden_layer *layer, double grain, double rms, const void *bytes,
                                fov_error *err)
{
    const measure     m = measure_of(layer, grain);
    const char *const unit = m.scale == 0 ? "steps" : "relative";
    const double      samples = largest_of_samples(layer, &m, bytes), rms_apart = difference(&m, rms, layer->rms);
    if (samples > m.tolerance) return add_drift(r, layer->name, (fov_drift){NULL, 0, "samples", unit, samples, m.tolerance}, err);
    if (rms_apart > m.tolerance_rms)
        return add_drift(r, layer->name, (fov_drift){NULL, 0, "rms", unit, rms_apart, m.tolerance_rms}, err);
    if (grain > 0) return FOV_OK;
    return add_drift(r, layer->name, (fov_drift){NULL, 0, "bits", unit, samples > rms_apart ? samples : rms_apart, 0}, err);
}

static const fov_golden_layer *find_layer(const fov_golden_vector *vector, const char *name)
{
    for (int i = 0; i < vector->n_layer; i++)
        if (!strcmp(vector->layer[i].name, name)) return &vector->layer[i];
    return NULL;
}

/* A layer that was not recorded is not compared, and hands on what it got: another release may run the network in other steps. */
static fov_status replay_layer(void *context, const fov_plan *plan, int value, const void *bytes, size_t elements, fov_error *err)
{
    replay_run      *r = context;
    const fov_graph *graph = plan->engine->graph;
    const int        producer = fov_graph_producer(graph, value);
    const fov_node  *node = &graph->node[producer];
    pass_over(r, graph, producer);
    r->next = producer + 1;

    const fov_golden_layer *layer = find_layer(r->vector, graph->value[value].name);
    const double            handed = grain_of_inputs(r, node), own = grain_of(graph->value[value].dtype);
    const double            grain = handed == 0 && is_exact(graph, node) ? 0 : handed > own ? handed : own;
    uint64_t                digest;
    double                  rms;
    r->grain[value] = grain;
    if (!layer) return FOV_OK;
    r->replay->layers++;
    if (layer->elements != elements || layer->dtype != plan->value[value].dtype)
        return add_drift(r, layer->name, (fov_drift){NULL, 0, "shape", "relative", INFINITY, 0}, err);
    fov_golden_sum_up(layer->dtype, bytes, elements, &digest, &rms);
    if (digest == layer->digest) {
        r->replay->identical++;
        r->grain[value] = 0;
        return FOV_OK;
    }
    fov_status st = compare_layer(r, layer, grain, rms, bytes, err);
    if (grain == 0) r->grain[value] = own;
    return st;
}

static fov_status replay_output(void *context, const fov_plan *plan, int index, const void *bytes, size_t elements, fov_error *err)
{
    replay_run              *r = context;
    const int                value = plan->engine->graph->output[index];
    const char              *name = plan->engine->graph->value[value].name;
    const fov_golden_output *then = &r->vector->output[index];
    const float             *now = bytes;
    double                   sum = 0, largest = 0;
    pass_over(r, plan->engine->graph, plan->engine->graph->n_node);
    if (then->count != elements) return add_drift(r, name, (fov_drift){NULL, 0, "shape", "relative", INFINITY, 0}, err);
    for (size_t i = 0; i < elements; i++) sum += (double)then->data[i] * (double)then->data[i];
    const measure m = {sum > 0 ? sqrt(sum / (double)elements) : 1, r->grain[value], 0};
    for (size_t i = 0; i < elements; i++) {
        const double d = difference(&m, (double)now[i], (double)then->data[i]);
        if (d > largest) largest = d;
    }
    return largest > m.tolerance ? add_drift(r, name, (fov_drift){NULL, 0, "output", "relative", largest, m.tolerance}, err)
                                 : FOV_OK;
}

/* ---------------------------------------------------------------- all vectors */

static fov_status replay_vector(const fov_engine *engine, size_t index, fov_replay *replay, fov_error *err)
{
    replay_run r = {.vector = &engine->golden->vector[index], .replay = replay, .index = index};
    if (r.vector->n_output != engine->graph->n_output)
        return fov_fail(err, FOV_ERR_FORMAT, "golden vector %zu has %d outputs, the network has %d", index, r.vector->n_output,
                        engine->graph->n_output);
    r.grain = fov_calloc((size_t)engine->graph->n_value, sizeof *r.grain);
    if (!r.grain) return fov_fail_memory(err, "a replay");
    fov_status st = fov_golden_run(engine, r.vector, replay_layer, replay_output, &r, err);
    fov_free(r.grain);
    return st;
}

fov_status fov_golden_replay(const fov_engine *engine, fov_replay *replay, fov_error *err)
{
    fov_status st = FOV_OK;
    *replay = (fov_replay){0};
    if (!engine->golden || !engine->golden->count)
        return fov_fail(err, FOV_ERR_UNSUPPORTED,
                        "the engine carries no golden vectors, so nothing tells whether it is right here; build it again with "
                        "'fovea build', which records them");
    for (; replay->vectors < engine->golden->count && !st; replay->vectors++)
        st = replay_vector(engine, replay->vectors, replay, err);
    if (st) fov_replay_clear(replay);
    return st;
}

void fov_replay_clear(fov_replay *replay)
{
    for (size_t i = 0; i < replay->n_drift; i++) fov_free(replay->drift[i].layer);
    fov_free(replay->drift);
    *replay = (fov_replay){0};
}
