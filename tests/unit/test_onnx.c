// SPDX-License-Identifier: MIT
/* The ONNX importer against files made byte by byte, and round trips through the exporter. How exporters differ is the
 * matter of test_heads.c and, with PyTorch at hand, of tests/onnx/check.py. */
#include "support.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/half.h"
#include "base/text.h"
#include "export/export.h"
#include "import/import.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const fov_exporter fov_exporter_onnx;

static fov_error err;

/* ---------------------------------------------------------------- protobuf by hand */

static void varint(fov_text *t, uint64_t value)
{
    for (; value > 127; value >>= 7) fov_text_add(t, (const unsigned char[]){(unsigned char)(value | 128)}, 1);
    fov_text_add(t, (const unsigned char[]){(unsigned char)value}, 1);
}

static void number(fov_text *t, unsigned field, uint64_t value)
{
    varint(t, field << 3);
    varint(t, value);
}

static void bytes(fov_text *t, unsigned field, const void *data, size_t count)
{
    varint(t, field << 3 | 2);
    varint(t, count);
    fov_text_add(t, data, count);
}

static void string(fov_text *t, unsigned field, const char *text)
{
    bytes(t, field, text, strlen(text));
}

/* Moves `inner` into `t`. */
static void message(fov_text *t, unsigned field, fov_text *inner)
{
    bytes(t, field, inner->data, inner->size);
    fov_text_clear(inner);
}

/* ---------------------------------------------------------------- pieces of ONNX; numbers are of its schema's fields */

static fov_text model_of(fov_text *graph, uint64_t opset)
{
    fov_text model = {0}, import = {0};
    number(&model, 1, 8);
    string(&import, 1, "");
    number(&import, 2, opset);
    message(&model, 8, &import);
    message(&model, 7, graph);
    return model;
}

static void add_node(fov_text *graph, const char *op, const char *domain, const char *name, const char *in, const char *out)
{
    fov_text node = {0};
    string(&node, 1, in);
    string(&node, 2, out);
    string(&node, 3, name);
    string(&node, 4, op);
    string(&node, 7, domain);
    message(graph, 1, &node);
}

/* A graph input (field 11) or output (12); a dimension of 0 is open. */
static void add_info(fov_text *graph, unsigned field, const char *name, uint64_t type, const uint64_t *dim, int rank)
{
    fov_text info = {0}, of = {0}, tensor = {0}, shape = {0};
    for (int i = 0; i < rank; i++) {
        fov_text d = {0};
        if (dim[i]) number(&d, 1, dim[i]);
        else string(&d, 2, "open");
        message(&shape, 1, &d);
    }
    number(&tensor, 1, type);
    message(&tensor, 2, &shape);
    message(&of, 1, &tensor);
    string(&info, 1, name);
    message(&info, 2, &of);
    message(graph, field, &info);
}

static const uint64_t pixels[4] = {1, 3, 64, 64};

static void refuse_named(fov_text *model, const char *name, fov_status code, const char *words)
{
    struct fov_model *result = NULL;
    fov_source        source = {.data = (const unsigned char *)model->data, .size = model->size, .name = name, .settings = ""};
    err = (fov_error){0};
    fov_status st = fov_import(&source, &result, &err);
    if (st != code || !strstr(err.message, words)) fail_msg("%s: '%s' instead of '%s'", fov_status_name(st), err.message, words);
    assert_non_null(strstr(err.message, name));
    assert_null(result);
    fov_text_clear(model);
}

static void refuse(fov_text *graph, fov_status code, const char *words)
{
    fov_text model = model_of(graph, 13);
    refuse_named(&model, "made.onnx", code, words);
}

/* ---------------------------------------------------------------- damage */

static void nesting(void **state)
{
    (void)state;
    fov_text inner = {0}, node = {0};
    string(&inner, 10, "deep");
    for (int i = 0; i < 200; i++) { /* graph > node > attribute > graph > .. */
        fov_text attribute = {0};
        message(&attribute, 6, &inner);
        message(&node, 5, &attribute);
        message(&inner, 1, &node);
    }
    refuse(&inner, FOV_ERR_FORMAT, "nested more than 16 deep");
}

