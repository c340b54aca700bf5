// SPDX-License-Identifier: MIT
/* From typed graphs to QuantizeLinear and DequantizeLinear: the form, and that it computes what the typed graph computes. */
#include "pictures.h"
#include "support.h"

#include "engine/engine.h"
#include "export/onnx.h"
#include "export/onnx_qdq.h"
#include "graph/op.h"
#include "quant/typed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 96 };

static fov_error err;

/* ---------------------------------------------------------------- the bundled network in any types */

static fov_model       *model;
static fov_calibration *ranges;
static fov_graph       *floats;
static float            picture[3 * SIDE * SIDE];

static int set_up(void **state)
{
    (void)state;
    fov_photo      *photo = picture_of_face();
    const fov_image image = fov_photo_image(photo);
    fov_calibrator *calibrator;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_calibrator_new(model, NULL, &calibrator, &err));
    assert_ok(fov_calibrator_add(calibrator, &image, "face", &err));
    assert_ok(fov_calibrator_finish(calibrator, FOV_CALIBRATE_MIN_MAX, 0, &ranges, &err));
    fov_calibrator_free(calibrator);
    assert_ok(fov_graph_clone(model->graph, &floats, &err));
    assert_ok(fov_graph_optimize(floats, NULL, &err));
    for (int y = 0; y < SIDE; y++) /* NCHW, B G R, less the mean: around the face's eyes */
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++)
                picture[(c * SIDE + y) * SIDE + x] =
                    (float)image.data[(100 + 2 * y) * image.pitch + 3 * (150 + 2 * x) + 2 - c] - model->settings.mean[c];
    fov_photo_free(photo);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fov_graph_free(floats);
    fov_calibration_free(ranges);
    fov_model_free(model);
    return 0;
}

/* @param choose the type of the i-th node */
static fov_graph *typed(fov_dtype (*choose)(int node))
{
    fov_graph *graph;
    assert_ok(fov_graph_clone(floats, &graph, &err));
    fov_dtype *type = calloc((size_t)graph->n_node, sizeof *type);
    assert_non_null(type);
    for (int i = 0; i < graph->n_node; i++) type[i] = graph->node[i].op == FOV_OP_Conv ? choose(i) : FOV_F32;
    const fov_typing typing = {type, ranges, &model->settings};
    assert_ok(fov_graph_set_types(graph, &typing, &err));
    free(type);
    return graph;
}

static fov_dtype all_u8(int node)
{
    (void)node;
    return FOV_U8;
}

static fov_dtype all_f16(int node)
{
    (void)node;
    return FOV_F16;
}

static fov_dtype in_turn(int node)
{
    static const fov_dtype types[] = {FOV_U8, FOV_U8, FOV_F32, FOV_U8, FOV_F16, FOV_BF16, FOV_U8};
    return types[node % 7];
}

static fov_view *evaluated(const fov_graph *graph)
{
    const fov_shape shape = {4, {1, 3, SIDE, SIDE}};
    const fov_view  input = fov_view_dense(FOV_F32, &shape, picture);
    fov_view       *values;
    assert_ok(fov_graph_evaluate(graph, &input, &values, &err));
    return values;
}

/* Signal to noise in dB over all outputs: how well `graph` computes what `reference` does. */
static double snr(const fov_graph *reference, const fov_graph *graph)
{
    fov_view *want = evaluated(reference), *got = evaluated(graph);
    double    signal = 0, noise = 0;
    assert_int_equal(reference->n_output, graph->n_output);
    for (int i = 0; i < graph->n_output; i++) {
        const fov_view *a = &want[reference->output[i]], *b = &got[graph->output[i]];
        size_t          count;
        assert_true(fov_shape_equal(&a->shape, &b->shape));
        assert_true(fov_shape_count(&a->shape, &count));
        for (size_t k = 0; k < count; k++) {
            const double x = (double)((const float *)a->data)[k], y = (double)((const float *)b->data)[k];
            signal += x * x;
            noise += (x - y) * (x - y);
        }
    }
    fov_values_free(reference, want);
    fov_values_free(graph, got);
    return 10 * log10(signal / noise);
}

static int count_op(const fov_graph *graph, fov_op op)
{
    int n = 0;
    for (int i = 0; i < graph->n_node; i++) n += graph->node[i].op == op;
    return n;
}

/* ---------------------------------------------------------------- form */

