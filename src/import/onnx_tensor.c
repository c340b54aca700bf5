// SPDX-License-Identifier: MIT
/* A tensor's elements are either raw little-endian bytes or a typed list whose items may be wider than the element (a
 * float16 travels in an int32). Both are read as `count` unsigned integers of some width, then stored by their type. */
#include "import/onnx_tensor.h"

#include "base/half.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw tensor data is copied as it is in the file");

typedef struct element {
    int32_t     type;
    const char *name;
    size_t      raw_bytes;
    fov_dtype   dtype;
    void (*store)(void *out, size_t i, uint64_t bits);
} element;

static void store_float(void *out, size_t i, uint64_t bits)
{
    ((float *)out)[i] = fov_float_from_bits((uint32_t)bits);
}

static void store_half(void *out, size_t i, uint64_t bits)
{
    ((float *)out)[i] = fov_float_from_half((uint16_t)bits);
}

static void store_bf16(void *out, size_t i, uint64_t bits)
{
    ((float *)out)[i] = fov_float_from_bf16((uint16_t)bits);
}

static void store_double(void *out, size_t i, uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    ((float *)out)[i] = (float)value;
}

static void store_int64(void *out, size_t i, uint64_t bits)
{
    ((int64_t *)out)[i] = (int64_t)bits;
}

static void store_int32(void *out, size_t i, uint64_t bits)
{
    ((int64_t *)out)[i] = (int32_t)(uint32_t)bits;
}

static void store_bool(void *out, size_t i, uint64_t bits)
{
    ((bool *)out)[i] = bits != 0;
}

static const element elements[] = {
    {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, "float", 4, FOV_F32, store_float},
    {ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, "double", 8, FOV_F32, store_double},
    {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16, "float16", 2, FOV_F32, store_half},
    {ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16, "bfloat16", 2, FOV_F32, store_bf16},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT64, "int64", 8, FOV_I64, store_int64},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT32, "int32", 4, FOV_I64, store_int32},
    {ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, "bool", 1, FOV_BOOL, store_bool},
};

static const element *find_element(int32_t type)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (elements[i].type == type) return &elements[i];
    return NULL;
}

bool fov_onnx_dtype(int32_t onnx_type, fov_dtype *dtype)
{
    const element *e = find_element(onnx_type);
    if (e) *dtype = e->dtype;
    return e != NULL;
}

const char *fov_onnx_type_name(int32_t onnx_type)
{
    static const char *const others[] = {"undefined", NULL, "uint8", "int8", "uint16", "int16",  NULL,        NULL,
                                         "string",    NULL, NULL,    NULL,   "uint32", "uint64", "complex64", "complex128"};
    const element           *e = find_element(onnx_type);
    if (e) return e->name;
    return onnx_type >= 0 && (size_t)onnx_type < sizeof others / sizeof *others ? others[onnx_type]
                                                                                : "of a type newer than opset 21";
}

/* Where the elements lie. */
typedef struct payload {
    const void *data;
    size_t      count, width;
} payload;

static payload find_payload(const Onnx__TensorProto *tensor, const element *e)
{
    if (tensor->has_raw_data) return (payload){tensor->raw_data.data, tensor->raw_data.len / e->raw_bytes, e->raw_bytes};
    switch (e->type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        return (payload){tensor->float_data, tensor->n_float_data, sizeof(float)};
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        return (payload){tensor->double_data, tensor->n_double_data, sizeof(double)};
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
        return (payload){tensor->int64_data, tensor->n_int64_data, sizeof(int64_t)};
    default:
        return (payload){tensor->int32_data, tensor->n_int32_data, sizeof(int32_t)};
    }
}

static fov_status read_shape(const Onnx__TensorProto *tensor, const char *name, fov_shape *shape, size_t *count, fov_error *err)
{
    if (tensor->n_dims > FOV_MAX_RANK)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "tensor '%s' has %zu dimensions; at most %d can be handled", name, tensor->n_dims,
                        FOV_MAX_RANK);
    for (size_t i = 0; i < tensor->n_dims; i++)
        if (tensor->dims[i] < 0)
            return fov_fail(err, FOV_ERR_FORMAT, "tensor '%s': dimension %zu is %lld", name, i, (long long)tensor->dims[i]);
    *shape = fov_shape_make((int)tensor->n_dims, tensor->dims);
    if (fov_shape_count(shape, count)) return FOV_OK;
    char text[160];
    return fov_fail(err, FOV_ERR_FORMAT, "tensor '%s': the shape %s has more elements than can be counted", name,
                    fov_shape_print(shape, text, sizeof text));
}

static fov_status refuse_external(const Onnx__TensorProto *tensor, const char *name, fov_error *err)
{
    const char *location = "another file";
    for (size_t i = 0; i < tensor->n_external_data; i++) {
        const Onnx__StringStringEntryProto *entry = tensor->external_data[i];
        if (entry->key && entry->value && !strcmp(entry->key, "location")) location = entry->value;
    }
    return fov_fail(
        err, FOV_ERR_UNSUPPORTED,
        "the data of tensor '%s' lies outside of the file, in '%.200s', which is never opened; store everything in one file: "
        "python -c \"import onnx; onnx.save(onnx.load('IN.onnx'), 'OUT.onnx')\"",
        name, location);
}

static void copy_elements(const element *e, payload from, void *out)
{
    const unsigned char *at = from.data;
    bool                 as_it_is = e->store == store_float || e->store == store_int64;
    if (as_it_is && from.count) memcpy(out, at, from.count * from.width);
    for (size_t i = 0; i < from.count && !as_it_is; i++, at += from.width) {
        uint64_t bits = 0;
        memcpy(&bits, at, from.width);
        e->store(out, i, bits);
    }
}

fov_status fov_onnx_constant(fov_graph *graph, const Onnx__TensorProto *tensor, const char *name, int *id, fov_error *err)
{
    const element *e = find_element(tensor->data_type);
    fov_shape      shape;
    size_t         count;
    fov_status     st = read_shape(tensor, name, &shape, &count, err);
    if (st) return st;
    if (tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL || tensor->n_external_data)
        return refuse_external(tensor, name, err);
    if (!e)
        return fov_fail(err, FOV_ERR_UNSUPPORTED,
                        "tensor '%s' is %s; only float, float16, bfloat16, double, int32, int64 and bool can be "
                        "used: export the model unquantised",
                        name, fov_onnx_type_name(tensor->data_type));
    payload from = find_payload(tensor, e);
    bool    torn = tensor->has_raw_data && tensor->raw_data.len % e->raw_bytes;
    if (torn || from.count != count) {
        char text[160];
        return fov_fail(err, FOV_ERR_FORMAT, "tensor '%s': %zu elements of %s where its shape %s needs %zu", name, from.count,
                        e->name, fov_shape_print(&shape, text, sizeof text), count);
    }
    *id = fov_graph_add_constant(graph, name, e->dtype, &shape, NULL, name, err);
    if (*id == FOV_NONE) return FOV_ERR_MEMORY;
    copy_elements(e, from, graph->value[*id].data);
    return FOV_OK;
}
