// SPDX-License-Identifier: MIT
/* Memory runs out while photos are read, models written and ranges collected. */
#include "pictures.h"
#include "starve.h"

#include "export/export.h"
#include "export/onnx.h"
#include "engine/engine.h"
#include "media/media.h"

#include <stdlib.h>
#include <string.h>
#include <webp/encode.h>

enum { WIDTH = 64, HEIGHT = 48 };

static fov_error err;

/* ---------------------------------------------------------------- photos */

typedef struct encoded {
    fov_buffer  file;
    const char *name;
} encoded;

static fov_status decode(const void *user, fov_error *e)
{
    const encoded *in = user;
    fov_photo     *photo;
    fov_status     st = fov_photo_decode(in->file.data, in->file.size, in->name, NULL, &photo, e);
    fov_photo_free(photo);
    return st;
}

static fov_status encode(const void *user, fov_error *e)
{
    const fov_image *image = user;
    void            *data = NULL;
    size_t           bytes;
    fov_status       st = fov_image_encode(image, FOV_PICTURE_PNG, 90, &data, &bytes, e);
    fov_data_free(data);
    if (st) return st;
    st = fov_image_encode(image, FOV_PICTURE_JPEG, 90, &data, &bytes, e);
    fov_data_free(data);
    return st;
}

static void fill(uint8_t *pixels, size_t count)
{
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(i * 37 % 251);
}

static void photos(void **state)
{
    (void)state;
    static uint8_t  pixels[4 * WIDTH * HEIGHT];
    const fov_image rgb = {pixels, WIDTH, HEIGHT, (ptrdiff_t)3 * WIDTH, FOV_RGB8};
    const fov_image rgba = {pixels, WIDTH, HEIGHT, (ptrdiff_t)4 * WIDTH, FOV_RGBA8};
    encoded         jpeg = {.name = "x.jpg"}, png = {.name = "x.png"}, alpha = {.name = "alpha.png"}, webp = {.name = "x.webp"};
    uint8_t        *made;
    fill(pixels, sizeof pixels);
    assert_ok(fov_jpeg_encode(&rgb, 90, &jpeg.file, &err));
    assert_ok(fov_png_encode(&rgb, &png.file, &err));
    assert_ok(fov_png_encode(&rgba, &alpha.file, &err));
    webp.file.size = WebPEncodeRGBA(pixels, WIDTH, HEIGHT, 4 * WIDTH, 80, &made);
    webp.file.data = made;
    starve("decode JPEG", decode, &jpeg);
    starve("decode PNG", decode, &png);
    starve("decode PNG with alpha", decode, &alpha);
    starve("decode WebP with alpha", decode, &webp);
    starve("encode", encode, &rgb);
    fov_buffer_clear(&jpeg.file);
    fov_buffer_clear(&png.file);
    fov_buffer_clear(&alpha.file);
    WebPFree(made);
}

static fov_status defer(const void *user, fov_error *e)
{
    const fov_photo_options options = {.defer = true};
    fov_photo              *photo = NULL;
    fov_status              st = fov_photo_load(user, &options, &photo, e);
    if (!st) st = fov_photo_finish(photo, e);
    fov_photo_free(photo);
    return st;
}

static fov_status load_mask(const void *user, fov_error *e)
{
    fov_image  mask;
    fov_status st = fov_mask_load(user, &mask, e);
    fov_mask_clear(&mask);
    return st;
}

static bool anything(const unsigned char *start, size_t bytes)
{
    (void)start;
    (void)bytes;
    return true;
}

/* What is read of a file whose size is not known grows in memory. */
static fov_status read_to_a_limit(const void *user, fov_error *e)
{
    fov_buffer       file = {0};
    const fov_status st = fov_file_read_if(user, anything, 8 << 20, &file, e);
    fov_buffer_clear(&file);
    return st == FOV_ERR_LIMIT ? FOV_OK : st;
}

static void files(void **state)
{
    (void)state;
    char       png[512], jpeg[512], cut[512];
    fov_photo *photo = picture_of_face();
    snprintf(png, sizeof png, "%s/x.png", test_folder());
    snprintf(jpeg, sizeof jpeg, "%s/x.jpg", test_folder());
    snprintf(cut, sizeof cut, "%s/cut.png", test_folder());
    picture_save(photo, png);
    picture_save(photo, jpeg);
    file_truncate(png, cut, 0.9);
    fov_photo_free(photo);
    starve_places("a photo that is decoded later", defer, jpeg);
    starve_places("a PNG that was cut off", defer, cut);
    starve_places("a mask of PNG", load_mask, png);
    starve_places("a mask of JPEG", load_mask, jpeg);
    starve_places("a file without a size", read_to_a_limit, "/dev/zero");
}

