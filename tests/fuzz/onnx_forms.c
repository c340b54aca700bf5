// SPDX-License-Identifier: MIT
#include "onnx_forms.h"

#include "fuzz.h"

#include "base/half.h"
#include "onnx.pb-c.h"

#include <stdlib.h>
#include <string.h>

/* All memory of a message is malloc()'s, as protobuf-c frees it. */

typedef Onnx__ModelProto     model;
typedef Onnx__NodeProto      node;
typedef Onnx__TensorProto    tensor;
typedef Onnx__AttributeProto attribute;

#define ATTRIBUTE(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name
#define DATA(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static void *grown(void *list, size_t count, size_t bytes)
{
    void *more = realloc(list, count * bytes);
    if (!more) abort();
    return more;
}

static char *copied(const char *text)
{
    char *copy = strdup(text);
    if (!copy) abort();
    return copy;
}

/* ---------------------------------------------------------------- numbers */

static bool holds(const tensor *t, int type)
{
    return t->data_type == type && t->has_raw_data;
}

static size_t floats(const tensor *t)
{
    return t->raw_data.len / sizeof(float);
}

static float float_at(const tensor *t, size_t i)
{
    float value;
    memcpy(&value, t->raw_data.data + i * sizeof value, sizeof value);
    return value;
}

static void replace_raw(tensor *t, void *data, size_t bytes, int type)
{
    free(t->raw_data.data);
    t->raw_data = (ProtobufCBinaryData){bytes, data};
    t->data_type = type;
}

static void as_halves(tensor *t, int type)
{
    const size_t count = floats(t);
    uint16_t    *half = grown(NULL, count + 1, sizeof *half);
    for (size_t i = 0; i < count; i++)
        half[i] = type == DATA(FLOAT16) ? fov_half_from_float(float_at(t, i)) : fov_bf16_from_float(float_at(t, i));
    replace_raw(t, half, count * sizeof *half, type);
}

static void as_doubles(tensor *t)
{
    const size_t count = floats(t);
    double      *wide = grown(NULL, count + 1, sizeof *wide);
    for (size_t i = 0; i < count; i++) wide[i] = (double)float_at(t, i);
    replace_raw(t, wide, count * sizeof *wide, DATA(DOUBLE));
}

/* The bytes become the list's. */
static void as_list(tensor *t)
{
    if (t->data_type == DATA(FLOAT)) {
        t->n_float_data = floats(t);
        t->float_data = (void *)t->raw_data.data;
    } else {
        t->n_int64_data = t->raw_data.len / sizeof(int64_t);
        t->int64_data = (void *)t->raw_data.data;
    }
    t->raw_data = (ProtobufCBinaryData){0};
    t->has_raw_data = false;
}