static void broken_fields(void **state)
{
    (void)state;
    fov_text graph = {0}, twice = {0}, again = {0};
    string(&graph, 2, "g");
    fov_text model = model_of(&graph, 13);
    model.size -= 1;
    refuse_named(&model, "short.onnx", FOV_ERR_FORMAT, "truncated");

    string(&twice, 2, "g");
    model = model_of(&twice, 13);
    string(&again, 2, "h");
    message(&model, 7, &again);
    refuse_named(&model, "twice.onnx", FOV_ERR_FORMAT, "a second 'graph'");

    fov_text wrong = {0};
    fov_text_add(&wrong, "\x0b\x0b", 2); /* a group, which protobuf gave up long ago */
    refuse(&wrong, FOV_ERR_FORMAT, "no valid protobuf field");
}

static void opsets(void **state)
{
    (void)state;
    fov_text graph = {0}, none = {0};
    string(&graph, 2, "g");
    fov_text model = model_of(&graph, 8);
    refuse_named(&model, "old.onnx", FOV_ERR_UNSUPPORTED, "opset 8, opsets 9 to 21 can be read");
    string(&none, 2, "g");
    model = model_of(&none, 22);
    refuse_named(&model, "new.onnx", FOV_ERR_UNSUPPORTED, "opset 22");
}

static void operators_are_listed(void **state)
{
    (void)state;
    fov_text graph = {0};
    add_info(&graph, 11, "x", 1, pixels, 4);
    add_node(&graph, "Loop", "", "first", "x", "a");
    add_node(&graph, "Relu", "", "known", "a", "b");
    add_node(&graph, "Loop", "", "second", "b", "c");
    add_node(&graph, "FusedConv", "com.microsoft", "", "c", "d");
    add_node(&graph, "Relu", "com.example", "odd", "d", "e");
    add_info(&graph, 12, "e", 1, NULL, 0);
    refuse(&graph, FOV_ERR_UNSUPPORTED,
           "cannot run 3 operators of this graph: Loop (2 nodes, first 'first'), com.microsoft::FusedConv (1 node 'd'), "
           "com.example::Relu (1 node 'odd')");
}

static void names(void **state)
{
    (void)state;
    fov_text graph = {0};
    add_info(&graph, 11, "x", 1, pixels, 4);
    add_node(&graph, "Relu", "", "n", "nowhere", "y");
    add_info(&graph, 12, "y", 1, NULL, 0);
    refuse(&graph, FOV_ERR_FORMAT, "Relu 'n' reads 'nowhere', which nothing in the graph makes");

    add_info(&graph, 11, "x", 1, pixels, 4);
    add_node(&graph, "Relu", "", "n", "x", "y");
    add_node(&graph, "Relu", "", "m", "x", "y");
    refuse(&graph, FOV_ERR_FORMAT, "value 'y' is made twice");

    add_info(&graph, 11, "x", 1, pixels, 4);
    add_node(&graph, "Relu", "", "n", "x", "y");
    add_node(&graph, "Relu", "", "m", "y", "");
    add_info(&graph, 12, "y", 1, NULL, 0);
    refuse(&graph, FOV_ERR_FORMAT, "Relu 'm' has no name for its first output");

    add_node(&graph, "Relu", "", "n", "b", "a");
    add_node(&graph, "Relu", "", "m", "a", "b");
    add_info(&graph, 12, "b", 1, NULL, 0);
    refuse(&graph, FOV_ERR_FORMAT, "cycle");

    add_info(&graph, 11, "x", 1, pixels, 4);
    add_info(&graph, 12, "z", 1, NULL, 0);
    refuse(&graph, FOV_ERR_FORMAT, "output 'z' is made by no node");
}

