// SPDX-License-Identifier: MIT
/* Memory runs out at the n-th allocation, for every n until the work succeeds: each time a clean FOV_ERR_MEMORY, nothing leaked.
 * Which allocations of the library were never refused by any test tells tests/fault/sites.py. */
#include "pictures.h"
#include "starve.h"

#include "base/file.h"
#include "engine_file/engine_file.h"

#include <stdlib.h>

/* What a job works on; made before, with the default allocator. */
typedef struct input {
    fov_buffer file;
    char       name[256];
} input;

/* ---- jobs */

static fov_status load_model(const void *user, fov_error *err)
{
    const input *in = user;
    fov_model   *model = NULL;
    fov_status   st = fov_model_load_memory(in->file.data, in->file.size, in->name, NULL, &model, err);
    fov_model_free(model);
    return st;
}

static fov_status open_engine(const void *user, fov_error *err)
{
    fov_engine *engine = NULL;
    fov_status  st = fov_engine_open(user, NULL, &(fov_engine_options){.backend = "auto"}, &engine, err);
    fov_engine_free(engine);
    return st;
}

static fov_status build_engine(const void *user, fov_error *err)
{
    const input *in = user;
    fov_model   *model = NULL;
    fov_engine  *engine = NULL;
    fov_status   st = fov_model_load_memory(in->file.data, in->file.size, in->name, NULL, &model, err);
    if (!st) st = fov_engine_build(model, NULL, &engine, err);
    fov_model_free(model);
    fov_engine_free(engine);
    return st;
}

/* Two sizes, so that the detector replaces a plan; two threads, so that it makes a pool; every prior a candidate, so that they are
 * a crowd. */
static fov_status detect(const fov_engine *engine, fov_error *err)
{
    static uint8_t       pixels[64 * 96 * 3];
    fov_detector        *detector = NULL;
    fov_faces            faces[2];
    fov_detector_options options = {.threads = 2};
    fov_image            images[2] = {{pixels, 96, 64, 96 * 3, FOV_RGB8}, {pixels, 40, 30, 40 * 3, FOV_RGB8}};
    fov_detect_options   crowd = fov_detect_options_default();
    fov_status           st = fov_detector_new(engine, &options, &detector, err);
    crowd.score_threshold = 0;
    for (int i = 0; i < 2 && !st; i++) st = fov_detector_run(detector, &images[i], &crowd, &faces[0], err);
    if (!st) st = fov_detector_run_batch(detector, images, 2, NULL, faces, err);
    fov_detector_free(detector);
    return st;
}

static const fov_engine *shared_engine;

static fov_status run_detector(const void *user, fov_error *err)
{
    (void)user;
    return detect(shared_engine, err);
}

/* ---- many photos, a photo per thread: what a photo lacks memory for is its failure, and the others are handed on all the same */

enum { PHOTOS = 6 };

static char shared_photo[256];

/* A JPEG, decoded at a part of its size, and a photo of another size in between. */
static fov_status load_photo(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    (void)user;
    return index % 2 ? fov_photo_load(shared_photo, &(fov_photo_options){.fit_width = 96, .fit_height = 96}, photo, err)
                     : fov_photo_new(96, 64, photo, err);
}

typedef struct handed_on {
    size_t     count;
    fov_error *failed; /* the first that did */
} handed_on;

static bool take_result(void *user, const fov_photo_result *r)
{
    handed_on *h = user;
    assert_int_equal(r->index, h->count++);
    if (!r->status || h->failed->code) return true;
    h->failed->code = r->status;
    snprintf(h->failed->message, sizeof h->failed->message, "%s", r->message);
    return true;
}

static fov_status detect_in_photos(const void *user, fov_error *err)
{
    const fov_photo_source photos = {PHOTOS, load_photo, NULL};
    fov_error              failed = {0};
    handed_on              h = {.failed = &failed};
    fov_detect_options     crowd = fov_detect_options_default();
    (void)user;
    crowd.score_threshold = 0;
    fov_status st =
        fov_photos_detect(shared_engine, &photos, &(fov_photos_options){.threads = 2, .detect = &crowd}, take_result, &h, err);
    if (st) return st;
    assert_int_equal(h.count, PHOTOS);
    if (failed.code) *err = failed;
    return failed.code;
}

