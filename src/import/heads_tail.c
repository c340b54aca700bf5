// SPDX-License-Identifier: MIT
#include "import/heads_tail.h"

#include "base/alloc.h"
#include "graph/op.h"

/* Words of 4 bytes that the tail may have as constants, and that a run of it may look at, in all: some 5 times what decoding a
 * batch of 8 at 640 x 640 takes. */
enum { MAX_WORK = 1 << 26 };

typedef struct cutter {
    const fov_graph *from;
    const fov_view  *values;
    const bool      *needed;
    fov_tail        *tail;
    int             *id; /* of a value of `from` in the tail, FOV_NONE: not there yet */
    int64_t          work;
    fov_error       *err;
} cutter;

static fov_status add_heads(cutter *c, const fov_heads *heads)
{
    for (int i = 0; i < heads->n_level * FOV_HEAD_KINDS; i++) {
        int             value = heads->level[i / FOV_HEAD_KINDS].value[i % FOV_HEAD_KINDS];
        const fov_view *view = &c->values[value];
        size_t          count;
        c->id[value] = fov_graph_add_value(c->tail->graph, c->from->value[value].name, FOV_F32, &view->shape, c->err);
        if (c->id[value] == FOV_NONE) return FOV_ERR_MEMORY;
        fov_status st = fov_graph_add_input(c->tail->graph, c->id[value], c->err);
        if (st) return st;
        void *data = fov_shape_count(&view->shape, &count) ? fov_calloc(count, sizeof(float)) : NULL;
        if (!data) return fov_fail_memory(c->err, "the heads of the graph");
        c->tail->input[i] = fov_view_dense(FOV_F32, &view->shape, data);
    }
    return FOV_OK;
}

static fov_status add_work(cutter *c, int value, int64_t window)
{
    const int64_t words = fov_view_words(&c->values[value]);
    c->work += words > MAX_WORK / window ? MAX_WORK + 1 : words * window;
    return c->work <= MAX_WORK
               ? FOV_OK
               : fov_fail(c->err, FOV_ERR_LIMIT,
                          "what the graph does with its heads is too large to check (more than %d elements): export it with a "
                          "smaller input or batch, or with open dimensions",
                          MAX_WORK);
}

/* The tail's value for one of the graph's: what is known without running anything becomes a constant. */
static fov_status map_value(cutter *c, int value, int *id)
{
    const fov_value *from = &c->from->value[value];
    const fov_view  *view = &c->values[value];
    const bool       is_new = c->id[value] == FOV_NONE;
    fov_status       st = is_new && view->data ? add_work(c, value, 1) : FOV_OK;
    if (st) return st;
    if (is_new)
        c->id[value] = view->data
                           ? fov_graph_add_constant(c->tail->graph, from->name, view->dtype, &view->shape, view->data, NULL, c->err)
                           : fov_graph_add_value(c->tail->graph, from->name, view->dtype, NULL, c->err);
    *id = c->id[value];
    return *id == FOV_NONE ? FOV_ERR_MEMORY : FOV_OK;
}

static fov_status map_ports(cutter *c, const int *from, int count, int **to)
{
    fov_status st = FOV_OK;
    *to = fov_alloc_array((size_t)count, sizeof **to);
    if (!*to) return fov_fail_memory(c->err, "a node of the tail");
    for (int i = 0; i < count && !st; i++) {
        (*to)[i] = FOV_NONE;
        if (from[i] != FOV_NONE) st = map_value(c, from[i], &(*to)[i]);
    }
    return st;
}

static fov_status add_node(cutter *c, const fov_node *node)
{
    int       *in = NULL, *out = NULL;
    fov_status st = map_ports(c, node->in, node->n_in, &in);
    if (!st) st = map_ports(c, node->out, node->n_out, &out);
    if (!st) {
        int id = fov_graph_add_node(c->tail->graph, node->name, node->op, in, node->n_in, out, node->n_out, c->err);
        st = id == FOV_NONE ? FOV_ERR_MEMORY : fov_node_copy_attrs(&c->tail->graph->node[id], node, c->err);
    }
    fov_free(in);
    fov_free(out);
    return st;
}

