// SPDX-License-Identifier: MIT
#include "engine_file/content.h"

#include "engine_file/graph_layout.h"
#include "graph/op.h"

static void put_quant(const fov_quant *quant, fov_text *to, fov_text *scales)
{
    fov_put_le(to, 4, (uint64_t)quant->count);
    fov_put_le(to, 8, scales->size);
    for (int i = 0; i < quant->count; i++) fov_put_f32(scales, quant->scale[i]);
    for (int i = 0; i < quant->count; i++) fov_put_le(scales, 4, (uint32_t)quant->zero_point[i]);
}

static fov_status put_constant(const fov_value *value, fov_text *to, fov_text *tensors, fov_error *err)
{
    size_t count;
    if (!value->data)
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "the weights of '%s' were given back after packing: build the engine with keep_weights", value->name);
    if (!fov_shape_count(&value->shape, &count))
        return fov_fail(err, FOV_ERR_INTERNAL, "constant '%s' has no closed shape", value->name);
    fov_put_padding(tensors);
    fov_put_le(to, 8, tensors->size);
    fov_put_le(to, 1, value->origin != NULL);
    if (value->origin) fov_put_string(to, value->origin);
    fov_text_add(tensors, value->data, count * fov_dtype_size(value->dtype));
    return FOV_OK;
}

static fov_status put_value(const fov_value *value, fov_text *to, fov_text *tensors, fov_text *scales, fov_error *err)
{
    const bool constant = value->data || value->packed;
    fov_put_string(to, value->name);
    fov_put_le(to, 1, (uint64_t)value->dtype);
    fov_put_le(to, 1, (constant ? FOV_VALUE_CONSTANT : 0) | (value->quant ? FOV_VALUE_QUANT : 0));
    fov_put_le(to, 1, value->shape.rank < 0 ? FOV_RANK_UNKNOWN : (uint64_t)value->shape.rank);
    for (int i = 0; i < value->shape.rank; i++) fov_put_le(to, 8, (uint64_t)value->shape.dim[i]);
    fov_status st = constant ? put_constant(value, to, tensors, err) : FOV_OK;
    if (value->quant) put_quant(value->quant, to, scales);
    return st;
}

static void put_attr(const fov_attr *attr, fov_text *to)
{
    fov_put_string(to, attr->name);
    fov_put_le(to, 1, (uint64_t)attr->kind);
    if (attr->kind == FOV_ATTR_STRING) {
        fov_put_string(to, attr->string);
        return;
    }
    fov_put_le(to, 4, attr->count);
    for (size_t i = 0; i < attr->count; i++)
        if (attr->kind == FOV_ATTR_INTS) fov_put_le(to, 8, (uint64_t)attr->ints[i]);
        else fov_put_f32(to, attr->floats[i]);
}

static void put_ids(const int *ids, int count, fov_text *to)
{
    fov_put_le(to, 4, (uint64_t)count);
    for (int i = 0; i < count; i++) fov_put_le(to, 4, (uint32_t)ids[i]);
}

static void put_node(const fov_node *node, fov_text *to)
{
    fov_put_string(to, fov_op_def_of(node->op)->name);
    fov_put_string(to, node->name);
    put_ids(node->in, node->n_in, to);
    put_ids(node->out, node->n_out, to);
    fov_put_le(to, 4, (uint64_t)node->n_attr);
    for (int i = 0; i < node->n_attr; i++) put_attr(&node->attr[i], to);
}

fov_status fov_graph_section_write(const fov_graph *graph, fov_text *to, fov_text *tensors, fov_text *scales, fov_error *err)
{
    fov_status st = FOV_OK;
    fov_put_le(to, 8, (uint64_t)graph->opset);
    fov_put_le(to, 4, (uint64_t)graph->n_value);
    fov_put_le(to, 4, (uint64_t)graph->n_node);
    for (int i = 0; i < graph->n_value && !st; i++) st = put_value(&graph->value[i], to, tensors, scales, err);
    for (int i = 0; i < graph->n_node; i++) put_node(&graph->node[i], to);
    put_ids(graph->input, graph->n_input, to);
    put_ids(graph->output, graph->n_output, to);
    return st;
}
