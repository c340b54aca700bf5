// SPDX-License-Identifier: MIT
#include "graph/graph.h"

#include "base/alloc.h"
#include "plugin/plugin.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- building */

static bool grow(void *array_ptr, int count, int *capacity, size_t size)
{
    void **array = array_ptr;
    if (count < *capacity) return true;
    int   larger = *capacity ? *capacity * 2 : 32;
    void *more = fov_realloc_array(*array, (size_t)larger, size);
    if (!more) return false;
    *array = more;
    *capacity = larger;
    return true;
}

fov_graph *fov_graph_new(void)
{
    fov_graph *graph = fov_calloc(1, sizeof *graph);
    if (!graph) return NULL;
    graph->opset = 13;
    graph->most_known = FOV_MOST_KNOWN;
    return graph;
}

static void quant_free(fov_quant *quant)
{
    if (!quant) return;
    fov_free(quant->scale);
    fov_free(quant->zero_point);
    fov_free(quant);
}

static fov_quant *quant_copy(const fov_quant *quant)
{
    const size_t count = (size_t)quant->count;
    fov_quant   *copy = fov_calloc(1, sizeof *copy);
    if (!copy) return NULL;
    copy->count = quant->count;
    copy->scale = fov_alloc_array(count, sizeof *copy->scale);
    copy->zero_point = fov_alloc_array(count, sizeof *copy->zero_point);
    if (!copy->scale || !copy->zero_point) {
        quant_free(copy);
        return NULL;
    }
    memcpy(copy->scale, quant->scale, count * sizeof *copy->scale);
    memcpy(copy->zero_point, quant->zero_point, count * sizeof *copy->zero_point);
    return copy;
}

fov_status fov_graph_set_storage(fov_graph *graph, int value, fov_dtype dtype, const fov_quant *quant, fov_error *err)
{
    fov_quant *copy = quant ? quant_copy(quant) : NULL;
    if (quant && !copy) return fov_fail_memory(err, "scales");
    quant_free(graph->value[value].quant);
    graph->value[value].quant = copy;
    graph->value[value].dtype = dtype;
    return FOV_OK;
}

void fov_value_clear(fov_value *value)
{
    fov_free(value->name);
    fov_free(value->data);
    fov_free(value->origin);
    quant_free(value->quant);
}

static void attr_clear(fov_attr *attr)
{
    fov_free(attr->name);
    fov_free(attr->ints);
    fov_free(attr->floats);
    fov_free(attr->string);
}

void fov_node_clear(fov_node *node)
{
    for (int i = 0; i < node->n_attr; i++) attr_clear(&node->attr[i]);
    fov_plugin_op_release(node->plugin);
    fov_free(node->attr);
    fov_free(node->name);
    fov_free(node->in);
    fov_free(node->out);
}

void fov_graph_free(fov_graph *graph)
{
    if (!graph) return;
    for (int i = 0; i < graph->n_value; i++) fov_value_clear(&graph->value[i]);
    for (int i = 0; i < graph->n_node; i++) fov_node_clear(&graph->node[i]);
    fov_free(graph->value);
    fov_free(graph->node);
    fov_free(graph->input);
    fov_free(graph->output);
    fov_name_index_clear(&graph->index);
    fov_free(graph);
}

int fov_graph_add_value(fov_graph *graph, const char *name, fov_dtype dtype, const fov_shape *shape, fov_error *err)
{
    fov_value value = {.dtype = dtype, .shape = shape ? *shape : (fov_shape){.rank = -1}};
    value.name = fov_strdup(name);
    if (!value.name || !grow(&graph->value, graph->n_value, &graph->cap_value, sizeof value)) {
        fov_free(value.name);
        fov_fail_memory(err, "a value of the graph");
        return FOV_NONE;
    }
    graph->value[graph->n_value] = value;
    if (!fov_name_index_add(&graph->index, fov_graph_names(graph), (size_t)graph->n_value)) {
        fov_free(value.name);
        fov_fail_memory(err, "a value of the graph");
        return FOV_NONE;
    }
    return graph->n_value++;
}

int fov_graph_add_constant(fov_graph *graph, const char *name, fov_dtype dtype, const fov_shape *shape, const void *data,
                           const char *origin, fov_error *err)
{
    size_t count;
    if (!fov_shape_count(shape, &count)) {
        char text[64];
        fov_fail(err, FOV_ERR_FORMAT, "constant '%s': shape %s is too large", name, fov_shape_print(shape, text, sizeof text));
        return FOV_NONE;
    }
    void *copy = fov_alloc_overread(count, fov_dtype_size(dtype));
    char *from = origin ? fov_strdup(origin) : NULL;
    int   id = copy && (from || !origin) ? fov_graph_add_value(graph, name, dtype, shape, err) : FOV_NONE;
    if (id == FOV_NONE) {
        fov_free(copy);
        fov_free(from);
        fov_fail_memory(err, name);
        return FOV_NONE;
    }
    if (data) memcpy(copy, data, count * fov_dtype_size(dtype));
    else memset(copy, 0, count * fov_dtype_size(dtype));
    graph->value[id].data = copy;
    graph->value[id].origin = from;
    return id;
}