static bool in_tail(const cutter *c, const fov_node *node)
{
    bool wanted = false;
    for (int i = 0; i < node->n_out; i++) wanted |= node->out[i] != FOV_NONE && c->needed[node->out[i]];
    return wanted && !node->dead && node->op != FOV_OP_Conv;
}

/* Elements that a node looks at for one of its output. */
static int64_t window_size(const fov_node *node)
{
    if (node->op != FOV_OP_MaxPool) return 1;
    return fov_node_int_at(node, "kernel_shape", 0, 1) * fov_node_int_at(node, "kernel_shape", 1, 1);
}

static fov_status check_work(cutter *c)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < c->from->n_node; i++) {
        const fov_node *node = &c->from->node[i];
        for (int j = 0; j < node->n_out && !st; j++)
            if (node->out[j] != FOV_NONE && c->needed[node->out[j]]) st = add_work(c, node->out[j], window_size(node));
    }
    return st;
}

static fov_status cut(cutter *c, const fov_heads *heads)
{
    fov_status st = check_work(c);
    if (!st) st = add_heads(c, heads);
    for (int i = 0; i < c->from->n_node && !st; i++)
        if (in_tail(c, &c->from->node[i])) st = add_node(c, &c->from->node[i]);
    for (int i = 0; i < c->from->n_output && !st; i++) {
        int id;
        st = map_value(c, c->from->output[i], &id);
        if (!st) st = fov_graph_add_output(c->tail->graph, id, c->err);
    }
    return st;
}

static fov_status find_reach(fov_tail *tail, fov_error *err)
{
    const fov_graph *graph = tail->graph;
    tail->reach = fov_calloc((size_t)graph->n_value, sizeof *tail->reach);
    if (!tail->reach) return fov_fail_memory(err, "the tail of the graph");
    for (int i = 0; i < graph->n_input; i++) tail->reach[graph->input[i]] = 1U << i;
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        uint32_t        reach = 0;
        for (int j = 0; j < node->n_in; j++) reach |= node->in[j] == FOV_NONE ? 0 : tail->reach[node->in[j]];
        for (int j = 0; j < node->n_out; j++)
            if (node->out[j] != FOV_NONE) tail->reach[node->out[j]] = reach;
    }
    return FOV_OK;
}

fov_status fov_tail_cut(const fov_graph *graph, const fov_view *values, const fov_heads *heads, fov_tail *tail, fov_error *err)
{
    size_t     n_value = (size_t)graph->n_value;
    bool      *needed = fov_calloc(n_value, sizeof *needed);
    int       *id = fov_alloc_array(n_value, sizeof *id);
    fov_status st;
    *tail = (fov_tail){.graph = fov_graph_new()};
    if (needed && id && tail->graph) {
        tail->graph->opset = graph->opset;
        for (size_t i = 0; i < n_value; i++) id[i] = FOV_NONE;
        fov_heads_mark_tail(graph, values, needed);
        cutter c = {graph, values, needed, tail, id, 0, err};
        st = cut(&c, heads);
        if (!st) st = find_reach(tail, err);
    } else {
        st = fov_fail_memory(err, "the tail of the graph");
    }
    fov_free(needed);
    fov_free(id);
    return st;
}

fov_status fov_tail_run(const fov_tail *tail, fov_view **values, fov_error *err)
{
    return fov_graph_evaluate(tail->graph, tail->input, values, err);
}

void fov_tail_clear(fov_tail *tail)
{
    for (size_t i = 0; i < sizeof tail->input / sizeof *tail->input; i++) fov_free(tail->input[i].data);
    fov_graph_free(tail->graph);
    fov_free(tail->reach);
    *tail = (fov_tail){0};
}

unsigned fov_tail_levels(uint32_t reach)
{
    unsigned levels = 0;
    for (int i = 0; i < FOV_MAX_LEVELS * FOV_HEAD_KINDS; i++)
        if (reach >> i & 1) levels |= 1U << i / FOV_HEAD_KINDS;
    return levels;
}

unsigned fov_tail_kinds(uint32_t reach)
{
    unsigned kinds = 0;
    for (int i = 0; i < FOV_MAX_LEVELS * FOV_HEAD_KINDS; i++)
        if (reach >> i & 1) kinds |= 1U << i % FOV_HEAD_KINDS;
    return kinds;
}