/* ---------------------------------------------------------------- models and engines are written, and described */

extern const fov_exporter fov_exporter_onnx, fov_exporter_safetensors, fov_exporter_wts;

typedef struct exporting {
    const fov_model    *model;
    const fov_exporter *exporter;
} exporting;

static fov_status export(const void *user, fov_error *e)
{
    const exporting *job = user;
    fov_buffer       file = {0};
    fov_status       st = job->exporter->export(job->model, &file, e);
    fov_buffer_clear(&file);
    return st;
}

static fov_status export_quantised(const void *user, fov_error *e)
{
    const fov_engine   *engine = user;
    const fov_onnx_note note = {"fovea.precision", "int8"};
    fov_graph          *graph = NULL;
    fov_buffer          file = {0};
    fov_status          st = fov_qdq_from_typed(engine->graph, &graph, e);
    if (!st) st = fov_onnx_write_detector(graph, &engine->settings, &note, &file, e);
    fov_buffer_clear(&file);
    fov_graph_free(graph);
    return st;
}

static fov_status verify(const void *user, fov_error *e)
{
    bool pass;
    return fov_engine_verify(user, &pass, NULL, e);
}

static fov_status find_raw(const void *user, fov_error *e)
{
    static const uint8_t pixels[3 * WIDTH * HEIGHT];
    const fov_image      image = {pixels, WIDTH, HEIGHT, (ptrdiff_t)3 * WIDTH, FOV_RGB8};
    fov_detector        *detector = NULL;
    fov_raw              raw;
    fov_status           st = fov_detector_new(user, &(fov_detector_options){.threads = 1}, &detector, e);
    if (!st) st = fov_detector_raw(detector, &image, NULL, &raw, e);
    fov_detector_free(detector);
    return st;
}

static void models_and_engines(void **state)
{
    (void)state;
    static const fov_exporter *const exporters[] = {&fov_exporter_onnx, &fov_exporter_safetensors, &fov_exporter_wts};
    fov_model                       *model;
    fov_calibration                 *ranges;
    fov_engine                      *engine;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    for (size_t i = 0; i < sizeof exporters / sizeof *exporters; i++)
        starve(exporters[i]->format, export, &(exporting){model, exporters[i]});
    assert_ok(fov_calibration_from_statistics(model, &ranges, &err));
    const fov_engine_options options = {.precision = FOV_PRECISION_INT8, .calibration = ranges, .keep_weights = true};
    assert_ok(fov_engine_build(model, &options, &engine, &err));
    starve("export an engine to ONNX", export_quantised, engine);
    starve_places("raw answers", find_raw, engine);
    fov_engine_free(engine);
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    starve_places("verify an engine", verify, engine);
    fov_engine_free(engine);
    fov_calibration_free(ranges);
    fov_model_free(model);
}

/* ---------------------------------------------------------------- ranges */

static fov_status calibrate(const void *user, fov_error *e)
{
    static uint8_t   pixels[3 * WIDTH * HEIGHT];
    const fov_image  image = {pixels, WIDTH, HEIGHT, (ptrdiff_t)3 * WIDTH, FOV_RGB8};
    fov_calibrator  *calibrator = NULL;
    fov_calibration *ranges = NULL;
    fill(pixels, sizeof pixels);
    fov_status st = fov_calibrator_new(user, &(fov_calibrator_options){.threads = 2}, &calibrator, e);
    if (!st) st = fov_calibrator_add(calibrator, &image, "a photo", e);
    for (int method = FOV_CALIBRATE_MSE; method <= FOV_CALIBRATE_ENTROPY && !st; method++) {
        st = fov_calibrator_finish(calibrator, (fov_calibration_method)method, 0, &ranges, e);
        fov_calibration_free(ranges);
    }
    fov_calibrator_free(calibrator);
    return st;
}

static fov_status use_statistics(const void *user, fov_error *e)
{
    fov_calibration *ranges;
    fov_status       st = fov_calibration_from_statistics(user, &ranges, e);
    fov_calibration_free(ranges);
    return st;
}

static void ranges_of_photos_and_of_statistics(void **state)
{
    (void)state;
    fov_model *model;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    starve_places("ranges of statistics", use_statistics, model);
    starve_places("ranges of a photo", calibrate, model);
    fov_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(photos),
        cmocka_unit_test(files),
        cmocka_unit_test(models_and_engines),
        cmocka_unit_test(ranges_of_photos_and_of_statistics),
    };
    return cmocka_run_group_tests_name("alloc_work", tests, NULL, NULL);
}
