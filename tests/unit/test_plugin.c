// SPDX-License-Identifier: MIT
/* Operators of shared libraries: the example that decodes nine heads, in FP32 and INT8, and plugins with one fault each. */
#include "base/file.h"
#include "engine/engine.h"
#include "quant/ranges.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADS = 9 };

static fov_plugin *example(void)
{
    fov_error   err;
    fov_plugin *plugin;
    assert_ok(fov_plugin_load(getenv("FOVEA_EXAMPLE_PLUGIN"), &plugin, &err));
    return plugin;
}

static const char *faulty_path(const char *fault)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/faulty_%s.so", getenv("FOVEA_PLUGINS"), fault);
    return path;
}

/* The bundled model with its heads decoded by an operator. */
static fov_status load_with(const fov_plugin *plugin, const char *path, const char *heads, fov_model **model, fov_error *err)
{
    const fov_model_options options = {.plugins = &plugin, .n_plugin = plugin ? 1 : 0, .head_plugin = heads};
    return fov_model_load(path, &options, model, err);
}

static fov_engine *build(const fov_model *model, const char *backend, fov_precision precision, const fov_calibration *calibration)
{
    fov_error          err;
    fov_engine        *engine;
    fov_engine_options options = {.backend = backend, .precision = precision, .calibration = calibration};
    assert_ok(fov_engine_build(model, &options, &engine, &err));
    return engine;
}

static fov_photo *astronaut(void)
{
    fov_error  err;
    fov_photo *photo;
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &photo, &err));
    return photo;
}

/* ---------------------------------------------------------------- the same faces */

static void assert_same_faces(const fov_faces *a, const fov_faces *b, float pixels, float score)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_true(fabsf(a->face[i].score - b->face[i].score) <= score);
        for (int k = 0; k < 4; k++) assert_true(fabsf(a->face[i].box[k] - b->face[i].box[k]) <= pixels);
        for (int k = 0; k < 10; k++)
            assert_true(fabsf(a->face[i].landmarks[k / 2][k % 2] - b->face[i].landmarks[k / 2][k % 2]) <= pixels);
    }
}

static void compare_engines(const fov_engine *a, const fov_engine *b, float threshold, float pixels, float score, size_t least)
{
    fov_error          err;
    fov_detector      *da, *db;
    fov_faces          fa[3], fb[3];
    fov_photo         *photo = astronaut();
    fov_image          full = fov_photo_image(photo), part = full;
    fov_detect_options options = fov_detect_options_default();
    options.score_threshold = threshold;
    part.width -= 100;
    const fov_image images[3] = {full, part, full}; /* two share a pass, and their table */
    assert_ok(fov_detector_new(a, NULL, &da, &err));
    assert_ok(fov_detector_new(b, NULL, &db, &err));
    assert_ok(fov_detector_run_batch(da, images, 3, &options, fa, &err));
    assert_ok(fov_detector_run_batch(db, images, 3, &options, fb, &err));
    for (int i = 0; i < 3; i++) {
        assert_true(fa[i].count >= least);
        assert_same_faces(&fa[i], &fb[i], pixels, score);
    }
    fov_detector_free(da);
    fov_detector_free(db);
    fov_photo_free(photo);
}

static void faces_are_those_of_the_built_in_decoding(void **state)
{
    (void)state;
    fov_error   err;
    fov_model  *plain, *with;
    fov_plugin *plugin = example();
    assert_ok(load_with(NULL, "default", NULL, &plain, &err));
    assert_ok(load_with(plugin, "default", "org.fovea.examples::FaceDecode", &with, &err));
    fov_plugin_unload(plugin); /* the model keeps it */
    const char *const backends[] = {"cpu", "reference"};
    for (int i = 0; i < 2; i++) {
        fov_engine *a = build(plain, backends[i], FOV_PRECISION_FP32, NULL),
                   *b = build(with, backends[i], FOV_PRECISION_FP32, NULL);
        compare_engines(a, b, 0.5F, 1e-3F, 1e-6F, 1);
        compare_engines(a, b, 0.02F, 1e-3F, 1e-6F, 2);
        fov_engine_free(a);
        fov_engine_free(b);
    }
    fov_model_free(plain);
    fov_model_free(with);
}