/* A Conv as Fovea's passes leave it is not ONNX's, and no file may ask for one. */
static void fused_convs(void **state)
{
    (void)state;
    for (int attribute = 0; attribute < 2; attribute++) {
        fov_text graph = {0}, node = {0}, slope = {0};
        add_info(&graph, 11, "x", 1, pixels, 4);
        for (int i = 0; i < (attribute ? 2 : 4); i++) string(&node, 1, "x");
        string(&node, 2, "y");
        string(&node, 3, "c");
        string(&node, 4, "Conv");
        string(&slope, 1, "fused_slope");
        number(&slope, 20, 1);
        if (attribute) message(&node, 5, &slope);
        fov_text_clear(&slope);
        message(&graph, 1, &node);
        add_info(&graph, 12, "y", 1, NULL, 0);
        if (attribute) refuse(&graph, FOV_ERR_UNSUPPORTED, "Conv 'c': attribute 'fused_slope'");
        else refuse(&graph, FOV_ERR_FORMAT, "Conv 'c' has 4 inputs");
    }
}

/* Read as missing, it would be 0.01. */
static void a_slope_that_is_an_integer(void **state)
{
    (void)state;
    fov_text graph = {0}, node = {0}, slope = {0};
    add_info(&graph, 11, "x", 1, pixels, 4);
    string(&node, 1, "x");
    string(&node, 2, "y");
    string(&node, 3, "leaky");
    string(&node, 4, "LeakyRelu");
    string(&slope, 1, "alpha");
    number(&slope, 3, 1);
    number(&slope, 20, 2);
    message(&node, 5, &slope);
    message(&graph, 1, &node);
    add_info(&graph, 12, "y", 1, NULL, 0);
    refuse(&graph, FOV_ERR_UNSUPPORTED, "LeakyRelu 'leaky': attribute 'alpha' is of a kind (2)");
}

/* Names of nodes end up on terminals. */
static void names_do_not_move_the_cursor(void **state)
{
    (void)state;
    fov_text graph = {0};
    add_info(&graph, 11, "x", 1, pixels, 4);
    add_node(&graph, "Relu", "", "\033[2J\b", "nowhere", "y");
    add_info(&graph, 12, "y", 1, NULL, 0);
    refuse(&graph, FOV_ERR_FORMAT, "Relu '?[2J?' reads 'nowhere'");
}

static void too_many_reads(void **state)
{
    (void)state;
    fov_text graph = {0}, node = {0};
    add_info(&graph, 11, "x", 1, pixels, 4);
    for (int i = 0; i < 4096; i++) string(&node, 1, "x");
    string(&node, 2, "y");
    string(&node, 4, "Concat");
    for (int i = 0; i < 25; i++) bytes(&graph, 1, node.data, node.size);
    fov_text_clear(&node);
    refuse(&graph, FOV_ERR_LIMIT, "the nodes have 102400 inputs, the limit is 100000");
}

static void inputs(void **state)
{
    (void)state;
    static const uint64_t last[4] = {1, 64, 64, 3}, gray[4] = {1, 1, 64, 64};
    fov_text              graph = {0};
    add_info(&graph, 11, "x", 1, last, 4);
    add_info(&graph, 12, "x", 1, NULL, 0);
    refuse(&graph, FOV_ERR_UNSUPPORTED, "input 'x' is 1x64x64x3, with the channels last (NHWC)");
    add_info(&graph, 11, "x", 1, gray, 4);
    add_info(&graph, 12, "x", 1, NULL, 0);
    refuse(&graph, FOV_ERR_UNSUPPORTED, "takes float pixels as NCHW with 3 channels");
    add_info(&graph, 11, "x", 2, pixels, 4);
    add_info(&graph, 12, "x", 1, NULL, 0);
    refuse(&graph, FOV_ERR_UNSUPPORTED, "input 'x' is uint8");
    add_info(&graph, 11, "x", 1, pixels, 4);
    add_info(&graph, 11, "info", 1, pixels, 4);
    add_info(&graph, 12, "x", 1, NULL, 0);
    refuse(&graph, FOV_ERR_UNSUPPORTED, "has 2 inputs, the first 'x'");
    add_info(&graph, 11, "x", 1, pixels, 4);
    add_node(&graph, "Relu", "", "n", "x", "y");
    add_info(&graph, 12, "y", 1, NULL, 0);
    refuse(&graph, FOV_ERR_UNSUPPORTED, "without a Conv");
}

/* ---------------------------------------------------------------- tensors */

