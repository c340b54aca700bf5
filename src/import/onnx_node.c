// SPDX-License-Identifier: MIT
#include "import/onnx_node.h"

#include "graph/op.h"
#include "graph/plugin.h"
#include "import/onnx_tensor.h"

#include <string.h>

enum { MAX_ATTRIBUTES = 32, MAX_STRING = 64, MAX_CONV_INPUTS = 3 };

typedef Onnx__AttributeProto attribute;

#define TYPE(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

bool fov_onnx_default_domain(const char *domain)
{
    return !domain || !*domain || !strcmp(domain, "ai.onnx");
}

static bool is(const Onnx__NodeProto *node, const char *op_type)
{
    return node->op_type && !strcmp(node->op_type, op_type);
}

bool fov_onnx_node_is_constant(const Onnx__NodeProto *node)
{
    return is(node, "Constant") && fov_onnx_default_domain(node->domain);
}

/* Upsample is Resize under its older name. */
static fov_op find_op(const Onnx__NodeProto *node)
{
    if (is(node, "Upsample")) return FOV_OP_Resize;
    const fov_op op = node->op_type ? fov_op_find(node->op_type) : FOV_OP_COUNT;
    return op == FOV_OP_Plugin || op == FOV_OP_Convert ? FOV_OP_COUNT : op; /* no operators of ONNX */
}

bool fov_onnx_node_known(const Onnx__NodeProto *node)
{
    return fov_onnx_default_domain(node->domain) && (is(node, "Constant") || find_op(node) != FOV_OP_COUNT);
}

static const char *domain_of(const Onnx__NodeProto *node)
{
    return fov_onnx_default_domain(node->domain) ? "" : node->domain;
}

static const char *type_of(const Onnx__NodeProto *node)
{
    return node->op_type ? node->op_type : "";
}

fov_status fov_onnx_node_is_given(const Onnx__NodeProto *node, fov_plugin_set plugins, bool *given, fov_error *err)
{
    const fov_plugin            *plugin = NULL;
    const fovea_plugin_operator *call;
    fov_status                   st = FOV_OK;
    if (!fov_onnx_node_known(node)) st = fov_plugin_find(plugins, domain_of(node), type_of(node), &plugin, &call, err);
    *given = plugin != NULL;
    return st;
}

/** Where a message should point: the node's name, or what it makes. */
static const char *node_name(const Onnx__NodeProto *node)
{
    if (node->name && *node->name) return node->name;
    return node->n_output ? node->output[0] : "";
}

static fov_status fail_attribute(const Onnx__NodeProto *node, const attribute *a, fov_error *err)
{
    return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s '%s': attribute '%s' is of a kind (%d) that this operator cannot have here",
                    node->op_type, node_name(node), a->name ? a->name : "", (int)a->type);
}

/* ---------------------------------------------------------------- constants */

static fov_status constant_list(fov_graph *graph, const char *name, fov_dtype dtype, const void *data, size_t count, int rank,
                                int *id, fov_error *err)
{
    fov_shape shape = {.rank = rank, .dim = {(int64_t)count}};
    *id = fov_graph_add_constant(graph, name, dtype, &shape, data, name, err);
    return *id == FOV_NONE ? FOV_ERR_MEMORY : FOV_OK;
}

fov_status fov_onnx_node_constant(fov_graph *graph, const Onnx__NodeProto *node, int *id, fov_error *err)
{
    const attribute *a = node->n_attribute == 1 ? node->attribute[0] : NULL;
    if (node->n_output != 1 || !*node->output[0] || !a)
        return fov_fail(err, FOV_ERR_FORMAT, "Constant '%s' has %zu outputs and %zu attributes; it must have one of each",
                        node_name(node), node->n_output, node->n_attribute);
    const char *name = node->output[0];
    switch (a->type) {
    case TYPE(TENSOR):
        if (a->t) return fov_onnx_constant(graph, a->t, name, id, err);
        break;
    case TYPE(FLOAT):
        return constant_list(graph, name, FOV_F32, &a->f, 1, 0, id, err);
    case TYPE(FLOATS):
        return constant_list(graph, name, FOV_F32, a->floats, a->n_floats, 1, id, err);
    case TYPE(INT):
        return constant_list(graph, name, FOV_I64, &a->i, 1, 0, id, err);
    case TYPE(INTS):
        return constant_list(graph, name, FOV_I64, a->ints, a->n_ints, 1, id, err);
    default:
        break;
    }
    return fail_attribute(node, a, err);
}

/* ---------------------------------------------------------------- attributes */

/* ConstantOfShape's value: a tensor of one element, in our graphs a list of one. */
static fov_status set_fill(fov_node *to, const Onnx__NodeProto *node, const attribute *a, fov_error *err)
{
    fov_graph *scratch = fov_graph_new();
    fov_status st = scratch ? FOV_OK : fov_fail_memory(err, "an attribute");
    int        id;
    size_t     count;
    if (!st) st = fov_onnx_constant(scratch, a->t, node_name(node), &id, err);
    if (!st) {
        const fov_value *value = &scratch->value[id];
        if (!fov_shape_count(&value->shape, &count) || count != 1 || value->dtype == FOV_BOOL) st = fail_attribute(node, a, err);
        else if (value->dtype == FOV_F32) st = fov_node_set_floats(to, a->name, value->data, 1, err);
        else st = fov_node_set_ints(to, a->name, value->data, 1, err);
    }
    fov_graph_free(scratch);
    return st;
}