static void a_table_has_no_raw_answers(void **state)
{
    (void)state;
    fov_error     err;
    fov_model    *model;
    fov_detector *detector;
    fov_raw       raw;
    fov_plugin   *plugin = example();
    fov_photo    *photo = astronaut();
    fov_image     image = fov_photo_image(photo);
    assert_ok(load_with(plugin, "default", "FaceDecode", &model, &err));
    fov_engine *engine = build(model, NULL, FOV_PRECISION_FP32, NULL);
    assert_ok(fov_detector_new(engine, NULL, &detector, &err));
    assert_int_equal(fov_detector_raw(detector, &image, NULL, &raw, &err), FOV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "plugin"));
    fov_detector_free(detector);
    fov_engine_free(engine);
    fov_model_free(model);
    fov_plugin_unload(plugin);
    fov_photo_free(photo);
}

/* ---------------------------------------------------------------- nine inputs in 8 bits */

static fov_calibration *calibrate(const fov_model *model)
{
    fov_error        err;
    fov_calibrator  *calibrator;
    fov_calibration *calibration;
    fov_photo       *photo = astronaut();
    fov_image        image = fov_photo_image(photo);
    assert_ok(fov_calibrator_new(model, NULL, &calibrator, &err));
    assert_ok(fov_calibrator_add(calibrator, &image, "astronaut", &err));
    assert_ok(fov_calibrator_finish(calibrator, FOV_CALIBRATE_MIN_MAX, 0, &calibration, &err));
    fov_calibrator_free(calibrator);
    fov_photo_free(photo);
    return calibration;
}

/* The scales of the inputs of the node that runs FaceDecode. */
static size_t read_scales(const fov_calibration *calibration, float *scale)
{
    size_t count = 0;
    for (size_t i = 0; i < calibration->inputs; i++) {
        const fov_calibrated_input *input = &calibration->input[i];
        if (strcmp(input->node, "FaceDecode") != 0) continue;
        assert_true(count < HEADS);
        assert_int_equal(input->index, count);
        const fov_range *range = fov_range_find(calibration, input->tensor);
        assert_non_null(range);
        scale[count++] = fov_range_scale(calibration, range);
    }
    return count;
}

static const fov_node *plugin_node(const fov_graph *graph)
{
    for (int i = 0; i < graph->n_node; i++)
        if (graph->node[i].op == FOV_OP_Plugin) return &graph->node[i];
    return NULL;
}

static void each_of_nine_inputs_has_its_own_scale(void **state)
{
    (void)state;
    fov_error   err;
    fov_model  *plain, *model;
    float       scale[HEADS] = {0};
    fov_plugin *plugin = example();
    assert_ok(load_with(NULL, "default", NULL, &plain, &err));
    assert_ok(load_with(plugin, "default", "FaceDecode", &model, &err));
    fov_calibration *calibration = calibrate(model);
    assert_int_equal(read_scales(calibration, scale), HEADS);
    fov_engine      *engine = build(model, NULL, FOV_PRECISION_INT8, calibration);
    fov_engine      *reference = build(model, "reference", FOV_PRECISION_INT8, calibration);
    fov_engine      *fp32 = build(plain, NULL, FOV_PRECISION_FP32, NULL);
    const fov_graph *graph = engine->graph;
    const fov_node  *node = plugin_node(graph);
    assert_non_null(node);
    assert_int_equal(node->n_in, HEADS);
    for (int i = 0; i < HEADS; i++) {
        const fov_value *value = &graph->value[node->in[i]];
        assert_int_equal(value->dtype, FOV_U8);
        assert_int_equal(value->quant->count, 1);
        assert_true(scale[i] > 0);
        assert_true(fabsf(value->quant->scale[0] / scale[i] - 1) < 1e-5F);
        for (int k = 0; k < i; k++) assert_true(scale[k] != scale[i]);
    }
    compare_engines(engine, reference, 0.5F, 1e-3F, 1e-6F, 1);
    compare_engines(fp32, engine, 0.5F, 8, 0.05F, 1);
    fov_engine_free(engine);
    fov_engine_free(reference);
    fov_engine_free(fp32);
    fov_calibration_free(calibration);
    fov_model_free(plain);
    fov_model_free(model);
    fov_plugin_unload(plugin);
}