static int *copy_ids(const int *ids, int count)
{
    int *copy = fov_alloc_array((size_t)count, sizeof *copy);
    if (copy && count) memcpy(copy, ids, (size_t)count * sizeof *copy);
    return copy;
}

int fov_graph_add_node(fov_graph *graph, const char *name, fov_op op, const int *in, int n_in, const int *out, int n_out,
                       fov_error *err)
{
    fov_node node = {.op = op, .n_in = n_in, .n_out = n_out};
    node.name = fov_strdup(name);
    node.in = copy_ids(in, n_in);
    node.out = copy_ids(out, n_out);
    if (!node.name || !node.in || !node.out || !grow(&graph->node, graph->n_node, &graph->cap_node, sizeof node)) {
        fov_node_clear(&node);
        fov_fail_memory(err, "a node of the graph");
        return FOV_NONE;
    }
    graph->node[graph->n_node] = node;
    return graph->n_node++;
}

static fov_status add_id(int **list, int *count, int *capacity, int value, fov_error *err)
{
    if (!grow(list, *count, capacity, sizeof **list)) return fov_fail_memory(err, "the graph's inputs and outputs");
    (*list)[(*count)++] = value;
    return FOV_OK;
}

fov_status fov_graph_add_input(fov_graph *graph, int value, fov_error *err)
{
    return add_id(&graph->input, &graph->n_input, &graph->cap_input, value, err);
}

fov_status fov_graph_add_output(fov_graph *graph, int value, fov_error *err)
{
    return add_id(&graph->output, &graph->n_output, &graph->cap_output, value, err);
}

static const char *value_name(const void *values, size_t i)
{
    return ((const fov_value *)values)[i].name;
}

fov_named fov_graph_names(const fov_graph *graph)
{
    return (fov_named){graph->value, (size_t)graph->n_value, value_name};
}

int fov_graph_find(const fov_graph *graph, const char *name)
{
    const size_t found = fov_name_index_find(&graph->index, fov_graph_names(graph), name);
    return found < SIZE_MAX ? (int)found : FOV_NONE;
}

fov_status fov_graph_rename(fov_graph *graph, int value, char *name, fov_error *err)
{
    char *before = graph->value[value].name;
    if (!name) return fov_fail_memory(err, "a name");
    graph->value[value].name = name;
    fov_free(before);
    return fov_name_index_add(&graph->index, fov_graph_names(graph), (size_t)value) ? FOV_OK : fov_fail_memory(err, "a name");
}

static bool is_taken(const fov_graph *graph, char *name, size_t size, const char *stem, int i)
{
    snprintf(name, size, "%s_%d", stem, i);
    return fov_graph_find(graph, name) != FOV_NONE;
}

/* A hostile graph takes ten thousand names of one stem, so they are not tried one by one: doubling, then halving. */
char *fov_graph_unique_name(const fov_graph *graph, const char *stem)
{
    size_t size = strlen(stem) + 16;
    char  *name = fov_alloc(size);
    int    taken = 1, free = 2; /* stem itself counts as stem_1 */
    if (!name) return NULL;
    snprintf(name, size, "%s", stem);
    if (fov_graph_find(graph, name) == FOV_NONE) return name;
    for (; is_taken(graph, name, size, stem, free); free *= 2) taken = free; /* ends: n_value names at most are taken */
    while (free - taken > 1) {
        int middle = taken + (free - taken) / 2;
        if (is_taken(graph, name, size, stem, middle)) taken = middle;
        else free = middle;
    }
    snprintf(name, size, "%s_%d", stem, free);
    return name;
}

/* ---------------------------------------------------------------- attributes */

const fov_attr *fov_node_attr(const fov_node *node, const char *name)
{
    for (int i = 0; i < node->n_attr; i++)
        if (!strcmp(node->attr[i].name, name)) return &node->attr[i];
    return NULL;
}