static fov_text tensor(const char *name, uint64_t type, uint64_t count)
{
    fov_text t = {0};
    number(&t, 1, count);
    number(&t, 2, type);
    string(&t, 8, name);
    return t;
}

static void refuse_tensor(fov_text *t, fov_status code, const char *words)
{
    fov_text graph = {0};
    message(&graph, 5, t);
    refuse(&graph, code, words);
}

static void tensors(void **state)
{
    (void)state;
    fov_text t = tensor("w", 1, 3), entry = {0};
    bytes(&t, 9, "12345678", 8);
    refuse_tensor(&t, FOV_ERR_FORMAT, "tensor 'w': 2 elements of float where its shape 3 needs 3");
    t = tensor("w", 10, 3);
    bytes(&t, 9, "12345", 5);
    refuse_tensor(&t, FOV_ERR_FORMAT, "of float16");
    t = tensor("w", 3, 1);
    refuse_tensor(&t, FOV_ERR_UNSUPPORTED, "tensor 'w' is int8");
    t = tensor("w", 1, 1ULL << 62);
    number(&t, 1, 1 << 20);
    refuse_tensor(&t, FOV_ERR_FORMAT, "more elements than can be counted");
    t = tensor("w", 1, UINT64_MAX);
    refuse_tensor(&t, FOV_ERR_FORMAT, "dimension 0 is -1");
    t = tensor("w", 1, 1);
    string(&entry, 1, "location");
    string(&entry, 2, "/etc/passwd");
    message(&t, 13, &entry);
    number(&t, 14, 1);
    refuse_tensor(&t, FOV_ERR_UNSUPPORTED, "'/etc/passwd', which is never opened; store everything in one file");
}

/* ---------------------------------------------------------------- other detectors */

static void refuse_file(const char *path, const char *words)
{
    fov_model *model;
    err = (fov_error){0};
    assert_int_equal(fov_model_load(path, NULL, &model, &err), FOV_ERR_UNSUPPORTED);
    if (!strstr(err.message, words)) fail_msg("'%s' is not in '%s'", words, err.message);
}

static void other_detectors(void **state)
{
    (void)state;
    NEED_SHARED(scrfd, "models/scrfd/500m.onnx");
    NEED_SHARED(yunet, "models/yunet/2026may.onnx");
    NEED_SHARED(ulfd, "models/ulfd/RFB-320.onnx");
    NEED_SHARED(slim, "models/ulfd/slim-320_simplified.onnx");
    refuse_file(scrfd, "80x80 cells: 2, 8, 20;");
    refuse_file(yunet, "cells: 1, 1, 4, 10;");
    refuse_file(ulfd, "40x30 cells: 6, 12;");
    refuse_file(slim, "expected for every stride three Convs with 2, 4 and 10 channels per anchor");
}

/* ---------------------------------------------------------------- round trips */

static void import_bytes(const fov_buffer *file, struct fov_model **model)
{
    fov_source source = {.data = file->data, .size = file->size, .name = "again.onnx", .settings = ""};
    assert_ok(fov_import(&source, model, &err));
}

static void expect_same_graph(const fov_graph *a, const fov_graph *b)
{
    char *x = fov_graph_dump(a), *y = fov_graph_dump(b);
    assert_string_equal(x, y);
    fov_free(x);
    fov_free(y);
    for (int i = 0; i < a->n_value; i++) {
        const fov_value *v = &a->value[i], *w = &b->value[fov_graph_find(b, v->name)];
        size_t           count;
        if (!v->data) continue;
        assert_true(fov_shape_count(&v->shape, &count));
        assert_memory_equal(v->data, w->data, count * fov_dtype_size(v->dtype));
    }
}

static void round_trip_of(const char *path, const char *settings)
{
    fov_model_options options = {.settings = settings};
    fov_model        *model;
    struct fov_model *again;
    fov_buffer        file;
    assert_ok(fov_model_load(path, &options, &model, &err));
    assert_ok(fov_exporter_onnx.export(model, &file, &err));
    import_bytes(&file, &again);
    expect_same_graph(model->graph, again->graph);
    assert_true(fov_settings_equal(&model->settings, &again->settings));
    assert_ptr_equal(model->family, again->family);
    assert_string_equal(again->warnings, "");
    fov_buffer_clear(&file);
    fov_model_free(model);
    fov_model_free(again);
}