/* A plugin decodes the heads: those of the bundled model, or those of an ONNX file that has its node. */
static fov_status use_plugin(const void *user, fov_error *err)
{
    const input      *in = user;
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

/* ---- jobs on what precisions are made of; what they work on was made before */

static const fov_model       *shared_model;
static const fov_calibration *shared_calibration;
static char                   shared_file[256];

static fov_status build_int8(const void *user, fov_error *err)
{
    fov_engine *engine = NULL;
    (void)user;
    const fov_engine_options options = {.precision = FOV_PRECISION_INT8, .calibration = shared_calibration, .keep_weights = true};
    fov_status               st = fov_engine_build(shared_model, &options, &engine, err);
    fov_engine_free(engine);
    return st;
}

static fov_status save_engine(const void *user, fov_error *err)
{
    (void)user;
    return fov_engine_save(shared_engine, shared_file, err);
}

static fov_status load_engine(const void *user, fov_error *err)
{
    fov_engine *engine = NULL;
    (void)user;
    fov_status st = fov_engine_load(shared_file, &(fov_engine_options){.keep_weights = true}, &engine, err);
    fov_engine_free(engine);
    return st;
}

static fov_status load_calibration(const void *user, fov_error *err)
{
    fov_calibration *calibration = NULL;
    (void)user;
    fov_status st = fov_calibration_load(shared_file, shared_model, "theirs = input\n", &calibration, err);
    fov_calibration_free(calibration);
    return st;
}

static fov_status repair_model(const void *user, fov_error *err)
{
    fov_model *repaired = NULL;
    char      *report = NULL;
    (void)user;
    fov_status st = fov_model_repair(shared_model, &repaired, &report, err);
    fov_string_free(report);
    fov_model_free(repaired);
    return st;
}

static fov_status make_photo(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    (void)user;
    (void)index;
    return fov_photo_new(96, 64, photo, err);
}

static fov_status compare_engines(const void *user, fov_error *err)
{
    const fov_photo_source    photos = {1, make_photo, NULL};
    const fov_compare_options options = {.layers = true, .threads = 2};
    fov_comparison           *comparison = NULL;
    (void)user;
    fov_status st = fov_compare(shared_engine, shared_engine, &photos, &options, &comparison, err);
    fov_comparison_free(comparison);
    return st;
}

/* ---- tests */

static void with_file(const char *what, const char *path, starve_job *work)
{
    fov_error err = {0};
    input     in;
    snprintf(in.name, sizeof in.name, "%s", path);
    assert_ok(fov_file_read(path, 1 << 26, &in.file, &err));
    starve(what, work, &in);
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

static void test_open_engine(void **state)
{
    (void)state;
    starve_places("open the bundled engine", open_engine, "default");
    starve_places("open a model", open_engine, written("x.safetensors"));
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
    starve("run a detector", run_detector, &none);
    fov_engine_free(engine);
}

/* More candidates than are compared one by one. */
static fov_status detect_a_crowd(const void *user, fov_error *err)
{
    static uint8_t     pixels[256 * 256 * 3];
    const fov_image    image = {pixels, 256, 256, 256 * 3, FOV_RGB8};
    fov_detector      *detector = NULL;
    fov_faces          faces;
    fov_detect_options crowd = fov_detect_options_default();
    fov_status         st = fov_detector_new(user, &(fov_detector_options){.threads = 1}, &detector, err);
    crowd.score_threshold = 0;
    if (!st) st = fov_detector_run(detector, &image, &crowd, &faces, err);
    fov_detector_free(detector);
    return st;
}

static void test_crowd(void **state)
{
    fov_error   err = {0};
    fov_engine *engine;
    (void)state;
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    starve_places("detect a crowd", detect_a_crowd, engine);
    fov_engine_free(engine);
}

static void test_detect_in_photos(void **state)
{
    fov_error   err = {0};
    fov_engine *engine;
    fov_photo  *photo;
    (void)state;
    snprintf(shared_photo, sizeof shared_photo, "%s/large.jpg", test_folder());
    photo = picture_of_face();
    picture_save_turned(photo, shared_photo);
    fov_photo_free(photo);
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    shared_engine = engine;
    starve("detect in many photos", detect_in_photos, &(input){0});
    fov_engine_free(engine);
}

static void test_plugin_behind_heads(void **state)
{
    (void)state;
    starve("a plugin behind the heads", use_plugin, &(input){0});
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

/* An INT8 engine by ranges without data, and a cache of them. */
static void test_precisions(void **state)
{
    fov_error        err = {0};
    fov_model       *model;
    fov_calibration *calibration;
    fov_engine      *engine;
    const input      none = {0};
    (void)state;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_calibration_from_statistics(model, &calibration, &err));
    const fov_engine_options options = {.precision = FOV_PRECISION_INT8, .calibration = calibration, .keep_weights = true};
    assert_ok(fov_engine_build(model, &options, &engine, &err));
    shared_model = model;
    shared_calibration = calibration;
    shared_engine = engine;
    starve("build in INT8", build_int8, &none);
    snprintf(shared_file, sizeof shared_file, "%s/x.fov", test_folder());
    starve("save an engine", save_engine, &none);
    assert_ok(fov_engine_save(engine, shared_file, &err));
    starve("load an engine", load_engine, &none);
    snprintf(shared_file, sizeof shared_file, "%s/x.cache", test_folder());
    assert_ok(fov_calibration_save(calibration, shared_file, false, &err));
    starve("load a calibration", load_calibration, &none);
    starve("repair", repair_model, &none);
    starve("compare", compare_engines, &none);
    fov_engine_free(engine);
    fov_calibration_free(calibration);
    fov_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_pth_zip),   cmocka_unit_test(test_load_pth_legacy),  cmocka_unit_test(test_load_safetensors),
        cmocka_unit_test(test_load_wts),       cmocka_unit_test(test_load_onnx),        cmocka_unit_test(test_load_onnx_of_others),
        cmocka_unit_test(test_open_engine),    cmocka_unit_test(test_build_engine),     cmocka_unit_test(test_run_detector),
        cmocka_unit_test(test_crowd),          cmocka_unit_test(test_detect_in_photos), cmocka_unit_test(test_plugin_behind_heads),
        cmocka_unit_test(test_plugin_in_onnx), cmocka_unit_test(test_precisions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
