// SPDX-License-Identifier: MIT
/* A plan closes the shapes of an engine for one input size and lays its activations out in one arena.
 *
 * Every value with memory of its own is a buffer that lives from the step that writes it to the last step that reads it or
 * one of its slices; scratch is a buffer that lives for one step. fov_memory_assign() packs them. */
#include "engine/engine.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define NOT_IN_ARENA SIZE_MAX

static size_t padded(size_t bytes)
{
    return (bytes + FOV_OVERREAD + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
}

/* The value whose memory `value` lives in; `channel` is where it starts there. */
static int root_of(const fov_engine *engine, int value, int64_t *channel)
{
    *channel = 0;
    while (engine->slice[value].parent != FOV_NONE) {
        *channel += engine->slice[value].channel;
        value = engine->slice[value].parent;
    }
    return value;
}

/* ---------------------------------------------------------------- lifetimes */

typedef struct lifetimes {
    fov_buffer_need *need; /* n_value, then one a step for scratch */
    bool            *used; /* n_value: has memory of its own in the arena */
} lifetimes;

static void touch(const fov_plan *plan, lifetimes *life, int value, int wave)
{
    int64_t channel;
    if (value == FOV_NONE || plan->value[value].data || plan->value[value].shape.rank < 0) return;
    if (plan->engine->graph->value[value].packed) return;
    int              root = root_of(plan->engine, value, &channel);
    fov_buffer_need *need = &life->need[root];
    if (!life->used[root]) need->first = wave;
    if (!life->used[root] || need->last < wave) need->last = wave;
    if (wave < need->first) need->first = wave;
    life->used[root] = true;
}

static void find_lifetimes(const fov_plan *plan, lifetimes *life)
{
    const fov_graph *graph = plan->engine->graph;
    for (int i = 0; i < graph->n_input && !plan->takes_rows; i++) touch(plan, life, graph->input[i], 0);
    for (int i = 0; i < plan->n_step; i++) {
        const fov_step *step = &plan->step[i];
        const fov_node *first = &graph->node[step->node[0]];
        for (int j = 0; j < first->n_in && (i || !plan->takes_rows); j++) touch(plan, life, first->in[j], step->wave);
        for (int j = 0; j < step->n_out; j++) touch(plan, life, step->value[j], step->wave);
    }
    for (int i = 0; i < graph->n_output; i++) touch(plan, life, graph->output[i], plan->n_step);
}

static fov_status lay_out(fov_plan *plan, lifetimes *life, int threads, fov_error *err)
{
    const fov_graph *graph = plan->engine->graph;
    for (int i = 0; i < graph->n_value; i++) {
        size_t count;
        if (!life->used[i]) continue;
        if (!fov_shape_count(&plan->value[i].shape, &count) || count > SIZE_MAX / 16)
            return fov_fail(err, FOV_ERR_LIMIT, "value '%s' is too large at this input size", graph->value[i].name);
        life->need[i].bytes = padded(count * fov_dtype_size(plan->value[i].dtype));
    }
    for (int i = 0; i < plan->n_step; i++) {
        const fov_lowered *lowered = plan->step[i].lowered;
        size_t bytes = lowered->scratch ? lowered->scratch(lowered->impl, plan->step[i].in, plan->step[i].out, threads) : 0;
        if (bytes == FOV_SCRATCH_NO_MEMORY) return fov_fail_memory(err, "a memory plan");
        if (bytes > plan->scratch_bytes) plan->scratch_bytes = bytes;
        life->need[graph->n_value + i] = (fov_buffer_need){
            .bytes = bytes ? padded(bytes) : 0, .first = plan->step[i].wave, .last = plan->step[i].wave};
    }
    size_t count = (size_t)graph->n_value + (size_t)plan->n_step;
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(plan->unshared_bytes, life->need[i].bytes, &plan->unshared_bytes))
            return fov_fail(err, FOV_ERR_LIMIT, "the network does not fit into memory at this input size");
    if (!fov_memory_assign(life->need, count, &plan->arena_bytes)) return fov_fail_memory(err, "a memory plan");
    for (int i = 0; i < graph->n_value; i++) plan->offset[i] = life->used[i] ? life->need[i].offset : NOT_IN_ARENA;
    for (int i = 0; i < plan->n_step; i++) plan->step[i].scratch_offset = life->need[graph->n_value + i].offset;
    return FOV_OK;
}

static fov_status plan_memory(fov_plan *plan, int threads, fov_error *err)
{
    size_t     n_value = (size_t)plan->engine->graph->n_value;
    lifetimes  life = {fov_calloc(n_value + (size_t)plan->n_step, sizeof *life.need), fov_calloc(n_value, sizeof *life.used)};
    fov_status st = FOV_ERR_MEMORY;
    plan->offset = fov_alloc_array(n_value, sizeof *plan->offset);
    if (life.need && life.used && plan->offset) {
        find_lifetimes(plan, &life);
        st = lay_out(plan, &life, threads, err);
    } else {
        fov_fail_memory(err, "a memory plan");
    }
    fov_free(life.need);
    fov_free(life.used);
    return st;
}

