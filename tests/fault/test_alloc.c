// SPDX-License-Identifier: MIT
/* Memory runs out at the n-th allocation, for every n until the work succeeds: each time a clean FOV_ERR_MEMORY, nothing leaked. */
#include "alloc_probe.h"
#include "support.h"

#include "base/file.h"

#include <stdlib.h>

/* Where n is in the thousands the steps grow, so that a whole job takes seconds. */
enum { EVERY = 60, STEPS = 120 };

/* What a job works on; made before, with the default allocator. */
typedef struct input {
    fov_buffer file;
    char       name[256];
} input;

typedef fov_status job(const input *in, fov_error *err);

static fov_status run_at(job *work, const input *in, uint64_t fail_at, alloc_probe *after)
{
    fov_error err = {0};
    alloc_probe_start(fail_at, 0);
    fov_status status = work(in, &err);
    *after = alloc_probe_stop();
    if (after->blocks)
        fail_msg("allocation %llu refused: %lld blocks leaked", (unsigned long long)fail_at, (long long)after->blocks);
    if (status && status != FOV_ERR_MEMORY)
        fail_msg("allocation %llu refused: %s: %s", (unsigned long long)fail_at, fov_status_name(status), err.message);
    if (status && (!err.message[0] || err.code != status))
        fail_msg("allocation %llu refused: no message", (unsigned long long)fail_at);
    return status;
}

/* The last allocations of a job are not skipped, whatever the step: they are where ownership changes hands. */
static uint64_t next(uint64_t n, uint64_t total)
{
    uint64_t step = n < EVERY || n + EVERY > total ? 1 : 1 + total / STEPS;
    return n < EVERY || n + step + EVERY <= total || step == 1 ? n + step : total - EVERY + 1;
}

static void fail_every_allocation(const char *what, job *work, const input *in)
{
    alloc_probe whole, after;
    int         tried = 0;
    assert_int_equal(run_at(work, in, 0, &whole), FOV_OK);
    assert_true(whole.calls > 0);
    for (uint64_t n = 1; n <= whole.calls; n = next(n, whole.calls), tried++)
        if (!run_at(work, in, n, &after) && after.failed)
            fail_msg("%s: succeeded although allocation %llu of %llu was refused", what, (unsigned long long)n,
                     (unsigned long long)whole.calls);
    print_message("%s: %d of %llu allocations refused in turn\n", what, tried, (unsigned long long)whole.calls);
}

/* ---- jobs */

static fov_status load_model(const input *in, fov_error *err)
{
    fov_model *model = NULL;
    fov_status st = fov_model_load_memory(in->file.data, in->file.size, in->name, NULL, &model, err);
    fov_model_free(model);
    return st;
}

static fov_status build_engine(const input *in, fov_error *err)
{
    fov_model  *model = NULL;
    fov_engine *engine = NULL;
    fov_status  st = fov_model_load_memory(in->file.data, in->file.size, in->name, NULL, &model, err);
    if (!st) st = fov_engine_build(model, NULL, &engine, err);
    fov_model_free(model);
    fov_engine_free(engine);
    return st;
}

/* Two sizes, so that the detector replaces a plan; two threads, so that it makes a pool. */
static fov_status detect(const fov_engine *engine, fov_error *err)
{
    static uint8_t       pixels[64 * 96 * 3];
    fov_detector        *detector = NULL;
    fov_faces            faces[2];
    fov_detector_options options = {.threads = 2};
    fov_image            images[2] = {{pixels, 96, 64, 96 * 3, FOV_RGB8}, {pixels, 40, 30, 40 * 3, FOV_RGB8}};
    fov_status           st = fov_detector_new(engine, &options, &detector, err);
    for (int i = 0; i < 2 && !st; i++) st = fov_detector_run(detector, &images[i], NULL, &faces[0], err);
    if (!st) st = fov_detector_run_batch(detector, images, 2, NULL, faces, err);
    fov_detector_free(detector);
    return st;
}

static const fov_engine *shared_engine;

static fov_status run_detector(const input *in, fov_error *err)
{
    (void)in;
    return detect(shared_engine, err);
}