/* Everything is a float but what stands between two Converts, and weights in front of one. */
static void check_form(const fov_graph *graph)
{
    for (int v = 0; v < graph->n_value; v++) {
        const fov_value *value = &graph->value[v];
        const int        maker = fov_graph_producer(graph, v), user = fov_graph_only_user(graph, v);
        if (value->dtype == FOV_F32 || value->dtype == FOV_I64) continue;
        assert_int_equal(value->dtype, FOV_I8);
        assert_true(user != FOV_NONE && graph->node[user].op == FOV_OP_Convert);
        for (int c = 0; c < value->quant->count; c++) {
            assert_int_equal(value->quant->zero_point[c], 0);
            assert_true(value->quant->scale[c] > 0 && isfinite(value->quant->scale[c]));
        }
        if (value->data) assert_int_equal(value->quant->count, value->shape.dim[0]);
        else assert_int_equal(value->quant->count, 1);
        if (!value->data) assert_true(maker != FOV_NONE && graph->node[maker].op == FOV_OP_Convert);
    }
    for (int i = 0; i < graph->n_node; i++)
        if (graph->node[i].op == FOV_OP_Conv) {
            const fov_fused f = fov_fused_read(&graph->node[i]);
            assert_true(graph->node[i].n_in <= 3);
            assert_true(f.slope == 1);
        }
}

static void int8_becomes_pairs(void **state)
{
    (void)state;
    fov_graph *from = typed(all_u8), *to;
    assert_ok(fov_qdq_from_typed(from, &to, &err));
    check_form(to);
    const int convs = count_op(to, FOV_OP_Conv);
    assert_int_equal(convs, count_op(from, FOV_OP_Conv));
    assert_true(count_op(to, FOV_OP_Convert) > 2 * convs); /* a pair for most inputs, and one for each weight */
    for (int i = 0; i < to->n_node; i++) {
        if (to->node[i].op != FOV_OP_Conv) continue;
        for (int j = 0; j < 2; j++) {
            const int maker = fov_graph_producer(to, to->node[i].in[j]);
            assert_true(maker != FOV_NONE && to->node[maker].op == FOV_OP_Convert);
        }
    }
    fov_graph_free(from);
    fov_graph_free(to);
}

/* ---------------------------------------------------------------- meaning */

static void int8_computes_what_the_engine_does(void **state)
{
    (void)state;
    fov_graph *from = typed(all_u8), *to;
    assert_ok(fov_qdq_from_typed(from, &to, &err));
    const double engine = snr(floats, from), pairs = snr(floats, to);
    if (engine < 15 || pairs < engine - 6) fail_msg("engine %.1f dB, pairs %.1f dB", engine, pairs);
    fov_graph_free(from);
    fov_graph_free(to);
}

/* Without rounding activations only the weights differ from the floats: parts moved to the wrong place would be seen here. */
static void scales_that_move_between_layers_cancel(void **state)
{
    (void)state;
    fov_graph *from = typed(all_u8), *to;
    assert_ok(fov_qdq_from_typed(from, &to, &err));
    for (int i = 0; i < to->n_node; i++) {
        const fov_node *n = &to->node[i];
        if (n->op != FOV_OP_Convert || to->value[n->in[0]].quant == NULL || to->value[n->in[0]].data) continue;
        const int rounding = fov_graph_producer(to, n->in[0]);
        fov_graph_replace_uses(to, n->out[0], to->node[rounding].in[0]);
    }
    const double weights = snr(floats, to), engine = snr(floats, from);
    if (weights < engine + 1 || weights < 22) fail_msg("weights alone %.1f dB, engine %.1f dB", weights, engine);
    fov_graph_free(from);
    fov_graph_free(to);
}

static void mixed_types_meet(void **state)
{
    (void)state;
    fov_graph *from = typed(in_turn), *to;
    assert_ok(fov_qdq_from_typed(from, &to, &err));
    check_form(to);
    const double engine = snr(floats, from), pairs = snr(floats, to);
    if (engine < 15 || pairs < engine - 6) fail_msg("engine %.1f dB, pairs %.1f dB", engine, pairs);
    fov_graph_free(from);
    fov_graph_free(to);
}

static void sixteen_bits_become_floats(void **state)
{
    (void)state;
    fov_graph *from = typed(all_f16), *to;
    assert_ok(fov_qdq_from_typed(from, &to, &err));
    assert_int_equal(count_op(to, FOV_OP_Convert), 0);
    check_form(to);
    assert_true(snr(from, to) > 40); /* activations are not rounded to 16 bits any more */
    assert_true(snr(floats, to) > 50);
    fov_graph_free(from);
    fov_graph_free(to);
}

