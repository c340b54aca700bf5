// SPDX-License-Identifier: MIT
#include "import/onnx_graph.h"

#include "base/alloc.h"
#include "base/text.h"
#include "graph/op.h"
#include "import/onnx_names.h"
#include "import/onnx_node.h"
#include "import/onnx_tensor.h"

#include <string.h>

enum {
    MAX_NODES = 10000,
    MAX_VALUES = 50000,
    MAX_READS = 100000,
    MAX_PORTS = 4096,
    MAX_NAME = 1024,
    MIN_OPSET = 9,
    MAX_OPSET = 21,
    MAX_LISTED = 24
};

typedef struct reader {
    const Onnx__GraphProto *from;
    fov_plugin_set          plugins;
    fov_graph              *graph;
    fov_onnx_names          names;
    fov_error              *err;
} reader;

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* ---------------------------------------------------------------- what can be run */

static fov_status read_opset(const Onnx__ModelProto *model, int64_t *opset, fov_error *err)
{
    *opset = 0;
    for (size_t i = 0; i < model->n_opset_import; i++)
        if (fov_onnx_default_domain(model->opset_import[i]->domain)) *opset = model->opset_import[i]->version;
    if (*opset == 0)
        return fov_fail(err, FOV_ERR_FORMAT,
                        "the ONNX file does not say which opset it follows (no opset_import of the default domain)");
    if (*opset < MIN_OPSET || *opset > MAX_OPSET)
        return fov_fail(err, FOV_ERR_UNSUPPORTED,
                        "the graph follows ONNX opset %lld, opsets %d to %d can be read: export it with another opset_version, or "
                        "convert it with onnx.version_converter",
                        (long long)*opset, MIN_OPSET, MAX_OPSET);
    return FOV_OK;
}

/* What is made of a value has its name in its own: a long one would be there ten thousand times. */
static fov_status check_name(const char *name, fov_error *err)
{
    return !name || strlen(name) <= MAX_NAME
               ? FOV_OK
               : fov_fail(err, FOV_ERR_LIMIT, "a name has %zu letters, the limit is %d: '%.60s...'", strlen(name), MAX_NAME, name);
}

static fov_status check_names(const Onnx__GraphProto *from, fov_error *err)
{
    fov_status st = FOV_OK;
    for (size_t i = 0; i < from->n_initializer && !st; i++) st = check_name(from->initializer[i]->name, err);
    for (size_t i = 0; i < from->n_input && !st; i++) st = check_name(from->input[i]->name, err);
    for (size_t i = 0; i < from->n_node && !st; i++) {
        st = check_name(from->node[i]->name, err);
        for (size_t k = 0; k < from->node[i]->n_output && !st; k++) st = check_name(from->node[i]->output[k], err);
    }
    return st;
}

static fov_status check_limits(const Onnx__GraphProto *from, fov_error *err)
{
    size_t values = from->n_initializer + from->n_input, reads = 0;
    if (from->n_node > MAX_NODES)
        return fov_fail(err, FOV_ERR_LIMIT, "the graph has %zu nodes, the limit is %d", from->n_node, MAX_NODES);
    if (from->n_sparse_initializer)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "the graph has sparse initialisers: export it with dense ones");
    for (size_t i = 0; i < from->n_node; i++) {
        const Onnx__NodeProto *node = from->node[i];
        if (node->n_input > MAX_PORTS || node->n_output > MAX_PORTS)
            return fov_fail(err, FOV_ERR_LIMIT, "node '%s' has %zu inputs and %zu outputs, the limit is %d of each",
                            text_or_empty(node->name), node->n_input, node->n_output, MAX_PORTS);
        values += node->n_output;
        reads += node->n_input;
    }
    if (reads > MAX_READS) return fov_fail(err, FOV_ERR_LIMIT, "the nodes have %zu inputs, the limit is %d", reads, MAX_READS);
    if (values > MAX_VALUES) return fov_fail(err, FOV_ERR_LIMIT, "the graph has %zu values, the limit is %d", values, MAX_VALUES);
    return FOV_OK;
}

typedef struct unknown {
    const Onnx__NodeProto *first;
    int                    count;
} unknown;

static bool same_operator(const Onnx__NodeProto *a, const Onnx__NodeProto *b)
{
    return !strcmp(text_or_empty(a->op_type), text_or_empty(b->op_type)) &&
           !strcmp(text_or_empty(a->domain), text_or_empty(b->domain));
}