/* A plugin decodes the heads: those of the bundled model, or those of an ONNX file that has its node. */
static fov_status use_plugin(const input *in, fov_error *err)
{
    fov_plugin       *plugin = NULL;
    fov_model        *model = NULL;
    fov_engine       *engine = NULL;
    fov_status        st = fov_plugin_load(getenv("FOVEA_EXAMPLE_PLUGIN"), &plugin, err);
    const fov_plugin *plugins[] = {plugin};
    fov_model_options options = {.plugins = plugins, .n_plugin = 1, .head_plugin = in->file.data ? NULL : "FaceDecode"};
    if (!st && in->file.data) st = fov_model_load_memory(in->file.data, in->file.size, in->name, &options, &model, err);
    else if (!st) st = fov_model_load("default", &options, &model, err);
    fov_plugin_unload(plugin);
    if (!st) st = fov_engine_build(model, &(fov_engine_options){.precision = FOV_PRECISION_FP32}, &engine, err);
    fov_model_free(model);
    if (!st) st = detect(engine, err);
    fov_engine_free(engine);
    return st;
}

/* ---- tests */

static void with_file(const char *what, const char *path, job *work)
{
    fov_error err = {0};
    input     in;
    snprintf(in.name, sizeof in.name, "%s", path);
    assert_ok(fov_file_read(path, 1 << 26, &in.file, &err));
    fail_every_allocation(what, work, &in);
    fov_buffer_clear(&in.file);
}

/* The bundled model in the format of a name's ending. */
static const char *written(const char *name)
{
    static char path[256];
    fov_error   err = {0};
    fov_model  *model;
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_model_save(model, path, &err));
    fov_model_free(model);
    return path;
}

static void test_load_pth_zip(void **state)
{
    (void)state;
    NEED_SHARED(path, "models/default/fovea_mnet025.pth");
    with_file("load .pth (zip)", path, load_model);
}

static void test_load_pth_legacy(void **state)
{
    (void)state;
    NEED_SHARED(path, "models/retinaface/mobilenet0.25_Final.pth");
    with_file("load .pth (legacy)", path, load_model);
}

static void test_load_safetensors(void **state)
{
    (void)state;
    with_file("load .safetensors", written("x.safetensors"), load_model);
}

static void test_load_wts(void **state)
{
    (void)state;
    with_file("load .wts", written("x.wts"), load_model);
}

static void test_load_onnx(void **state)
{
    (void)state;
    with_file("load .onnx", written("x.onnx"), load_model);
}

static void test_load_onnx_of_others(void **state)
{
    (void)state;
    NEED_SHARED(path, "models/retinaface/mnet025_official_opset14.onnx");
    with_file("load .onnx of others", path, load_model);
}

static void test_build_engine(void **state)
{
    (void)state;
    with_file("build an engine", written("x.safetensors"), build_engine);
}

static void test_run_detector(void **state)
{
    fov_error   err = {0};
    fov_model  *model;
    fov_engine *engine;
    input       none = {0};
    (void)state;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, NULL, &engine, &err));
    fov_model_free(model);
    shared_engine = engine;
    fail_every_allocation("run a detector", run_detector, &none);
    fov_engine_free(engine);
}

static void test_plugin_behind_heads(void **state)
{
    (void)state;
    fail_every_allocation("a plugin behind the heads", use_plugin, &(input){0});
}

static void test_plugin_in_onnx(void **state)
{
    fov_error   err = {0};
    fov_plugin *plugin;
    fov_model  *model;
    char        path[256];
    (void)state;
    assert_ok(fov_plugin_load(getenv("FOVEA_EXAMPLE_PLUGIN"), &plugin, &err));
    const fov_plugin *plugins[] = {plugin};
    fov_model_options options = {.plugins = plugins, .n_plugin = 1, .head_plugin = "FaceDecode"};
    snprintf(path, sizeof path, "%s/plugin.onnx", test_folder());
    assert_ok(fov_model_load("default", &options, &model, &err));
    assert_ok(fov_model_save(model, path, &err));
    fov_model_free(model);
    fov_plugin_unload(plugin);
    with_file("a plugin in .onnx", path, use_plugin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_pth_zip),   cmocka_unit_test(test_load_pth_legacy), cmocka_unit_test(test_load_safetensors),
        cmocka_unit_test(test_load_wts),       cmocka_unit_test(test_load_onnx),       cmocka_unit_test(test_load_onnx_of_others),
        cmocka_unit_test(test_build_engine),   cmocka_unit_test(test_run_detector),    cmocka_unit_test(test_plugin_behind_heads),
        cmocka_unit_test(test_plugin_in_onnx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