/* ---------------------------------------------------------------- steps */

static bool needs_step(const fov_plan *plan, int node)
{
    const fov_node *n = &plan->engine->graph->node[node];
    /* Values that shape inference already knows (constants, shape arithmetic) need no work at run time. */
    bool known = true;
    for (int i = 0; i < n->n_out; i++) known = known && (n->out[i] == FOV_NONE || plan->value[n->out[i]].data);
    return !known && fov_lowered_works(&plan->engine->lowered[node]);
}

/* The first step alone reads the input, and can be given its rows as they are made: then the input needs no memory. */
static bool takes_rows(const fov_plan *plan)
{
    const fov_graph *graph = plan->engine->graph;
    if (plan->whole || !plan->n_step || graph->n_input != 1 || !plan->step[0].lowered->by_rows) return false;
    if (plan->engine->backend->remote) return false;
    const int       first = plan->step[0].node[0];
    const fov_node *node = &graph->node[first];
    return node->in[0] == graph->input[0] && fov_graph_only_user(graph, graph->input[0]) == first &&
           plan->engine->channels[node->out[0]] == 3;
}

/* Of one node; of a chain, which writes what its last node does; of a joint, which writes what all do. */
static int outputs_of(const fov_graph *graph, const fov_joint *of, bool joint, int *value)
{
    int count = 0;
    for (int i = joint ? 0 : of->nodes - 1; i < of->nodes; i++) {
        const fov_node *node = &graph->node[of->node[i]];
        for (int j = 0; j < node->n_out; j++, count++)
            if (value) value[count] = node->out[j];
    }
    return count;
}

/* @param of the nodes; what runs them is `lowered` */
static fov_status add_step(fov_plan *plan, const fov_joint *of, bool joint, const fov_lowered *lowered, fov_error *err)
{
    const fov_graph *graph = plan->engine->graph;
    const fov_node  *from = &graph->node[of->node[0]];
    fov_step        *step = &plan->step[plan->n_step];
    *step = (fov_step){.nodes = of->nodes, .lowered = lowered, .n_out = outputs_of(graph, of, joint, NULL)};
    memcpy(step->node, of->node, sizeof step->node);
    step->in = fov_calloc((size_t)from->n_in, sizeof *step->in);
    step->value = fov_calloc((size_t)step->n_out, sizeof *step->value);
    step->out = fov_calloc((size_t)step->n_out, sizeof *step->out);
    plan->n_step++;
    if (!step->in || !step->value || !step->out) return fov_fail_memory(err, "the steps of a plan");
    outputs_of(graph, of, joint, step->value);
    for (int i = 0; i < from->n_in; i++) step->in[i] = from->in[i] == FOV_NONE ? NULL : &plan->value[from->in[i]];
    for (int i = 0; i < step->n_out; i++)
        if (step->value[i] != FOV_NONE) step->out[i] = plan->value[step->value[i]];
    return FOV_OK;
}

static bool all_need_steps(const fov_plan *plan, const fov_joint *joint)
{
    bool all = joint->nodes > 0;
    for (int i = 0; i < joint->nodes; i++) all = all && needs_step(plan, joint->node[i]);
    return all;
}

/* The step that begins with node i. @param done set for its nodes */
static fov_status add_step_from(fov_plan *plan, int i, bool *done, fov_error *err)
{
    const fov_engine  *engine = plan->engine;
    const fov_joint    alone = {.nodes = 1, .node = {i}}, pair = {.nodes = 2, .node = {i, i + 1}};
    const bool         chained = !plan->whole && fov_lowered_works(&engine->chain[i]) && needs_step(plan, i + 1);
    const bool         joint = !plan->whole && all_need_steps(plan, &engine->joint[i]);
    const fov_joint   *of = chained ? &pair : joint ? &engine->joint[i] : &alone;
    const fov_lowered *lowered = chained ? &engine->chain[i] : joint ? &of->lowered : &engine->lowered[i];
    for (int k = 0; k < of->nodes; k++) done[of->node[k]] = true;
    return add_step(plan, of, joint, lowered, err);
}

static fov_status add_steps(fov_plan *plan, fov_error *err)
{
    const int  n_node = plan->engine->graph->n_node;
    bool      *done = fov_calloc((size_t)n_node, sizeof *done);
    fov_status st = FOV_OK;
    plan->step = fov_calloc((size_t)n_node, sizeof *plan->step);
    if (!plan->step || !done) st = fov_fail_memory(err, "the steps of a plan");
    for (int i = 0; i < n_node && !st; i++)
        if (!done[i] && needs_step(plan, i)) st = add_step_from(plan, i, done, err);
    fov_free(done);
    return st;
}

