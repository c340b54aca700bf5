// SPDX-License-Identifier: MIT
/* Convert in ONNX's words. Scale and zero point become initialisers of the node's own, named after the 8-bit value. */
#include "export/onnx_writer.h"

#include <stdio.h>
#include <string.h>

/* "<value>.<what>", for as long as the writer lives. */
static char *name_beside(fov_onnx_writer *w, const char *value, const char *what)
{
    const size_t size = strlen(value) + strlen(what) + 2;
    char        *name = fov_onnx_take(w, size, 1);
    if (name) snprintf(name, size, "%s.%s", value, what);
    return name;
}

/* One number without dimensions, or a list. @param data lives as long as the writer, or longer */
static char *add_initializer(fov_onnx_writer *w, char *name, fov_dtype dtype, int count, const void *data)
{
    Onnx__TensorProto *tensor = fov_onnx_take(w, 1, sizeof *tensor);
    int64_t           *dim = fov_onnx_take(w, 1, sizeof *dim);
    if (w->failed) return NULL;
    onnx__tensor_proto__init(tensor);
    *dim = count;
    tensor->name = name;
    tensor->has_data_type = true;
    tensor->data_type = fov_onnx_element_type(dtype);
    tensor->n_dims = count > 1;
    tensor->dims = dim;
    tensor->has_raw_data = true;
    tensor->raw_data = (ProtobufCBinaryData){(size_t)count * fov_dtype_size(dtype), (uint8_t *)(uintptr_t)data};
    w->body->initializer[w->body->n_initializer++] = tensor;
    return name;
}

static void set_int(fov_onnx_writer *w, Onnx__NodeProto *node, const char *name, int64_t value)
{
    Onnx__AttributeProto *a = fov_onnx_take(w, 1, sizeof *a);
    node->attribute = fov_onnx_take(w, 1, sizeof *node->attribute);
    if (w->failed) return;
    onnx__attribute_proto__init(a);
    a->name = fov_onnx_borrow(name);
    a->has_type = true;
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    a->has_i = true;
    a->i = value;
    node->attribute[node->n_attribute++] = a;
}

/* @param value the 8-bit side. @param name of the node, which is its own */
static void add_quant(fov_onnx_writer *w, const fov_value *value, const char *name, Onnx__NodeProto *node)
{
    const fov_quant *quant = value->quant;
    uint8_t         *zero = fov_onnx_take(w, (size_t)quant->count, 1);
    char           **input = fov_onnx_take(w, 3, sizeof *input);
    for (int i = 0; i < quant->count && zero; i++) zero[i] = (uint8_t)quant->zero_point[i];
    if (!input) return;
    input[0] = node->input[0];
    input[1] = add_initializer(w, name_beside(w, name, "scale"), FOV_F32, quant->count, quant->scale);
    input[2] = add_initializer(w, name_beside(w, name, "zero_point"), value->dtype, quant->count, zero);
    node->input = input;
    node->n_input = 3;
    if (quant->count > 1) set_int(w, node, "axis", value->dtype == FOV_I8 ? 0 : 1);
}

void fov_onnx_convert(fov_onnx_writer *w, const fov_node *from, Onnx__NodeProto *node)
{
    const fov_value *in = &w->graph->value[from->in[0]], *out = &w->graph->value[from->out[0]];
    if (w->failed) return;
    if (out->quant) {
        node->op_type = fov_onnx_borrow("QuantizeLinear");
        add_quant(w, out, out->name, node);
    } else if (in->quant) {
        node->op_type = fov_onnx_borrow("DequantizeLinear");
        add_quant(w, in, out->name, node);
    } else {
        node->op_type = fov_onnx_borrow("Cast");
        set_int(w, node, "to", fov_onnx_element_type(out->dtype));
    }
}
