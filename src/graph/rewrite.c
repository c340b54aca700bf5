// SPDX-License-Identifier: MIT
/* Whole-graph surgery: copy, restore order, drop what is dead, print. */
#include "graph/graph.h"
#include "graph/op.h"

#include "base/alloc.h"
#include "base/text.h"
#include "plugin/plugin.h"

#include <string.h>

static fov_status clone_attr(fov_node *node, const fov_attr *attr, fov_error *err)
{
    switch (attr->kind) {
    case FOV_ATTR_INTS:
        return fov_node_set_ints(node, attr->name, attr->ints, attr->count, err);
    case FOV_ATTR_FLOATS:
        return fov_node_set_floats(node, attr->name, attr->floats, attr->count, err);
    case FOV_ATTR_STRING:
        return fov_node_set_string(node, attr->name, attr->string, err);
    }
    return fov_fail(err, FOV_ERR_INTERNAL, "attribute '%s' of unknown kind", attr->name);
}

static fov_status clone_value(fov_graph *to, const fov_value *value, fov_error *err)
{
    int id = value->data ? fov_graph_add_constant(to, value->name, value->dtype, &value->shape, value->data, value->origin, err)
                         : fov_graph_add_value(to, value->name, value->dtype, &value->shape, err);
    if (id == FOV_NONE) return FOV_ERR_MEMORY;
    return value->quant ? fov_graph_set_storage(to, id, value->dtype, value->quant, err) : FOV_OK;
}

fov_status fov_node_copy_attrs(fov_node *to, const fov_node *from, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < from->n_attr && !st; i++) st = clone_attr(to, &from->attr[i], err);
    return st;
}

static fov_status clone_node(fov_graph *to, const fov_node *node, fov_error *err)
{
    int id = fov_graph_add_node(to, node->name, node->op, node->in, node->n_in, node->out, node->n_out, err);
    if (id == FOV_NONE) return FOV_ERR_MEMORY;
    to->node[id].dead = node->dead;
    to->node[id].plugin = fov_plugin_op_retain(node->plugin);
    return fov_node_copy_attrs(&to->node[id], node, err);
}

fov_status fov_graph_clone(const fov_graph *graph, fov_graph **copy, fov_error *err)
{
    fov_status st = FOV_OK;
    fov_graph *to = fov_graph_new();
    *copy = NULL;
    if (!to) return fov_fail_memory(err, "a copy of the graph");
    to->opset = graph->opset;
    to->most_known = graph->most_known;
    for (int i = 0; i < graph->n_value && !st; i++) st = clone_value(to, &graph->value[i], err);
    for (int i = 0; i < graph->n_node && !st; i++) st = clone_node(to, &graph->node[i], err);
    for (int i = 0; i < graph->n_input && !st; i++) st = fov_graph_add_input(to, graph->input[i], err);
    for (int i = 0; i < graph->n_output && !st; i++) st = fov_graph_add_output(to, graph->output[i], err);
    if (st) {
        fov_graph_free(to);
        return st;
    }
    *copy = to;
    return FOV_OK;
}

/* ---------------------------------------------------------------- order */

/* Depth-first: a node is placed as soon as what it reads has been, so a sorted graph stays as it is and every node and
 * input is looked at once. The path from the node asked for to the one in hand is kept here, as files may hold long chains. */
typedef struct sorter {
    const fov_graph *graph;
    int             *producer; /* of each value: a node, or FOV_NONE */
    int             *next;     /* of each node: the input to look at next; -1: not seen yet */
    int             *path, *order;
    int              depth, placed;
} sorter;

static fov_status sorter_init(sorter *s, const fov_graph *graph, fov_error *err)
{
    size_t n_node = (size_t)graph->n_node;
    *s = (sorter){.graph = graph};
    s->producer = fov_graph_producers(graph);
    s->next = fov_alloc_array(n_node, sizeof *s->next);
    s->path = fov_alloc_array(n_node, sizeof *s->path);
    s->order = fov_alloc_array(n_node, sizeof *s->order);
    if (!s->producer || !s->next || !s->path || !s->order) return fov_fail_memory(err, "sorting the graph");
    for (int i = 0; i < graph->n_node; i++) s->next[i] = -1;
    return FOV_OK;
}

static void sorter_clear(sorter *s)
{
    fov_free(s->producer);
    fov_free(s->next);
    fov_free(s->path);
    fov_free(s->order);
}

static void enter(sorter *s, int node)
{
    s->next[node] = s->graph->node[node].dead ? s->graph->node[node].n_in : 0; /* a dead node waits for nobody */
    s->path[s->depth++] = node;
}

static fov_status place(sorter *s, int wanted, fov_error *err)
{
    enter(s, wanted);
    while (s->depth) {
        int             i = s->path[s->depth - 1];
        const fov_node *node = &s->graph->node[i];
        if (s->next[i] == node->n_in) {
            s->next[i]++; /* placed */
            s->order[s->placed++] = i;
            s->depth--;
            continue;
        }
        int value = node->in[s->next[i]++], from = value == FOV_NONE ? FOV_NONE : s->producer[value];
        if (from == FOV_NONE || s->next[from] > s->graph->node[from].n_in) continue;
        if (s->next[from] >= 0)
            return fov_fail(err, FOV_ERR_FORMAT, "node '%s' (%s) is on a cycle", s->graph->node[from].name,
                            fov_op_def_of(s->graph->node[from].op)->name);
        enter(s, from);
    }
    return FOV_OK;
}