static void what_was_fused_is_taken_apart(void **state)
{
    (void)state;
    fov_graph *to;
    assert_ok(fov_qdq_from_typed(floats, &to, &err));
    assert_int_equal(count_op(to, FOV_OP_Add), 2);
    assert_int_equal(count_op(to, FOV_OP_Resize), 2);
    assert_true(count_op(to, FOV_OP_LeakyRelu) > 30);
    check_form(to);
    assert_true(snr(floats, to) > 100);
    fov_graph_free(to);
}

static void a_residual_before_the_activation_is_taken_apart(void **state)
{
    (void)state;
    static const float weight[2] = {2, -3};
    const fov_shape    input = {4, {1, 2, -1, -1}}, filters = {4, {2, 1, 1, 1}};
    fov_graph         *graph = fov_graph_new(), *to;
    const int          x = fov_graph_add_value(graph, "x", FOV_F32, &input, &err);
    const int          w = fov_graph_add_constant(graph, "w", FOV_F32, &filters, weight, NULL, &err);
    const int          y = fov_graph_add_value(graph, "y", FOV_F32, NULL, &err);
    assert_ok(fov_graph_add_input(graph, x, &err));
    const int node = fov_graph_add_node(graph, "conv", FOV_OP_Conv, (const int[]){x, w, FOV_NONE, x}, 4, &y, 1, &err);
    assert_ok(fov_node_set_int(&graph->node[node], "group", 2, &err));
    assert_ok(fov_node_set_float(&graph->node[node], "fused_slope", 0, &err));
    assert_ok(fov_graph_add_output(graph, y, &err));
    assert_ok(fov_qdq_from_typed(graph, &to, &err));
    assert_int_equal(to->n_node, 3);
    assert_int_equal(count_op(to, FOV_OP_Add), 1);
    assert_int_equal(count_op(to, FOV_OP_Relu), 1);

    const fov_shape one = {4, {1, 2, 1, 1}};
    float           pixel[2] = {5, 7};
    const fov_view  in = fov_view_dense(FOV_F32, &one, pixel);
    fov_view       *values;
    assert_ok(fov_graph_evaluate(to, &in, &values, &err));
    const float *out = values[to->output[0]].data;
    assert_true(out[0] == 15 && out[1] == 0);
    fov_values_free(to, values);
    fov_graph_free(graph);
    fov_graph_free(to);
}

/* ---------------------------------------------------------------- files */

static bool holds(const char *data, size_t bytes, const char *word)
{
    return memmem(data, bytes, word, strlen(word)) != NULL;
}

static void engines_are_written(void **state)
{
    (void)state;
    const fov_engine_options keep = {.precision = FOV_PRECISION_INT8, .calibration = ranges, .keep_weights = true};
    const fov_engine_options gone = {.precision = FOV_PRECISION_INT8, .calibration = ranges};
    char                     path[512];
    fov_engine              *engine;
    size_t                   bytes;
    snprintf(path, sizeof path, "%s/qdq.onnx", test_folder());

    assert_ok(fov_engine_build(model, &gone, &engine, &err));
    assert_int_equal(fov_engine_export_onnx(engine, path, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "keep_weights"));
    fov_engine_free(engine);

    assert_ok(fov_engine_build(model, &keep, &engine, &err));
    assert_ok(fov_engine_export_onnx(engine, path, &err));
    assert_int_equal(fov_engine_export_onnx(engine, "no/such/folder/a.onnx", &err), FOV_ERR_IO);
    fov_engine_free(engine);
    char *data = file_read(path, &bytes);
    assert_true(holds(data, bytes, "QuantizeLinear") && holds(data, bytes, "DequantizeLinear") && holds(data, bytes, "Softmax"));
    assert_true(holds(data, bytes, "fovea.precision") && !holds(data, bytes, "fused_slope"));
    assert_true(bytes < 700000); /* weights are 8 bits */
    free(data);
}

