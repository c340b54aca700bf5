// SPDX-License-Identifier: MIT
/* Whole-graph surgery: copy, restore order, drop what is dead, print. */
#include "graph/graph.h"
#include "graph/op.h"

#include "base/alloc.h"
#include "base/text.h"

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
    return id == FOV_NONE ? FOV_ERR_MEMORY : FOV_OK;
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
    return fov_node_copy_attrs(&to->node[id], node, err);
}

fov_status fov_graph_clone(const fov_graph *graph, fov_graph **copy, fov_error *err)
{
    fov_status st = FOV_OK;
    fov_graph *to = fov_graph_new();
    *copy = NULL;
    if (!to) return fov_fail_memory(err, "a copy of the graph");
    to->opset = graph->opset;
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

static bool ready(const fov_node *node, const bool *made)
{
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] != FOV_NONE && !made[node->in[i]]) return false;
    return true;
}

/* Repeated sweeps keep the order of nodes that already stand right, so a sorted graph is left as it is in one sweep. */
fov_status fov_graph_sort(fov_graph *graph, fov_error *err)
{
    size_t     n_value = (size_t)graph->n_value, n_node = (size_t)graph->n_node;
    bool      *made = fov_calloc(n_value, sizeof *made), *placed = fov_calloc(n_node, sizeof *placed);
    fov_node  *order = fov_alloc_array(n_node, sizeof *order);
    int        count = 0, before;
    fov_status st = FOV_OK;

    if (!made || !placed || !order) {
        st = fov_fail_memory(err, "sorting the graph");
        goto done;
    }
    memset(made, true, n_value);
    for (int i = 0; i < graph->n_node; i++)
        for (int j = 0; !graph->node[i].dead && j < graph->node[i].n_out; j++)
            if (graph->node[i].out[j] != FOV_NONE) made[graph->node[i].out[j]] = false;
    do {
        before = count;
        for (int i = 0; i < graph->n_node; i++) {
            fov_node *node = &graph->node[i];
            if (placed[i] || (!node->dead && !ready(node, made))) continue;
            for (int j = 0; !node->dead && j < node->n_out; j++)
                if (node->out[j] != FOV_NONE) made[node->out[j]] = true;
            placed[i] = true;
            order[count++] = *node;
        }
    } while (count > before && count < graph->n_node);
    if (count < graph->n_node) {
        int stuck = 0;
        while (placed[stuck]) stuck++;
        st = fov_fail(err, FOV_ERR_FORMAT, "node '%s' (%s) is on a cycle, or needs a value on one", graph->node[stuck].name,
                      fov_op_def_of(graph->node[stuck].op)->name);
        goto done;
    }
    if (n_node) memcpy(graph->node, order, n_node * sizeof *order);
done:
    fov_free(made);
    fov_free(placed);
    fov_free(order);
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
