// SPDX-License-Identifier: MIT
/* A node's attributes, of the types that ONNX gives them. */
#include "export/onnx_writer.h"
#include "graph/plugin.h"

#include <string.h>

typedef fov_onnx_writer      writer;
typedef Onnx__AttributeProto attribute;

#define TYPE(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

/* What opset 13 knows, and whether a list of one is a list. */
static const struct schema {
    fov_op                              op;
    const char                         *name;
    Onnx__AttributeProto__AttributeType type;
} schema[] = {
    {FOV_OP_Conv, "auto_pad", TYPE(STRING)},
    {FOV_OP_Conv, "dilations", TYPE(INTS)},
    {FOV_OP_Conv, "group", TYPE(INT)},
    {FOV_OP_Conv, "kernel_shape", TYPE(INTS)},
    {FOV_OP_Conv, "pads", TYPE(INTS)},
    {FOV_OP_Conv, "strides", TYPE(INTS)},
    {FOV_OP_BatchNormalization, "epsilon", TYPE(FLOAT)},
    {FOV_OP_BatchNormalization, "momentum", TYPE(FLOAT)},
    {FOV_OP_LeakyRelu, "alpha", TYPE(FLOAT)},
    {FOV_OP_MaxPool, "auto_pad", TYPE(STRING)},
    {FOV_OP_MaxPool, "ceil_mode", TYPE(INT)},
    {FOV_OP_MaxPool, "dilations", TYPE(INTS)},
    {FOV_OP_MaxPool, "kernel_shape", TYPE(INTS)},
    {FOV_OP_MaxPool, "pads", TYPE(INTS)},
    {FOV_OP_MaxPool, "storage_order", TYPE(INT)},
    {FOV_OP_MaxPool, "strides", TYPE(INTS)},
    {FOV_OP_Resize, "coordinate_transformation_mode", TYPE(STRING)},
    {FOV_OP_Resize, "mode", TYPE(STRING)},
    {FOV_OP_Resize, "nearest_mode", TYPE(STRING)},
    {FOV_OP_Concat, "axis", TYPE(INT)},
    {FOV_OP_Split, "axis", TYPE(INT)},
    {FOV_OP_Gather, "axis", TYPE(INT)},
    {FOV_OP_Flatten, "axis", TYPE(INT)},
    {FOV_OP_Softmax, "axis", TYPE(INT)},
    {FOV_OP_Transpose, "perm", TYPE(INTS)},
    {FOV_OP_Pad, "mode", TYPE(STRING)},
    {FOV_OP_Cast, "to", TYPE(INT)},
};

static const struct schema *find_schema(fov_op op, const char *name)
{
    for (size_t i = 0; i < sizeof schema / sizeof *schema; i++)
        if (schema[i].op == op && !strcmp(schema[i].name, name)) return &schema[i];
    return NULL;
}

static attribute *make_attribute(writer *w, const fov_attr *from, Onnx__AttributeProto__AttributeType type)
{
    attribute *a = fov_onnx_take(w, 1, sizeof *a);
    if (!a) return NULL;
    onnx__attribute_proto__init(a);
    a->name = fov_onnx_borrow(from->name);
    a->has_type = true;
    a->type = type;
    if (type == TYPE(INT)) {
        a->has_i = true;
        a->i = from->ints[0];
    } else if (type == TYPE(INTS)) {
        a->n_ints = from->count;
        a->ints = from->ints;
    } else if (type == TYPE(FLOAT)) {
        a->has_f = true;
        a->f = from->floats[0];
    } else if (type == TYPE(FLOATS)) {
        a->n_floats = from->count;
        a->floats = from->floats;
    } else {
        a->has_s = true;
        a->s = (ProtobufCBinaryData){strlen(from->string), (uint8_t *)from->string};
    }
    return a;
}

static bool has_kind(const fov_attr *attr, Onnx__AttributeProto__AttributeType type)
{
    switch (type) {
    case TYPE(INT):
        return attr->kind == FOV_ATTR_INTS && attr->count > 0;
    case TYPE(INTS):
        return attr->kind == FOV_ATTR_INTS;
    case TYPE(FLOAT):
        return attr->kind == FOV_ATTR_FLOATS && attr->count > 0;
    default:
        return attr->kind == FOV_ATTR_STRING;
    }
}

/* A plugin's attributes are what they are; the two that say which operator it is are no attributes in ONNX. */
static bool plugin_type(const fov_attr *attr, Onnx__AttributeProto__AttributeType *type)
{
    const bool single = attr->count == 1;
    *type = attr->kind == FOV_ATTR_INTS     ? (single ? TYPE(INT) : TYPE(INTS))
            : attr->kind == FOV_ATTR_FLOATS ? (single ? TYPE(FLOAT) : TYPE(FLOATS))
                                            : TYPE(STRING);
    return strcmp(attr->name, FOV_PLUGIN_DOMAIN) != 0 && strcmp(attr->name, FOV_PLUGIN_OPERATOR) != 0;
}

static bool attribute_type(fov_op op, const fov_attr *attr, Onnx__AttributeProto__AttributeType *type)
{
    if (op == FOV_OP_Plugin) return plugin_type(attr, type);
    const struct schema *known = find_schema(op, attr->name);
    if (known) *type = known->type;
    return known && has_kind(attr, known->type);
}

void fov_onnx_attributes(writer *w, const fov_node *from, Onnx__NodeProto *node)
{
    node->attribute = fov_onnx_take(w, (size_t)from->n_attr, sizeof *node->attribute);
    for (int i = 0; i < from->n_attr && !w->failed; i++) {
        Onnx__AttributeProto__AttributeType type = TYPE(UNDEFINED);
        if (attribute_type(from->op, &from->attr[i], &type))
            node->attribute[node->n_attribute++] = make_attribute(w, &from->attr[i], type);
    }
}