/* A step runs in the wave after the last of those that made what it reads. Concat in place is no step: what was written into a value is
 * written in the value that it is a slice of. @param made one a value: the wave that a value is there from */
static void find_waves(fov_plan *plan, int *made)
{
    const fov_engine *engine = plan->engine;
    for (int i = 0; i < plan->n_step; i++) {
        fov_step       *step = &plan->step[i];
        const fov_node *first = &engine->graph->node[step->node[0]];
        int64_t         channel;
        step->wave = 0;
        for (int j = 0; j < first->n_in; j++) {
            const int root = first->in[j] == FOV_NONE ? FOV_NONE : root_of(engine, first->in[j], &channel);
            if (root != FOV_NONE && made[root] > step->wave) step->wave = made[root];
        }
        for (int j = 0; j < step->n_out; j++) {
            const int root = step->value[j] == FOV_NONE ? FOV_NONE : root_of(engine, step->value[j], &channel);
            if (root != FOV_NONE && made[root] <= step->wave) made[root] = step->wave + 1;
        }
    }
}

/* What no other step reads, as the heads, has time until the end, and shares a wave there. @param read one a value, all false */
static void put_off(fov_plan *plan, bool *read)
{
    const fov_engine *engine = plan->engine;
    int64_t           channel;
    int               last = 0;
    for (int i = 0; i < plan->n_step; i++) {
        const fov_node *first = &engine->graph->node[plan->step[i].node[0]];
        if (plan->step[i].wave > last) last = plan->step[i].wave;
        for (int j = 0; j < first->n_in; j++)
            if (first->in[j] != FOV_NONE) read[root_of(engine, first->in[j], &channel)] = true;
    }
    for (int i = 0; i < plan->n_step; i++) {
        fov_step *step = &plan->step[i];
        bool      waited_for = false;
        for (int j = 0; j < step->n_out; j++)
            waited_for = waited_for || (step->value[j] != FOV_NONE && read[root_of(engine, step->value[j], &channel)]);
        if (!waited_for) step->wave = last;
    }
}

static int by_wave(const void *a, const void *b)
{
    const fov_step *x = a, *y = b;
    return x->wave != y->wave ? x->wave - y->wave : x->node[0] - y->node[0];
}

/* On the host steps run one after the other. Elsewhere, unless somebody looks at each, as soon as they can, those of a wave at
 * once; what nobody waits for, at the end. */
static fov_status order_steps(fov_plan *plan, fov_error *err)
{
    if (!plan->engine->backend->remote || plan->whole) {
        for (int i = 0; i < plan->n_step; i++) plan->step[i].wave = i;
        return FOV_OK;
    }
    const size_t n_value = (size_t)plan->engine->graph->n_value;
    int         *made = fov_calloc(n_value, sizeof *made);
    bool        *read = fov_calloc(n_value, sizeof *read);
    fov_status   st = made && read ? FOV_OK : fov_fail_memory(err, "the steps of a plan");
    if (!st) {
        find_waves(plan, made);
        put_off(plan, read);
        qsort(plan->step, (size_t)plan->n_step, sizeof *plan->step, by_wave);
    }
    fov_free(made);
    fov_free(read);
    return st;
}

/* Slices, scales and packed weights were laid out for the channels that the engine found. A graph out of a hostile file makes
 * channels of rows (Reshape), which would be other ones here. */
static fov_status check_channels(const fov_plan *plan, fov_error *err)
{
    const fov_engine *engine = plan->engine;
    for (int i = 0; i < engine->graph->n_value; i++) {
        const fov_view *view = &plan->value[i];
        const int64_t   channels = fov_channels_of(view);
        const bool      many_scales = view->quant && view->dtype == FOV_U8 && view->quant->count > 1;
        if (channels != engine->channels[i] || (many_scales && channels != view->quant->count))
            return fov_fail(
                err, FOV_ERR_FORMAT,
                "value '%.200s' would have %lld channels at %lldx%lld and %lld at another size; Fovea runs networks whose "
                "channels do not depend on the size of the input",
                engine->graph->value[i].name, (long long)channels, (long long)plan->w, (long long)plan->h,
                (long long)engine->channels[i]);
    }
    return FOV_OK;
}

/* Activations are NHWC; slices take the pixel stride of the value they live in. */
static void set_strides(fov_plan *plan)
{
    const fov_graph *graph = plan->engine->graph;
    for (int i = 0; i < graph->n_value; i++) {
        fov_view *v = &plan->value[i];
        int64_t   channel;
        if (v->data || v->shape.rank < 0) continue;
        const fov_quant *quant = v->quant;
        const int64_t   *dim = v->shape.dim;
        if (fov_channels_of(v) < 0) {
            *v = fov_view_dense(v->dtype, &v->shape, NULL);
        } else {
            const fov_shape *root = &plan->value[root_of(plan->engine, i, &channel)].shape;
            *v = fov_view_nhwc_of(v->dtype, dim[0], dim[1], dim[2], dim[3], root->dim[1], NULL);
        }
        v->quant = quant;
    }
}