static fov_status fail_unknown(const unknown *list, int listed, int kinds, fov_error *err)
{
    fov_text text = {0};
    for (int i = 0; i < listed; i++) {
        const Onnx__NodeProto *node = list[i].first;
        const char            *domain = text_or_empty(node->domain), *name = text_or_empty(node->name);
        if (!*name && node->n_output) name = node->output[0];
        fov_text_print(&text, "%s%s%s%.60s (%d node%s '%.60s')", i ? ", " : "", domain, *domain ? "::" : "",
                       text_or_empty(node->op_type), list[i].count, list[i].count == 1 ? "" : "s, first", name);
    }
    if (kinds > listed) fov_text_print(&text, " and %d more nodes", kinds - listed);
    fov_status st = text.failed ? fov_fail_memory(err, "a list of operators")
                                : fov_fail(err, FOV_ERR_UNSUPPORTED,
                                           "cannot run %d operator%s of this graph: %s. A plugin can add operators: name the "
                                           "shared library with --plugin, or "
                                           "`plugins` in the options (docs/plugins.md)",
                                           listed, listed == 1 ? "" : "s", text.data ? text.data : "");
    fov_text_clear(&text);
    return st;
}

static fov_status check_operators(const Onnx__GraphProto *from, fov_plugin_set plugins, fov_error *err)
{
    unknown list[MAX_LISTED];
    int     listed = 0, unlisted = 0;
    for (size_t i = 0; i < from->n_node; i++) {
        const Onnx__NodeProto *node = from->node[i];
        int                    k = 0;
        bool                   given;
        fov_status             st = fov_onnx_node_is_given(node, plugins, &given, err);
        if (st) return st;
        if (given || fov_onnx_node_known(node)) continue;
        while (k < listed && !same_operator(list[k].first, node)) k++;
        if (k < listed) list[k].count++;
        else if (listed < MAX_LISTED) list[listed++] = (unknown){node, 1};
        else unlisted++;
    }
    return listed ? fail_unknown(list, listed, listed + unlisted, err) : FOV_OK;
}

/* ---------------------------------------------------------------- values */

static fov_status add_name(reader *r, const char *name, int id)
{
    return id == FOV_NONE ? FOV_ERR_MEMORY : fov_onnx_names_add(&r->names, name, id, r->err);
}

static fov_status add_initializers(reader *r)
{
    fov_status st = FOV_OK;
    for (size_t i = 0; i < r->from->n_initializer && !st; i++) {
        const char *name = text_or_empty(r->from->initializer[i]->name);
        int         id;
        st = fov_onnx_constant(r->graph, r->from->initializer[i], name, &id, r->err);
        if (!st) st = add_name(r, name, id);
    }
    return st ? st : fov_onnx_names_sort(&r->names, r->err);
}

/* Open dimensions have a name, or nothing, in place of a number. */
static fov_status read_shape(const Onnx__TensorShapeProto *from, const char *name, fov_shape *shape, fov_error *err)
{
    shape->rank = -1;
    if (!from) return FOV_OK;
    if (from->n_dim > FOV_MAX_RANK)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "input '%s' has %zu dimensions; a detector's input has 4", name, from->n_dim);
    shape->rank = (int)from->n_dim;
    for (size_t i = 0; i < from->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *dim = from->dim[i];
        bool closed = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value > 0;
        shape->dim[i] = closed ? dim->dim_value : -1;
    }
    return FOV_OK;
}

static fov_status add_input(reader *r, const Onnx__ValueInfoProto *info)
{
    const char *name = text_or_empty(info->name);
    bool        is_tensor = info->type && info->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    fov_dtype   dtype;
    fov_shape   shape;
    if (!is_tensor || !fov_onnx_dtype(info->type->tensor_type->elem_type, &dtype))
        return fov_fail(r->err, FOV_ERR_UNSUPPORTED, "input '%s' is %s; the pixels must come as a tensor of float", name,
                        is_tensor ? fov_onnx_type_name(info->type->tensor_type->elem_type) : "no tensor");
    fov_status st = read_shape(info->type->tensor_type->shape, name, &shape, r->err);
    if (st) return st;
    int id = fov_graph_add_value(r->graph, name, dtype, &shape, r->err);
    st = add_name(r, name, id);
    return st ? st : fov_graph_add_input(r->graph, id, r->err);
}

/* Before IR version 4 every initialiser had to be listed as an input too. */
static fov_status add_inputs(reader *r)
{
    fov_onnx_names initializers = r->names;
    fov_status     st = FOV_OK;
    r->names = (fov_onnx_names){0};
    for (size_t i = 0; i < initializers.count && !st; i++) st = add_name(r, initializers.item[i].name, initializers.item[i].id);
    for (size_t i = 0; i < r->from->n_input && !st; i++)
        if (fov_onnx_names_find(&initializers, text_or_empty(r->from->input[i]->name)) == FOV_NONE)
            st = add_input(r, r->from->input[i]);
    fov_onnx_names_clear(&initializers);
    return st;
}