static void sixteen_bits_go_in_as_they_are(void **state)
{
    (void)state;
    const fov_precision precision[] = {FOV_PRECISION_FP16, FOV_PRECISION_BF16};
    const fov_dtype     type[] = {FOV_F16, FOV_BF16};
    fov_error           err;
    fov_model          *plain, *model;
    fov_plugin         *plugin = example();
    assert_ok(load_with(NULL, "default", NULL, &plain, &err));
    assert_ok(load_with(plugin, "default", "FaceDecode", &model, &err));
    fov_engine *fp32 = build(plain, NULL, FOV_PRECISION_FP32, NULL);
    for (int i = 0; i < 2; i++) {
        fov_engine     *engine = build(model, NULL, precision[i], NULL);
        const fov_node *node = plugin_node(engine->graph);
        assert_non_null(node);
        for (int k = 0; k < HEADS; k++) assert_int_equal(engine->graph->value[node->in[k]].dtype, type[i]);
        compare_engines(fp32, engine, 0.5F, 2, 0.02F, 1);
        fov_engine_free(engine);
    }
    fov_engine_free(fp32);
    fov_model_free(plain);
    fov_model_free(model);
    fov_plugin_unload(plugin);
}

/* ---------------------------------------------------------------- in ONNX files */

static void survives_onnx_and_is_loaded_only_when_named(void **state)
{
    (void)state;
    fov_error   err;
    char        path[512];
    fov_model  *model, *back;
    fov_plugin *plugin = example();
    snprintf(path, sizeof path, "%s/plugin.onnx", test_folder());
    assert_ok(load_with(plugin, "default", "FaceDecode", &model, &err));
    assert_ok(fov_model_save(model, path, &err));
    assert_int_equal(load_with(NULL, path, NULL, &back, &err), FOV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "org.fovea.examples::FaceDecode"));
    assert_non_null(strstr(err.message, "--plugin"));
    assert_null(back);
    assert_ok(load_with(plugin, path, NULL, &back, &err));
    assert_ptr_equal(back->family, model->family);
    fov_engine *a = build(model, NULL, FOV_PRECISION_FP32, NULL), *b = build(back, NULL, FOV_PRECISION_FP32, NULL);
    compare_engines(a, b, 0.02F, 1e-3F, 1e-6F, 2);
    fov_engine_free(a);
    fov_engine_free(b);
    fov_model_free(back);
    assert_int_equal(load_with(plugin, path, "FaceDecode", &back, &err), FOV_ERR_ARGUMENT); /* its heads are decoded already */
    fov_model_free(model);
    fov_plugin_unload(plugin);
}

static void survives_an_engine_file(void **state)
{
    (void)state;
    fov_error   err;
    char        path[512];
    fov_model  *model;
    fov_engine *engine, *back;
    fov_plugin *plugin = example();
    snprintf(path, sizeof path, "%s/plugin.fov", test_folder());
    assert_ok(load_with(plugin, "default", "FaceDecode", &model, &err));
    fov_calibration   *calibration = calibrate(model);
    fov_engine_options options = {.precision = FOV_PRECISION_INT8, .calibration = calibration, .keep_weights = true};
    assert_ok(fov_engine_build(model, &options, &engine, &err));
    assert_ok(fov_engine_save(engine, path, &err));
    assert_int_equal(fov_engine_load(path, NULL, &back, &err), FOV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "org.fovea.examples::FaceDecode"));
    const fov_plugin *const  plugins[] = {plugin};
    const fov_engine_options with = {.plugins = plugins, .n_plugin = 1};
    assert_ok(fov_engine_load(path, &with, &back, &err));
    compare_engines(engine, back, 0.02F, 0, 0, 2);
    fov_engine_free(engine);
    fov_engine_free(back);
    fov_calibration_free(calibration);
    fov_model_free(model);
    fov_plugin_unload(plugin);
}