fov_status fov_graph_sort(fov_graph *graph, fov_error *err)
{
    sorter     s;
    fov_node  *sorted = NULL;
    fov_status st = sorter_init(&s, graph, err);
    if (st) goto done;
    for (int i = 0; i < graph->n_node && !st; i++)
        if (s.next[i] < 0) st = place(&s, i, err);
    if (st) goto done;
    if (!(sorted = fov_alloc_array((size_t)graph->n_node, sizeof *sorted))) {
        st = fov_fail_memory(err, "sorting the graph");
        goto done;
    }
    for (int i = 0; i < graph->n_node; i++) sorted[i] = graph->node[s.order[i]];
    if (graph->n_node) memcpy(graph->node, sorted, (size_t)graph->n_node * sizeof *sorted);
done:
    fov_free(sorted);
    sorter_clear(&s);
    return st;
}

/* ---------------------------------------------------------------- compaction */

static void mark_named(const fov_graph *graph, bool *named)
{
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        if (node->dead) continue;
        for (int j = 0; j < node->n_in; j++)
            if (node->in[j] != FOV_NONE) named[node->in[j]] = true;
        for (int j = 0; j < node->n_out; j++)
            if (node->out[j] != FOV_NONE) named[node->out[j]] = true;
    }
    for (int i = 0; i < graph->n_input; i++) named[graph->input[i]] = true;
    for (int i = 0; i < graph->n_output; i++) named[graph->output[i]] = true;
}

static void renumber(int *ids, int count, const int *to)
{
    for (int i = 0; i < count; i++)
        if (ids[i] != FOV_NONE) ids[i] = to[ids[i]];
}

static void drop_dead_nodes(fov_graph *graph)
{
    int kept = 0;
    for (int i = 0; i < graph->n_node; i++) {
        if (graph->node[i].dead) fov_node_clear(&graph->node[i]);
        else graph->node[kept++] = graph->node[i];
    }
    graph->n_node = kept;
}

fov_status fov_graph_compact(fov_graph *graph, fov_error *err)
{
    size_t n = (size_t)graph->n_value;
    bool  *named = fov_calloc(n, sizeof *named);
    int   *to = fov_alloc_array(n, sizeof *to), kept = 0;
    if (!named || !to) {
        fov_free(named);
        fov_free(to);
        return fov_fail_memory(err, "compacting the graph");
    }
    mark_named(graph, named);
    drop_dead_nodes(graph);
    for (int i = 0; i < graph->n_value; i++) {
        fov_value value = graph->value[i];
        to[i] = kept;
        if (named[i]) graph->value[kept++] = value;
        else fov_value_clear(&value);
    }
    graph->n_value = kept;
    fov_name_index_rebuild(&graph->index, fov_graph_names(graph));
    for (int i = 0; i < graph->n_node; i++) {
        renumber(graph->node[i].in, graph->node[i].n_in, to);
        renumber(graph->node[i].out, graph->node[i].n_out, to);
    }
    renumber(graph->input, graph->n_input, to);
    renumber(graph->output, graph->n_output, to);
    fov_free(named);
    fov_free(to);
    return FOV_OK;
}

/* ---------------------------------------------------------------- printing */

static void print_values(const fov_graph *graph, fov_text *text, const int *ids, int count)
{
    for (int i = 0; i < count; i++) {
        char        shape[96];
        const char *comma = i ? ", " : "";
        if (ids[i] == FOV_NONE) {
            fov_text_print(text, "%s-", comma);
            continue;
        }
        const fov_value *value = &graph->value[ids[i]];
        fov_text_print(text, "%s%s", comma, value->name);
        if (value->data) fov_text_print(text, "[%s]", fov_shape_print(&value->shape, shape, sizeof shape));
    }
}

static void print_attr(fov_text *text, const fov_attr *attr, bool first)
{
    fov_text_print(text, "%s%s=", first ? "" : " ", attr->name);
    if (attr->kind == FOV_ATTR_STRING) fov_text_print(text, "%s", attr->string);
    for (size_t i = 0; attr->kind == FOV_ATTR_INTS && i < attr->count; i++)
        fov_text_print(text, "%s%lld", i ? "," : "", (long long)attr->ints[i]);
    for (size_t i = 0; attr->kind == FOV_ATTR_FLOATS && i < attr->count; i++)
        fov_text_print(text, "%s%g", i ? "," : "", (double)attr->floats[i]);
}

char *fov_graph_dump(const fov_graph *graph)
{
    fov_text text = {0};
    fov_text_print(&text, "input ");
    print_values(graph, &text, graph->input, graph->n_input);
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        if (node->dead) continue;
        fov_text_print(&text, "\n");
        print_values(graph, &text, node->out, node->n_out);
        fov_text_print(&text, " = %s(", fov_op_def_of(node->op)->name);
        print_values(graph, &text, node->in, node->n_in);
        fov_text_print(&text, ")");
        if (node->n_attr) fov_text_print(&text, " {");
        for (int j = 0; j < node->n_attr; j++) print_attr(&text, &node->attr[j], j == 0);
        if (node->n_attr) fov_text_print(&text, "}");
    }
    fov_text_print(&text, "\noutput ");
    print_values(graph, &text, graph->output, graph->n_output);
    fov_text_print(&text, "\n");
    return fov_text_take(&text);
}
