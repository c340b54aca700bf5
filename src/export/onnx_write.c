// SPDX-License-Identifier: MIT
/* protobuf-c's structs are put together in memory that is freed in one go; names and weights stay where they are. A failed
 * allocation is remembered and asked for once, before packing. */
#include "export/onnx_write.h"

#include "base/alloc.h"
#include "export/onnx_writer.h"
#include "graph/op.h"
#include "graph/plugin.h"

#include <string.h>

enum { IR_VERSION = 8, OPSET = 13 };

typedef fov_onnx_writer writer;

/* Zeroed memory that lives as long as the writer; NULL once an allocation has failed. */
void *fov_onnx_take(writer *w, size_t count, size_t size)
{
    fov_onnx_block *block = NULL;
    size_t          bytes;
    if (!w->failed && !__builtin_mul_overflow(count, size, &bytes) && !__builtin_add_overflow(bytes, sizeof *block, &bytes))
        block = fov_calloc(1, bytes);
    if (!block) {
        w->failed = true;
        return NULL;
    }
    block->before = w->last;
    w->last = block;
    return block + 1;
}

static void writer_clear(writer *w)
{
    for (fov_onnx_block *before; w->last; w->last = before) {
        before = w->last->before;
        fov_free(w->last);
    }
}

/* ---------------------------------------------------------------- nodes, tensors, shapes */

static char **name_ports(writer *w, const int *ids, int count)
{
    char **names = fov_onnx_take(w, (size_t)count, sizeof *names);
    for (int i = 0; i < count && names; i++) names[i] = fov_onnx_borrow(ids[i] == FOV_NONE ? "" : w->graph->value[ids[i]].name);
    return names;
}

static Onnx__NodeProto *make_node(writer *w, const fov_node *from)
{
    Onnx__NodeProto *node = fov_onnx_take(w, 1, sizeof *node);
    if (!node) return NULL;
    onnx__node_proto__init(node);
    node->name = from->name;
    const bool plugin = from->op == FOV_OP_Plugin;
    node->op_type = fov_onnx_borrow(plugin ? fov_node_string(from, FOV_PLUGIN_OPERATOR, "") : fov_op_def_of(from->op)->name);
    if (plugin) node->domain = fov_onnx_borrow(fov_node_string(from, FOV_PLUGIN_DOMAIN, ""));
    node->n_input = (size_t)from->n_in;
    node->input = name_ports(w, from->in, from->n_in);
    node->n_output = (size_t)from->n_out;
    node->output = name_ports(w, from->out, from->n_out);
    if (from->op == FOV_OP_Convert) fov_onnx_convert(w, from, node);
    else fov_onnx_attributes(w, from, node);
    return node;
}

int32_t fov_onnx_element_type(fov_dtype dtype)
{
    static const int32_t type[] = {
        [FOV_F32] = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,     [FOV_I64] = ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
        [FOV_BOOL] = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL,     [FOV_F16] = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16,
        [FOV_BF16] = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16, [FOV_U8] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
        [FOV_I8] = ONNX__TENSOR_PROTO__DATA_TYPE__INT8,
    };
    return type[dtype];
}

static Onnx__TensorProto *make_tensor(writer *w, fov_value *from)
{
    Onnx__TensorProto *tensor = fov_onnx_take(w, 1, sizeof *tensor);
    size_t             count = 0;
    if (!tensor) return NULL;
    fov_shape_count(&from->shape, &count);
    onnx__tensor_proto__init(tensor);
    tensor->name = from->name;
    tensor->has_data_type = true;
    tensor->data_type = fov_onnx_element_type(from->dtype);
    tensor->n_dims = (size_t)from->shape.rank;
    tensor->dims = from->shape.dim;
    tensor->has_raw_data = true;
    tensor->raw_data = (ProtobufCBinaryData){count * fov_dtype_size(from->dtype), from->data};
    return tensor;
}

static char *open_dimension(int rank, int i)
{
    static const char *const image[] = {"n", "c", "h", "w"}, *const table[] = {"n", "anchors", "k"};
    if (rank == 4) return fov_onnx_borrow(image[i]);
    return fov_onnx_borrow(rank == 3 ? table[i] : "d");
}

static Onnx__TensorShapeProto *make_shape(writer *w, const fov_shape *from)
{
    Onnx__TensorShapeProto            *shape = fov_onnx_take(w, 1, sizeof *shape);
    Onnx__TensorShapeProto__Dimension *dim = fov_onnx_take(w, (size_t)from->rank, sizeof *dim);
    if (!shape || !dim) return NULL;
    onnx__tensor_shape_proto__init(shape);
    shape->dim = fov_onnx_take(w, (size_t)from->rank, sizeof *shape->dim);
    for (int i = 0; i < from->rank && shape->dim; i++) {
        onnx__tensor_shape_proto__dimension__init(&dim[i]);
        const bool open = from->dim[i] < 0;
        dim[i].value_case =
            open ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (open) dim[i].dim_param = open_dimension(from->rank, i);
        else dim[i].dim_value = from->dim[i];
        shape->dim[shape->n_dim++] = &dim[i];
    }
    return shape;
}