static void names_that_no_plugin_has(void **state)
{
    (void)state;
    fov_error   err;
    fov_model  *model;
    fov_plugin *plugin = example();
    assert_int_equal(load_with(plugin, "default", "NoSuch", &model, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "NoSuch"));
    assert_int_equal(load_with(plugin, "default", "elsewhere::FaceDecode", &model, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(load_with(NULL, "default", "FaceDecode", &model, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "--plugin"));
    const fov_plugin *const twice[] = {plugin, plugin};
    const fov_model_options options = {.plugins = twice, .n_plugin = 2, .head_plugin = "FaceDecode"};
    assert_int_equal(fov_model_load("default", &options, &model, &err), FOV_ERR_ARGUMENT);
    assert_null(model);
    fov_plugin_unload(plugin);
}

/* ---------------------------------------------------------------- attributes */

/* The example with other settings than its defaults decodes as Fovea with these settings does. */
static void settings_reach_the_plugin(void **state)
{
    (void)state;
    static const char settings[] = "anchors = 20,40 / 80,120 / 200,400\nvariances = 0.2,0.1\n";
    fov_error         err;
    fov_model        *plain, *with;
    const fov_plugin *plugin = example();
    fov_model_options options = {.settings = settings};
    assert_ok(fov_model_load("default", &options, &plain, &err));
    options.plugins = &plugin;
    options.n_plugin = 1;
    options.head_plugin = "FaceDecode";
    assert_ok(fov_model_load("default", &options, &with, &err));
    fov_engine *a = build(plain, NULL, FOV_PRECISION_FP32, NULL), *b = build(with, NULL, FOV_PRECISION_FP32, NULL);
    compare_engines(a, b, 0.02F, 1e-3F, 1e-6F, 2);
    fov_engine_free(a);
    fov_engine_free(b);
    fov_model_free(plain);
    fov_model_free(with);
    fov_plugin_unload((fov_plugin *)(uintptr_t)plugin);
}

/* ---------------------------------------------------------------- faults */

static void a_faulty_library_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        fov_status  status;
        const char *says;
    } faults[] = {
        {"wrong_abi", FOV_ERR_UNSUPPORTED, "version 99"},
        {"no_symbol", FOV_ERR_FORMAT, "exports no function fovea_plugin"},
        {"no_table", FOV_ERR_FORMAT, "returns NULL"},
        {"short_table", FOV_ERR_FORMAT, "fovea_plugin_library has 8 bytes"},
        {"long_table", FOV_ERR_FORMAT, "fovea_plugin_library has 1099511627776 bytes"},
        {"short_operator", FOV_ERR_FORMAT, "fovea_plugin_operator has 24 bytes"},
        {"no_operators", FOV_ERR_FORMAT, "0 operators"},
        {"null_operators", FOV_ERR_FORMAT, "no list"},
        {"null_operator", FOV_ERR_FORMAT, "operator 0 of the plugin is NULL"},
        {"twice", FOV_ERR_FORMAT, "operators 0 and 1"},
        {"no_name", FOV_ERR_FORMAT, "no name"},
        {"no_domain", FOV_ERR_FORMAT, "domain"},
        {"no_run", FOV_ERR_FORMAT, "no function run"},
        {"no_infer", FOV_ERR_FORMAT, "no function infer_shape"},
        {"no_outputs", FOV_ERR_FORMAT, "0 to 1 outputs"},
        {"many_inputs", FOV_ERR_FORMAT, "100000 inputs"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        fov_error   err = {0};
        fov_plugin *plugin = (fov_plugin *)&err;
        assert_int_equal(fov_plugin_load(faulty_path(faults[i].fault), &plugin, &err), faults[i].status);
        assert_null(plugin);
        assert_non_null(strstr(err.message, faults[i].fault)); /* the file is named */
        assert_non_null(strstr(err.message, faults[i].says));
    }
}

static void a_faulty_operator_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        fov_status  status;
        const char *says;
    } faults[] = {
        {"no_floats", FOV_ERR_FORMAT, "in F32"},
        {"wrong_rank", FOV_ERR_FORMAT, "rank of 1000"},
        {"wrong_dimension", FOV_ERR_FORMAT, "dimension of -4"},
        {"wrong_table", FOV_ERR_FORMAT, "2x4x14"},
        {"huge_output", FOV_ERR_LIMIT, "may have"},
        {"huge_workspace", FOV_ERR_LIMIT, "workspace"},
        {"infer_fails", FOV_ERR_UNSUPPORTED, "xxxxxxxx"},
        {"infer_fails_silently", FOV_ERR_UNSUPPORTED, "no reason given"},
        {"create_fails", FOV_ERR_FORMAT, "bad?attributes"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        fov_error   err = {0};
        fov_plugin *plugin;
        fov_model  *model;
        assert_ok(fov_plugin_load(faulty_path(faults[i].fault), &plugin, &err));
        assert_int_equal(load_with(plugin, "default", "NoFaces", &model, &err), faults[i].status);
        assert_null(model);
        assert_non_null(strstr(err.message, faults[i].says));
        fov_plugin_unload(plugin);
    }
}