static void round_trip(void **state)
{
    (void)state;
    round_trip_of("default", NULL);
    round_trip_of("default", "leaky = 0\nanchors = 10,20 / 64,128 / 256,400\ncolor = rgb\n");
}

static void round_trip_foreign(void **state)
{
    (void)state;
    NEED_SHARED(path, "models/retinaface/mnet025_official_opset14.onnx");
    round_trip_of(path, NULL);
}

/* ---------------------------------------------------------------- the same weights, told otherwise */

typedef enum form { RAW_FLOAT, FLOATS, RAW_DOUBLE, DOUBLES, RAW_HALF, HALVES, RAW_BF16, BF16S, CONSTANTS, N_FORM } form;

static const uint64_t types[N_FORM] = {1, 1, 11, 11, 10, 10, 16, 16, 1};

typedef struct field {
    unsigned             number;
    uint64_t             value; /* or how many bytes `data` has */
    const unsigned char *data;
} field;

static uint64_t take_varint(fov_bytes *in)
{
    uint64_t value = 0;
    uint8_t  byte = 0x80;
    for (int shift = 0; byte & 0x80; shift += 7) {
        assert_true(fov_bytes_u8(in, &byte));
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    return value;
}

static bool take_field(fov_bytes *in, field *f)
{
    if (!fov_bytes_left(in)) return false;
    const uint64_t key = take_varint(in);
    *f = (field){.number = (unsigned)(key >> 3), .value = take_varint(in)};
    if ((key & 7) == 2) f->data = fov_bytes_take(in, f->value);
    return true;
}

static void copy_field(fov_text *to, const field *f)
{
    if (f->data) bytes(to, f->number, f->data, f->value);
    else number(to, f->number, f->value);
}

/* To what every type can hold: 7 bits of mantissa, within the range of half precision. */
static void round_all(float *v, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, v + i, sizeof bits);
        bits &= fabsf(v[i]) < 0x1p-14F ? 0 : 0xffff0000U;
        memcpy(v + i, &bits, sizeof bits);
    }
}

static uint16_t narrow(form f, float v)
{
    return f == RAW_HALF || f == HALVES ? fov_half_from_float(v) : fov_bf16_from_float(v);
}

/* Field 9 is bytes as they are; 4, 5 and 10 are lists of float, int32 and double. */
static void add_numbers(fov_text *t, form f, const float *v, size_t count)
{
    fov_text list = {0};
    for (size_t i = 0; i < count; i++) {
        const double   wide = (double)v[i];
        const uint16_t bits = narrow(f, v[i]);
        if (f == RAW_DOUBLE || f == DOUBLES) fov_text_add(&list, &wide, sizeof wide);
        else if (f == RAW_HALF || f == RAW_BF16) fov_text_add(&list, &bits, sizeof bits);
        else if (f == HALVES || f == BF16S) varint(&list, bits);
        else fov_text_add(&list, v + i, sizeof *v);
    }
    message(t, f == FLOATS ? 4 : f == DOUBLES ? 10 : f == HALVES || f == BF16S ? 5 : 9, &list);
}

/* A Constant has a list of floats where one dimension is all there is, else a tensor. */
static void add_constant(fov_text *graph, const field *name, fov_text *tensor, int rank, const float *v, size_t count)
{
    fov_text attribute = {0}, node = {0};
    string(&attribute, 1, rank == 1 ? "value_floats" : "value");
    number(&attribute, 20, rank == 1 ? 6 : 4);
    for (size_t i = 0; i < count && rank == 1; i++) {
        varint(&attribute, 7 << 3 | 5);
        fov_text_add(&attribute, v + i, sizeof *v);
    }
    if (rank != 1) bytes(&attribute, 5, tensor->data, tensor->size);
    fov_text_clear(tensor);
    bytes(&node, 2, name->data, name->value);
    string(&node, 4, "Constant");
    message(&node, 5, &attribute);
    message(graph, 1, &node);
}