static fov_status add_outputs_of(reader *r, const Onnx__NodeProto *node)
{
    fov_status st = FOV_OK;
    if (fov_onnx_node_is_constant(node)) {
        int id;
        st = fov_onnx_node_constant(r->graph, node, &id, r->err);
        return st ? st : add_name(r, node->output[0], id);
    }
    for (size_t i = 0; i < node->n_output && !st; i++)
        if (*node->output[i])
            st = add_name(r, node->output[i], fov_graph_add_value(r->graph, node->output[i], FOV_F32, NULL, r->err));
    return st;
}

static fov_status add_values(reader *r)
{
    fov_status st = add_initializers(r);
    if (!st) st = add_inputs(r);
    for (size_t i = 0; i < r->from->n_node && !st; i++) st = add_outputs_of(r, r->from->node[i]);
    return st ? st : fov_onnx_names_sort(&r->names, r->err);
}

/* ---------------------------------------------------------------- nodes */

static fov_status find_ports(const reader *r, const Onnx__NodeProto *node, char *const *name, size_t count, int *id)
{
    for (size_t i = 0; i < count; i++) {
        id[i] = *name[i] ? fov_onnx_names_find(&r->names, name[i]) : FOV_NONE;
        if (id[i] == FOV_NONE && *name[i])
            return fov_fail(r->err, FOV_ERR_FORMAT, "%s '%s' reads '%s', which nothing in the graph makes", node->op_type,
                            text_or_empty(node->name), name[i]);
    }
    return FOV_OK;
}

static fov_status add_nodes(reader *r)
{
    int        in[MAX_PORTS], out[MAX_PORTS];
    fov_status st = FOV_OK;
    for (size_t i = 0; i < r->from->n_node && !st; i++) {
        const Onnx__NodeProto *node = r->from->node[i];
        if (fov_onnx_node_is_constant(node)) continue;
        st = find_ports(r, node, node->input, node->n_input, in);
        if (!st) st = find_ports(r, node, node->output, node->n_output, out);
        if (!st) st = fov_onnx_node_add(r->graph, node, in, out, r->plugins, r->err);
    }
    return st;
}

static fov_status add_graph_output(reader *r, const char *name, bool *listed)
{
    const int id = fov_onnx_names_find(&r->names, name);
    if (id == FOV_NONE) return fov_fail(r->err, FOV_ERR_FORMAT, "output '%s' is made by no node of the graph", name);
    if (listed[id]) return fov_fail(r->err, FOV_ERR_FORMAT, "output '%s' is listed twice", name);
    listed[id] = true;
    return fov_graph_add_output(r->graph, id, r->err);
}

static fov_status add_graph_outputs(reader *r)
{
    if (!r->from->n_output) return fov_fail(r->err, FOV_ERR_FORMAT, "the ONNX graph has no outputs");
    bool      *listed = fov_calloc((size_t)r->graph->n_value + 1, sizeof *listed);
    fov_status st = listed ? FOV_OK : fov_fail_memory(r->err, "a list of outputs");
    for (size_t i = 0; i < r->from->n_output && !st; i++) st = add_graph_output(r, text_or_empty(r->from->output[i]->name), listed);
    fov_free(listed);
    return st;
}

/* The file's names were needed to tie the nodes together; from here on they are for people. */
static fov_status make_names_printable(fov_graph *graph, fov_error *err)
{
    for (int i = 0; i < graph->n_node; i++) fov_make_printable(graph->node[i].name, "");
    for (int i = 0; i < graph->n_value; i++) {
        fov_value *value = &graph->value[i];
        if (value->origin) fov_make_printable(value->origin, "");
        if (!fov_make_printable(value->name, "")) continue;
        /* Another may have become the same. */
        fov_status st = fov_graph_rename(graph, i, fov_graph_unique_name(graph, value->name), err);
        if (st) return st;
    }
    return FOV_OK;
}

fov_status fov_onnx_graph(const Onnx__ModelProto *model, fov_plugin_set plugins, fov_graph **graph, fov_error *err)
{
    reader     r = {.from = model->graph, .plugins = plugins, .graph = fov_graph_new(), .err = err};
    fov_status st = r.graph ? FOV_OK : fov_fail_memory(err, "a graph");
    *graph = NULL;
    if (!st) st = read_opset(model, &r.graph->opset, err);
    if (!st) st = check_limits(r.from, err);
    if (!st) st = check_names(r.from, err);
    if (!st) st = check_operators(r.from, plugins, err);
    if (!st) st = add_values(&r);
    if (!st) st = add_nodes(&r);
    if (!st) st = add_graph_outputs(&r);
    if (!st) st = fov_graph_check_sharing(r.graph, fov_graph_constant_bytes(r.graph), err);
    if (!st) st = make_names_printable(r.graph, err);
    if (!st) st = fov_graph_sort(r.graph, err);
    fov_onnx_names_clear(&r.names);
    if (st) {
        fov_graph_free(r.graph);
        return st;
    }
    *graph = r.graph;
    return FOV_OK;
}