fov_status fov_plan_new(const fov_engine *engine, int64_t n, int64_t h, int64_t w, int threads, bool whole, fov_plan **out,
                        fov_error *err)
{
    fov_view   input = fov_view_nhwc(n, 3, h, w, 3, NULL);
    fov_plan  *plan = fov_calloc(1, sizeof *plan);
    fov_status st;

    *out = NULL;
    if (!plan) return fov_fail_memory(err, "a plan");
    *plan = (fov_plan){.engine = engine, .n = n, .h = h, .w = w, .whole = whole};
    if ((st = fov_graph_infer(engine->graph, &input, &plan->value, err))) goto fail;
    if ((st = check_channels(plan, err))) goto fail;
    set_strides(plan);
    if ((st = add_steps(plan, err))) goto fail;
    if ((st = order_steps(plan, err))) goto fail;
    plan->takes_rows = takes_rows(plan);
    if ((st = plan_memory(plan, threads, err))) goto fail;
    *out = plan;
    return FOV_OK;
fail:
    fov_plan_free(plan);
    return st;
}

static void unbind(fov_plan *plan)
{
    for (int i = 0; i < plan->engine->graph->n_value; i++) {
        int64_t channel;
        if (plan->offset[root_of(plan->engine, i, &channel)] != NOT_IN_ARENA) plan->value[i].data = NULL;
    }
    plan->arena = NULL;
}

void fov_plan_bind(fov_plan *plan, unsigned char *arena)
{
    const fov_engine *engine = plan->engine;
    if (plan->arena == arena) return;
    for (int i = 0; i < engine->graph->n_value; i++) {
        int64_t channel;
        size_t  offset = plan->offset[root_of(engine, i, &channel)];
        if (offset != NOT_IN_ARENA) plan->value[i].data = arena + offset + (size_t)channel * fov_dtype_size(plan->value[i].dtype);
    }
    for (int i = 0; i < plan->n_step; i++) {
        fov_step *step = &plan->step[i];
        for (int j = 0; j < step->n_out; j++)
            if (step->value[j] != FOV_NONE) step->out[j] = plan->value[step->value[j]];
    }
    plan->arena = arena;
}

const fov_view *fov_plan_input(const fov_plan *plan)
{
    return &plan->value[plan->engine->graph->input[0]];
}

fov_status fov_plan_put_row(const fov_plan *plan, int64_t n, int64_t y, float *row, fov_error *err)
{
    const fov_step *step = &plan->step[0];
    const fov_view *to = &step->out[0];
    const int64_t   offset = (n * to->stride[0] + y * to->stride[2]) * (int64_t)fov_dtype_size(to->dtype);
    const fov_view  in = fov_view_nhwc(1, 3, 1, plan->w, 3, row), *ins[] = {&in};
    fov_view        out = fov_view_nhwc_of(to->dtype, 1, 3, 1, plan->w, to->stride[3], (unsigned char *)to->data + offset);
    out.quant = to->quant;
    return step->lowered->run(step->lowered->impl, ins, &out, NULL, NULL, err);
}

const fov_view *fov_plan_output(const fov_plan *plan, int index)
{
    return &plan->value[plan->engine->graph->output[index]];
}

static double node_macs(const fov_plan *plan, const fov_node *node)
{
    size_t out, weight;
    if (node->op != FOV_OP_Conv) return 0;
    const fov_shape *w = &plan->engine->graph->value[node->in[1]].shape;
    if (!fov_shape_count(&plan->value[node->out[0]].shape, &out) || !fov_shape_count(w, &weight) || !w->dim[0]) return 0;
    return (double)out * ((double)weight / (double)w->dim[0]);
}

double fov_step_macs(const fov_plan *plan, const fov_step *step)
{
    double macs = 0;
    for (int i = 0; i < step->nodes; i++) macs += node_macs(plan, &plan->engine->graph->node[step->node[i]]);
    return macs;
}

void fov_plan_free(fov_plan *plan)
{
    if (!plan) return;
    fov_plan_release(plan);
    for (int i = 0; i < plan->n_step; i++) {
        fov_free((void *)plan->step[i].in);
        fov_free(plan->step[i].value);
        fov_free(plan->step[i].out);
    }
    if (plan->value) {
        if (plan->offset) unbind(plan);
        fov_values_free(plan->engine->graph, plan->value);
    }
    fov_free(plan->step);
    fov_free(plan->offset);
    fov_free(plan);
}