static void check_run(const char *fault, fov_status status, const char *says)
{
    fov_error     err = {0};
    fov_plugin   *plugin;
    fov_model    *model;
    fov_detector *detector;
    fov_faces     faces;
    fov_photo    *photo = astronaut();
    fov_image     image = fov_photo_image(photo);
    assert_ok(fov_plugin_load(faulty_path(fault), &plugin, &err));
    assert_ok(load_with(plugin, "default", "NoFaces", &model, &err));
    fov_engine *engine = build(model, NULL, FOV_PRECISION_FP32, NULL);
    assert_ok(fov_detector_new(engine, NULL, &detector, &err));
    assert_int_equal(fov_detector_run(detector, &image, NULL, &faces, &err), status);
    assert_int_equal(faces.count, 0);
    if (says) assert_non_null(strstr(err.message, says));
    fov_detector_free(detector);
    fov_engine_free(engine);
    fov_model_free(model);
    fov_plugin_unload(plugin);
    fov_photo_free(photo);
}

static void an_operator_that_fails_ends_the_run(void **state)
{
    (void)state;
    check_run("none", FOV_OK, NULL);
    check_run("run_fails", FOV_ERR_INTERNAL, "out of luck");
}

/* ---------------------------------------------------------------- files that are no library */

static void write_file(const char *path, const void *data, size_t bytes)
{
    fov_error err;
    assert_ok(fov_file_write(path, data, bytes, &err));
}

static void check_refused(const char *path, fov_status status)
{
    fov_error   err = {0};
    fov_plugin *plugin;
    assert_int_equal(fov_plugin_load(path, &plugin, &err), status);
    assert_null(plugin);
    assert_non_null(strstr(err.message, path));
}

/* The system's loader dies of files cut short; none may reach it. */
static void files_that_are_no_library(void **state)
{
    (void)state;
    fov_error   err;
    fov_buffer  whole;
    char        path[512];
    const char *program = getenv("FOVEA_CLI");
    assert_non_null(program);
    check_refused("no/such/plugin.so", FOV_ERR_IO);
    check_refused(test_folder(), FOV_ERR_FORMAT);
    check_refused(source_path("photos/astronaut.png"), FOV_ERR_FORMAT);
    check_refused(program, FOV_ERR_FORMAT); /* position-independent, as libraries are */
    snprintf(path, sizeof path, "%s/short.so", test_folder());
    assert_ok(fov_file_read(faulty_path("none"), 1U << 24, &whole, &err));
    for (size_t kept = 0; kept < whole.size / 2; kept += kept < 1024 ? 64 : 1000) {
        write_file(path, whole.data, kept);
        check_refused(path, FOV_ERR_FORMAT);
    }
    fov_buffer_clear(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_are_those_of_the_built_in_decoding),
        cmocka_unit_test(a_table_has_no_raw_answers),
        cmocka_unit_test(each_of_nine_inputs_has_its_own_scale),
        cmocka_unit_test(sixteen_bits_go_in_as_they_are),
        cmocka_unit_test(survives_onnx_and_is_loaded_only_when_named),
        cmocka_unit_test(survives_an_engine_file),
        cmocka_unit_test(names_that_no_plugin_has),
        cmocka_unit_test(settings_reach_the_plugin),
        cmocka_unit_test(a_faulty_library_is_refused),
        cmocka_unit_test(a_faulty_operator_is_refused),
        cmocka_unit_test(an_operator_that_fails_ends_the_run),
        cmocka_unit_test(files_that_are_no_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