/* ONNX Runtime's word on it: valid, symmetric, the same faces. */
static void onnx_runtime_finds_the_same_faces(void **state)
{
    (void)state;
    const fov_engine_options keep = {.precision = FOV_PRECISION_INT8, .calibration = ranges, .keep_weights = true};
    const char              *python = getenv("FOVEA_PYTHON"), *cli = getenv("FOVEA_CLI");
    char                     path[512], command[8192];
    fov_engine              *engine;
    if (!python || !*python || !cli) {
        print_message("skipped: FOVEA_PYTHON names no python with onnx, onnxruntime and opencv\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/engine.fov", test_folder());
    assert_ok(fov_engine_build(model, &keep, &engine, &err));
    assert_ok(fov_engine_save(engine, path, &err));
    fov_engine_free(engine);
    snprintf(command, sizeof command, "FOVEA_BUILD=\"$(dirname '%s')\" '%s' '%s' '%s' '%s' >&2", cli, python,
             source_path("bench/qdq_check.py"), path, source_path("photos/astronaut.png"));
    assert_int_equal(system(command), 0);
}

/* ---------------------------------------------------------------- types that no builder makes */

/* A constant of 8-bit weights, or of numbers rounded to binary16. */
static int constant_of(fov_graph *graph, const char *name, fov_dtype dtype, const fov_shape *shape, const float *numbers)
{
    static float   scales[] = {0.01F, 0.02F, 0.03F};
    static int32_t zeros[3];
    size_t         count;
    const int      id = fov_graph_add_constant(graph, name, dtype, shape, NULL, NULL, &err);
    fov_shape_count(shape, &count);
    if (dtype == FOV_I8) assert_ok(fov_graph_set_storage(graph, id, dtype, &(fov_quant){(int)shape->dim[0], scales, zeros}, &err));
    const fov_view from = fov_view_dense(FOV_F32, shape, (void *)(uintptr_t)numbers);
    fov_view       to = fov_view_dense(dtype, shape, graph->value[id].data);
    to.quant = graph->value[id].quant;
    fov_view_store_f32(&from, &to);
    return id;
}

static int conv_of(fov_graph *graph, const char *name, int x, int weight, int bias)
{
    const int y = fov_graph_add_value(graph, name, FOV_F32, NULL, &err);
    fov_graph_add_node(graph, name, FOV_OP_Conv, (int[]){x, weight, bias}, 3, &y, 1, &err);
    return y;
}

static float output_of(const fov_graph *graph, const float *input, int i)
{
    const fov_shape shape = fov_shape_make(4, (int64_t[]){1, 2, 1, 1});
    const fov_view  in = fov_view_dense(FOV_F32, &shape, (void *)(uintptr_t)input);
    fov_view       *values;
    assert_ok(fov_graph_evaluate(graph, &in, &values, &err));
    const float y = ((const float *)values[graph->output[0]].data)[i];
    fov_values_free(graph, values);
    return y;
}

/* Engine files may have floats meet 8-bit weights, and biases of binary16, in front of channels with scales of their own. */
static void weights_and_biases_of_any_type(void **state)
{
    static const float numbers[] = {0.5F, -1, 1.5F, 2, -2.5F, 3, 0.25F, -0.75F, 1.25F}, input[] = {0.75F, -0.5F};
    static float       scales[] = {0.02F, 0.04F, 0.08F};
    static int32_t     zeros[] = {128, 128, 128};
    const fov_shape    open = fov_shape_make(4, (int64_t[]){-1, 2, -1, -1}), three = fov_shape_make(1, (int64_t[]){3});
    const fov_shape    first = fov_shape_make(4, (int64_t[]){3, 2, 1, 1}), second = fov_shape_make(4, (int64_t[]){3, 3, 1, 1});
    fov_graph         *graph = fov_graph_new(), *written;
    (void)state;
    int x = fov_graph_add_value(graph, "x", FOV_F32, &open, &err);
    fov_graph_add_input(graph, x, &err);
    int bias = constant_of(graph, "bias", FOV_F16, &three, numbers);
    int middle = conv_of(graph, "middle", x, constant_of(graph, "w1", FOV_I8, &first, numbers), bias);
    assert_ok(fov_graph_set_storage(graph, middle, FOV_U8, &(fov_quant){3, scales, zeros}, &err));
    fov_graph_add_output(graph, conv_of(graph, "y", middle, constant_of(graph, "w2", FOV_I8, &second, numbers), bias), &err);
    assert_ok(fov_qdq_from_typed(graph, &written, &err));
    for (int i = 0; i < 3; i++) {
        const float y = output_of(graph, input, i);
        assert_float_equal(output_of(written, input, i), y, 0.1F * (1 + fabsf(y)));
    }
    fov_graph_free(written);
    fov_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int8_becomes_pairs),
        cmocka_unit_test(int8_computes_what_the_engine_does),
        cmocka_unit_test(scales_that_move_between_layers_cancel),
        cmocka_unit_test(mixed_types_meet),
        cmocka_unit_test(sixteen_bits_become_floats),
        cmocka_unit_test(what_was_fused_is_taken_apart),
        cmocka_unit_test(a_residual_before_the_activation_is_taken_apart),
        cmocka_unit_test(engines_are_written),
        cmocka_unit_test(onnx_runtime_finds_the_same_faces),
        cmocka_unit_test(weights_and_biases_of_any_type),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