/* Takes over what `attr` owns, also on failure. */
static fov_status set_attr(fov_node *node, const char *name, fov_attr attr, fov_error *err)
{
    attr.name = fov_strdup(name);
    if (!attr.name || (attr.kind == FOV_ATTR_INTS && !attr.ints) || (attr.kind == FOV_ATTR_FLOATS && !attr.floats) ||
        (attr.kind == FOV_ATTR_STRING && !attr.string)) {
        attr_clear(&attr);
        return fov_fail_memory(err, "an attribute");
    }
    for (int i = 0; i < node->n_attr; i++) {
        if (strcmp(node->attr[i].name, name) != 0) continue;
        attr_clear(&node->attr[i]);
        node->attr[i] = attr;
        return FOV_OK;
    }
    fov_attr *more = fov_realloc_array(node->attr, (size_t)node->n_attr + 1, sizeof *more);
    if (!more) {
        attr_clear(&attr);
        return fov_fail_memory(err, "an attribute");
    }
    node->attr = more;
    node->attr[node->n_attr++] = attr;
    return FOV_OK;
}

static void *copy_array(const void *data, size_t count, size_t size)
{
    void *copy = fov_alloc_array(count, size);
    if (copy && count) memcpy(copy, data, count * size);
    return copy;
}

fov_status fov_node_set_ints(fov_node *node, const char *name, const int64_t *ints, size_t count, fov_error *err)
{
    fov_attr attr = {.kind = FOV_ATTR_INTS, .count = count, .ints = copy_array(ints, count, sizeof *ints)};
    return set_attr(node, name, attr, err);
}

fov_status fov_node_set_int(fov_node *node, const char *name, int64_t value, fov_error *err)
{
    return fov_node_set_ints(node, name, &value, 1, err);
}

fov_status fov_node_set_floats(fov_node *node, const char *name, const float *floats, size_t count, fov_error *err)
{
    fov_attr attr = {.kind = FOV_ATTR_FLOATS, .count = count, .floats = copy_array(floats, count, sizeof *floats)};
    return set_attr(node, name, attr, err);
}

fov_status fov_node_set_float(fov_node *node, const char *name, float value, fov_error *err)
{
    return fov_node_set_floats(node, name, &value, 1, err);
}

fov_status fov_node_set_string(fov_node *node, const char *name, const char *string, fov_error *err)
{
    fov_attr attr = {.kind = FOV_ATTR_STRING, .count = 1, .string = fov_strdup(string)};
    return set_attr(node, name, attr, err);
}

int64_t fov_node_int_at(const fov_node *node, const char *name, size_t i, int64_t fallback)
{
    const fov_attr *attr = fov_node_attr(node, name);
    return attr && attr->kind == FOV_ATTR_INTS && i < attr->count ? attr->ints[i] : fallback;
}

int64_t fov_node_int(const fov_node *node, const char *name, int64_t fallback)
{
    return fov_node_int_at(node, name, 0, fallback);
}

float fov_node_float(const fov_node *node, const char *name, float fallback)
{
    const fov_attr *attr = fov_node_attr(node, name);
    return attr && attr->kind == FOV_ATTR_FLOATS && attr->count ? attr->floats[0] : fallback;
}

const char *fov_node_string(const fov_node *node, const char *name, const char *fallback)
{
    const fov_attr *attr = fov_node_attr(node, name);
    return attr && attr->kind == FOV_ATTR_STRING ? attr->string : fallback;
}

/* ---------------------------------------------------------------- looking and rewriting */

int fov_graph_producer(const fov_graph *graph, int value)
{
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        for (int j = 0; !node->dead && j < node->n_out; j++)
            if (node->out[j] == value) return i;
    }
    return FOV_NONE;
}

int *fov_graph_producers(const fov_graph *graph)
{
    int *producer = fov_alloc_array((size_t)graph->n_value, sizeof *producer);
    for (int i = 0; producer && i < graph->n_value; i++) producer[i] = FOV_NONE;
    for (int i = graph->n_node - 1; producer && i >= 0; i--) {
        const fov_node *node = &graph->node[i];
        for (int j = 0; !node->dead && j < node->n_out; j++)
            if (node->out[j] != FOV_NONE) producer[node->out[j]] = i;
    }
    return producer;
}

int fov_graph_use_count(const fov_graph *graph, int value)
{
    int uses = 0;
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        for (int j = 0; !node->dead && j < node->n_in; j++) uses += node->in[j] == value;
    }
    for (int i = 0; i < graph->n_output; i++) uses += graph->output[i] == value;
    return uses;
}

int fov_graph_only_user(const fov_graph *graph, int value)
{
    if (fov_graph_use_count(graph, value) != 1) return FOV_NONE;
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        for (int j = 0; !node->dead && j < node->n_in; j++)
            if (node->in[j] == value) return i;
    }
    return FOV_NONE;
}

void fov_graph_replace_uses(fov_graph *graph, int from, int to)
{
    for (int i = 0; i < graph->n_node; i++)
        for (int j = 0; j < graph->node[i].n_in; j++)
            if (graph->node[i].in[j] == from) graph->node[i].in[j] = to;
    for (int i = 0; i < graph->n_output; i++)
        if (graph->output[i] == from) graph->output[i] = to;
}