/* @return 0 for what has no floats, which is added as it is; else 1 */
static int add_weight(fov_text *graph, const field *initializer, form f)
{
    fov_bytes in = {.data = initializer->data, .size = initializer->value};
    fov_text  t = {0};
    field     part, name = {0}, raw = {0};
    int       rank = 0;
    uint64_t  type = 0;
    while (take_field(&in, &part)) {
        if (part.number == 2) type = part.value;
        else if (part.number == 9) raw = part;
        else copy_field(&t, &part);
        if (part.number == 8) name = part;
        rank += part.number == 1;
    }
    if (type != 1 || !raw.data) {
        copy_field(graph, initializer);
        fov_text_clear(&t);
        return 0;
    }
    const size_t count = raw.value / sizeof(float);
    float       *v = malloc(raw.value);
    assert_non_null(v);
    memcpy(v, raw.data, raw.value);
    round_all(v, count);
    number(&t, 2, types[f]);
    add_numbers(&t, f, v, count);
    if (f == CONSTANTS) add_constant(graph, &name, &t, rank, v, count);
    else message(graph, 5, &t);
    free(v);
    return 1;
}

/* Weights first: what Constant makes must be there when it is used. */
static fov_text graph_told_as(const field *from, form f)
{
    fov_text  graph = {0};
    field     part;
    fov_bytes in = {.data = from->data, .size = from->value};
    int       weights = 0;
    while (take_field(&in, &part))
        if (part.number == 5) weights += add_weight(&graph, &part, f);
    assert_true(weights > 100);
    in = (fov_bytes){.data = from->data, .size = from->value};
    while (take_field(&in, &part))
        if (part.number != 5) copy_field(&graph, &part);
    return graph;
}

static struct fov_model *told_as(const fov_buffer *file, form f)
{
    fov_bytes         in = {.data = file->data, .size = file->size};
    fov_text          told = {0};
    field             part;
    struct fov_model *model;
    while (take_field(&in, &part)) {
        fov_text graph = part.number == 7 ? graph_told_as(&part, f) : (fov_text){0};
        if (graph.size) message(&told, 7, &graph);
        else copy_field(&told, &part);
    }
    import_bytes(&(fov_buffer){.data = (unsigned char *)told.data, .size = told.size}, &model);
    fov_text_clear(&told);
    return model;
}

static void weights_are_the_same_in_every_form(void **state)
{
    (void)state;
    fov_model *model;
    fov_buffer file;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_exporter_onnx.export(model, &file, &err));
    struct fov_model *raw = told_as(&file, RAW_FLOAT);
    for (form f = FLOATS; f < N_FORM; f++) {
        struct fov_model *again = told_as(&file, f);
        expect_same_graph(raw->graph, again->graph);
        fov_model_free(again);
    }
    fov_model_free(raw);
    fov_buffer_clear(&file);
    fov_model_free(model);
}

/* ---------------------------------------------------------------- what PyTorch exports */

static void exported_by_torch(void **state)
{
    (void)state;
    const char *python = getenv("FOVEA_PYTHON"), *cli = getenv("FOVEA_CLI");
    char        command[8192];
    if (!python || !*python || !cli) {
        print_message("skipped: FOVEA_PYTHON names no python with torch, onnx, onnxruntime and safetensors\n");
        skip();
    }
    snprintf(command, sizeof command, "'%s' '%s' '%s' '%s' >&2", python, source_path("tests/onnx/check.py"), cli,
             source_path("models/fovea_mnet025.safetensors"));
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting),
        cmocka_unit_test(broken_fields),
        cmocka_unit_test(opsets),
        cmocka_unit_test(operators_are_listed),
        cmocka_unit_test(names),
        cmocka_unit_test(fused_convs),
        cmocka_unit_test(a_slope_that_is_an_integer),
        cmocka_unit_test(names_do_not_move_the_cursor),
        cmocka_unit_test(too_many_reads),
        cmocka_unit_test(inputs),
        cmocka_unit_test(tensors),
        cmocka_unit_test(other_detectors),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(round_trip_foreign),
        cmocka_unit_test(weights_are_the_same_in_every_form),
        cmocka_unit_test(exported_by_torch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