static void to_another_file(tensor *t)
{
    Onnx__StringStringEntryProto *entry = grown(NULL, 1, sizeof *entry);
    onnx__string_string_entry_proto__init(entry);
    entry->key = copied("location");
    entry->value = copied("../weights.bin");
    t->external_data = grown(NULL, 1, sizeof(void *));
    t->external_data[0] = entry;
    t->n_external_data = 1;
    t->has_data_location = true;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

/* ---------------------------------------------------------------- attributes */

static attribute *add_attribute(node *n, const char *name, int type)
{
    attribute *a = grown(NULL, 1, sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = copied(name);
    a->has_type = true;
    a->type = (Onnx__AttributeProto__AttributeType)type;
    n->attribute = grown(n->attribute, n->n_attribute + 1, sizeof(void *));
    n->attribute[n->n_attribute++] = a;
    return a;
}

/* Moves the numbers of a tensor, which is then released. */
static void move_numbers(attribute *a, tensor *t)
{
    if (a->type == ATTRIBUTE(FLOAT)) {
        a->has_f = true;
        a->f = float_at(t, 0);
    } else if (a->type == ATTRIBUTE(FLOATS)) {
        a->n_floats = floats(t);
        a->floats = (void *)t->raw_data.data;
        t->raw_data = (ProtobufCBinaryData){0};
    } else {
        a->n_ints = t->raw_data.len / sizeof(int64_t);
        a->ints = (void *)t->raw_data.data;
        t->raw_data = (ProtobufCBinaryData){0};
    }
    onnx__tensor_proto__free_unpacked(t, NULL);
}

/* ---------------------------------------------------------------- constants */

static tensor *take_initializer(model *m, size_t i)
{
    tensor *t = m->graph->initializer[i];
    m->graph->initializer[i] = m->graph->initializer[--m->graph->n_initializer];
    return t;
}

static node *first_node(model *m)
{
    Onnx__GraphProto *g = m->graph;
    node             *n = grown(NULL, 1, sizeof *n);
    onnx__node_proto__init(n);
    g->node = grown(g->node, g->n_node + 1, sizeof(void *));
    memmove(g->node + 1, g->node, g->n_node * sizeof(void *));
    g->n_node++;
    return g->node[0] = n;
}

/* A node that makes it. Lists have an attribute of their own. */
static void as_node(model *m, size_t i)
{
    tensor    *t = take_initializer(m, i);
    node      *n = first_node(m);
    const bool list = t->n_dims == 1, real = holds(t, DATA(FLOAT)), scalar = real && !t->n_dims;
    n->op_type = copied("Constant");
    n->output = grown(NULL, 1, sizeof(char *));
    n->output[0] = copied(t->name);
    n->n_output = 1;
    if (scalar) move_numbers(add_attribute(n, "value_float", ATTRIBUTE(FLOAT)), t);
    else if (list && real) move_numbers(add_attribute(n, "value_floats", ATTRIBUTE(FLOATS)), t);
    else if (list && holds(t, DATA(INT64))) move_numbers(add_attribute(n, "value_ints", ATTRIBUTE(INTS)), t);
    else add_attribute(n, "value", ATTRIBUTE(TENSOR))->t = t;
}

/* ---------------------------------------------------------------- bounds, before opset 11 */

static tensor *take_named(model *m, const char *name)
{
    for (size_t i = 0; i < m->graph->n_initializer; i++)
        if (!strcmp(m->graph->initializer[i]->name, name)) return take_initializer(m, i);
    abort(); /* seeds have them */
}

/* The last input, a constant. */
static void to_attribute(model *m, node *n, const char *name, int type)
{
    char *input = n->input[--n->n_input];
    move_numbers(add_attribute(n, name, type), take_named(m, input));
    free(input);
}

static void bounds_to_attributes(model *m)
{
    for (size_t i = 0; i < m->graph->n_node; i++) {
        node *n = m->graph->node[i];
        if (!strcmp(n->op_type, "Pad")) to_attribute(m, n, "value", ATTRIBUTE(FLOAT));
        if (!strcmp(n->op_type, "Pad")) to_attribute(m, n, "pads", ATTRIBUTE(INTS));
        if (!strcmp(n->op_type, "Clip")) to_attribute(m, n, "max", ATTRIBUTE(FLOAT));
        if (!strcmp(n->op_type, "Clip")) to_attribute(m, n, "min", ATTRIBUTE(FLOAT));
    }
    m->opset_import[0]->version = 10;
}

/* ---------------------------------------------------------------- forms */

typedef enum form { AS_IT_IS, LISTS, HALVES, BRAINS, DOUBLES, NODES, BOUNDS, OUTSIDE, N_FORM } form;

static void change_weight(tensor *t, form f)
{
    const bool real = holds(t, DATA(FLOAT));
    if (f == LISTS && (real || holds(t, DATA(INT64)))) as_list(t);
    if (f == HALVES && real) as_halves(t, DATA(FLOAT16));
    if (f == BRAINS && real) as_halves(t, DATA(BFLOAT16));
    if (f == DOUBLES && real) as_doubles(t);
}

static void change_form(model *m, form f)
{
    for (size_t i = 0; i < m->graph->n_initializer; i++) change_weight(m->graph->initializer[i], f);
    while (f == NODES && m->graph->n_initializer) as_node(m, m->graph->n_initializer - 1);
    if (f == BOUNDS) bounds_to_attributes(m);
    if (f == OUTSIDE && m->graph->n_initializer) to_another_file(m->graph->initializer[0]);
}

static void seed_form(const void *file, size_t bytes, form f)
{
    static unsigned char packed[FUZZ_MAX_BYTES];
    model               *m = onnx__model_proto__unpack(NULL, bytes, file);
    if (!m) abort();
    change_form(m, f);
    if (onnx__model_proto__get_packed_size(m) <= sizeof packed) fuzz_seed(packed, onnx__model_proto__pack(m, packed));
    onnx__model_proto__free_unpacked(m, NULL);
}

void onnx_forms_seed(const void *file, size_t bytes)
{
    for (form f = AS_IT_IS; f < N_FORM; f++) seed_form(file, bytes, f);
}