static fov_status set_string(fov_node *to, const Onnx__NodeProto *node, const attribute *a, fov_error *err)
{
    char text[MAX_STRING];
    if (a->s.len >= sizeof text || (a->s.len && memchr(a->s.data, 0, a->s.len)))
        return fov_fail(err, FOV_ERR_FORMAT, "%s '%s': attribute '%s' is a text of %zu bytes; no ONNX operator has such a value",
                        node->op_type, node_name(node), a->name, a->s.len);
    if (a->s.len) memcpy(text, a->s.data, a->s.len);
    text[a->s.len] = '\0';
    return fov_node_set_string(to, a->name, text, err);
}

/* Fovea keeps 16-bit floats as float. */
static int64_t cast_target(int64_t type)
{
    bool narrow = type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 || type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
    return narrow ? ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT : type;
}

/* What Fovea's passes write into a Conv (graph/op.h) must not come from a file. */
static bool is_fused(const attribute *a)
{
    return !strncmp(a->name, "fused_", strlen("fused_"));
}

/* Attributes that have a default: of another kind they would be overlooked, and the default taken. */
static bool has_its_kind(const attribute *a)
{
    static const struct {
        const char                         *name;
        Onnx__AttributeProto__AttributeType type;
    } kinds[] = {
        {"alpha", TYPE(FLOAT)},         {"epsilon", TYPE(FLOAT)},   {"min", TYPE(FLOAT)},
        {"max", TYPE(FLOAT)},           {"axis", TYPE(INT)},        {"group", TYPE(INT)},
        {"ceil_mode", TYPE(INT)},       {"allowzero", TYPE(INT)},   {"training_mode", TYPE(INT)},
        {"mode", TYPE(STRING)},         {"auto_pad", TYPE(STRING)}, {"coordinate_transformation_mode", TYPE(STRING)},
        {"nearest_mode", TYPE(STRING)},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(a->name, kinds[i].name)) return a->type == kinds[i].type;
    return true;
}

static fov_status set_attribute(fov_node *to, const Onnx__NodeProto *node, const attribute *a, fov_error *err)
{
    if (!a->name || a->ref_attr_name || is_fused(a) || (to->op != FOV_OP_Plugin && !has_its_kind(a)))
        return fail_attribute(node, a, err);
    switch (a->type) {
    case TYPE(FLOAT):
        return fov_node_set_float(to, a->name, a->f, err);
    case TYPE(FLOATS):
        return fov_node_set_floats(to, a->name, a->floats, a->n_floats, err);
    case TYPE(INT):
        return fov_node_set_int(to, a->name, to->op == FOV_OP_Cast && !strcmp(a->name, "to") ? cast_target(a->i) : a->i, err);
    case TYPE(INTS):
        return fov_node_set_ints(to, a->name, a->ints, a->n_ints, err);
    case TYPE(STRING):
        return set_string(to, node, a, err);
    case TYPE(TENSOR):
        return a->t && to->op == FOV_OP_ConstantOfShape ? set_fill(to, node, a, err) : fail_attribute(node, a, err);
    default:
        return fail_attribute(node, a, err);
    }
}

static fov_status bind_plugin(fov_node *to, const Onnx__NodeProto *node, fov_plugin_set plugins, fov_error *err)
{
    fov_status st = fov_node_set_string(to, FOV_PLUGIN_DOMAIN, domain_of(node), err);
    if (!st) st = fov_node_set_string(to, FOV_PLUGIN_OPERATOR, type_of(node), err);
    return st ? st : fov_plugin_bind_node(to, plugins, err);
}

fov_status fov_onnx_node_add(fov_graph *graph, const Onnx__NodeProto *node, const int *in, const int *out, fov_plugin_set plugins,
                             fov_error *err)
{
    const fov_op op = fov_onnx_node_known(node) ? find_op(node) : FOV_OP_Plugin;
    if (node->n_attribute > MAX_ATTRIBUTES)
        return fov_fail(err, FOV_ERR_LIMIT, "%s '%s' has %zu attributes, the limit is %d", node->op_type, node_name(node),
                        node->n_attribute, MAX_ATTRIBUTES);
    if (op == FOV_OP_Conv && node->n_input > MAX_CONV_INPUTS)
        return fov_fail(err, FOV_ERR_FORMAT, "Conv '%s' has %zu inputs; ONNX gives it %d at most: image, weight and bias",
                        node_name(node), node->n_input, MAX_CONV_INPUTS);
    if (!node->n_output || out[0] == FOV_NONE)
        return fov_fail(err, FOV_ERR_FORMAT, "%s '%s' has no name for its first output, which every node makes", node->op_type,
                        node_name(node));
    int id = fov_graph_add_node(graph, node_name(node), op, in, (int)node->n_input, out, (int)node->n_output, err);
    if (id == FOV_NONE) return FOV_ERR_MEMORY;
    fov_status st = FOV_OK;
    for (size_t i = 0; i < node->n_attribute && !st; i++) st = set_attribute(&graph->node[id], node, node->attribute[i], err);
    if (!st && op == FOV_OP_Plugin) st = bind_plugin(&graph->node[id], node, plugins, err);
    return st;
}