static Onnx__ValueInfoProto *make_info(writer *w, const fov_value *from)
{
    Onnx__ValueInfoProto    *info = fov_onnx_take(w, 1, sizeof *info);
    Onnx__TypeProto         *type = fov_onnx_take(w, 1, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = fov_onnx_take(w, 1, sizeof *tensor);
    if (!info || !type || !tensor) return NULL;
    onnx__value_info_proto__init(info);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    info->name = from->name;
    info->type = type;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    tensor->has_elem_type = true;
    tensor->elem_type = fov_onnx_element_type(from->dtype);
    tensor->shape = make_shape(w, &from->shape);
    return info;
}

/* ---------------------------------------------------------------- the model */

static Onnx__ValueInfoProto **make_infos(writer *w, const int *ids, int count)
{
    Onnx__ValueInfoProto **infos = fov_onnx_take(w, (size_t)count, sizeof *infos);
    for (int i = 0; i < count && infos; i++) infos[i] = make_info(w, &w->graph->value[ids[i]]);
    return infos;
}

static void fill_graph(writer *w, Onnx__GraphProto *graph)
{
    const fov_graph *from = w->graph;
    onnx__graph_proto__init(graph);
    graph->name = fov_onnx_borrow("fovea");
    graph->node = fov_onnx_take(w, (size_t)from->n_node, sizeof *graph->node);
    graph->initializer = fov_onnx_take(w, (size_t)from->n_value + 2 * (size_t)from->n_node, sizeof *graph->initializer);
    w->body = graph;
    for (int i = 0; i < from->n_node && !w->failed; i++)
        if (!from->node[i].dead) graph->node[graph->n_node++] = make_node(w, &from->node[i]);
    for (int i = 0; i < from->n_value && !w->failed; i++)
        if (from->value[i].data) graph->initializer[graph->n_initializer++] = make_tensor(w, &from->value[i]);
    graph->n_input = (size_t)from->n_input;
    graph->input = make_infos(w, from->input, from->n_input);
    graph->n_output = (size_t)from->n_output;
    graph->output = make_infos(w, from->output, from->n_output);
}

static void fill_notes(writer *w, Onnx__ModelProto *model, const fov_onnx_note *notes, size_t count)
{
    Onnx__StringStringEntryProto *entry = fov_onnx_take(w, count, sizeof *entry);
    model->metadata_props = fov_onnx_take(w, count, sizeof *model->metadata_props);
    for (size_t i = 0; i < count && !w->failed; i++) {
        onnx__string_string_entry_proto__init(&entry[i]);
        entry[i].key = fov_onnx_borrow(notes[i].key);
        entry[i].value = fov_onnx_borrow(notes[i].value);
        model->metadata_props[model->n_metadata_props++] = &entry[i];
    }
}

static Onnx__OperatorSetIdProto *make_opset(writer *w, const char *domain, int64_t version)
{
    Onnx__OperatorSetIdProto *opset = fov_onnx_take(w, 1, sizeof *opset);
    if (!opset) return NULL;
    onnx__operator_set_id_proto__init(opset);
    opset->domain = fov_onnx_borrow(domain);
    opset->has_version = true;
    opset->version = version;
    return opset;
}

/* ONNX's own, and those of plugins, which have no versions that we know of. */
static void fill_opsets(writer *w, Onnx__ModelProto *model)
{
    model->opset_import = fov_onnx_take(w, (size_t)w->graph->n_node + 1, sizeof *model->opset_import);
    if (w->failed) return;
    model->opset_import[model->n_opset_import++] = make_opset(w, "", OPSET);
    for (int i = 0; i < w->graph->n_node && !w->failed; i++) {
        const char *domain = fov_node_string(&w->graph->node[i], FOV_PLUGIN_DOMAIN, "");
        size_t      k = 0;
        while (k < model->n_opset_import && strcmp(model->opset_import[k]->domain, domain) != 0) k++;
        if (k == model->n_opset_import) model->opset_import[model->n_opset_import++] = make_opset(w, domain, 1);
    }
}

static fov_status pack(const Onnx__ModelProto *model, fov_buffer *out, fov_error *err)
{
    size_t size = onnx__model_proto__get_packed_size(model);
    /* protobuf's readers count in int32. */
    if (size > INT32_MAX)
        return fov_fail(err, FOV_ERR_LIMIT, "the network takes %zu bytes, an ONNX file may have %d", size, INT32_MAX);
    out->data = fov_alloc(size);
    if (!out->data) return fov_fail_memory(err, "the ONNX file");
    out->size = onnx__model_proto__pack(model, out->data);
    return FOV_OK;
}

fov_status fov_onnx_write(const fov_graph *graph, const fov_onnx_note *notes, size_t n_note, fov_buffer *out, fov_error *err)
{
    writer           w = {.graph = graph};
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__GraphProto body;
    fov_status       st;

    *out = (fov_buffer){0};
    fill_graph(&w, &body);
    fill_notes(&w, &model, notes, n_note);
    fill_opsets(&w, &model);
    model.has_ir_version = true;
    model.ir_version = IR_VERSION;
    model.producer_name = fov_onnx_borrow("fovea");
    model.producer_version = fov_onnx_borrow(FOVEA_VERSION);
    model.graph = &body;
    st = w.failed ? fov_fail_memory(err, "the ONNX file") : pack(&model, out, err);
    writer_clear(&w);
    return st;
}
