// SPDX-License-Identifier: MIT
/* The whole way, checkpoint and PNG to raw outputs and faces, against what ONNX Runtime FP32 recorded in ../shared/golden. */
#include "npy.h"
#include "support.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A float32 network of some 30 layers; the recorded values are themselves rounded at every layer. */
#define RAW_TOLERANCE 1e-4F
#define SCORE_TOLERANCE 1e-3F
#define LEAST_IOU 0.99F

typedef struct subject {
    const char *model, *golden, *settings;
} subject;

static const subject subjects[] = {
    {"models/retinaface/mobilenet0.25_Final.pth", "mobilenet0.25_Final", NULL},
    {"models/retinaface/mnet025_official.wts", "mobilenet0.25_Final", NULL},
    {"models/retinaface/mnet025_official_opset14.onnx", "mobilenet0.25_Final", NULL},
    {"models/retinaface/mnet025_b.pth", "mnet025_b", NULL},
    {"models/retinaface/mnet025_relu.pth", "mnet025_relu", "leaky = 0"},
    {"models/default/fovea_mnet025.pth", "fovea_mnet025", NULL},
    {"default", "fovea_mnet025", NULL},
};

static const char *const inputs[] = {"a_640x640", "b_320x256", "c_608x800"};

static fov_detector *open_detector(const subject *s, fov_engine **engine)
{
    fov_error         err;
    fov_model_options options = {.settings = s->settings};
    fov_model        *model = NULL;
    fov_detector     *detector = NULL;
    const char       *path = strcmp(s->model, "default") ? shared_path(s->model) : s->model;
    assert_non_null(path);
    assert_ok(fov_model_load(path, &options, &model, &err));
    assert_ok(fov_engine_build(model, NULL, engine, &err));
    fov_model_free(model);
    assert_ok(fov_detector_new(*engine, NULL, &detector, &err));
    return detector;
}

static fov_photo *open_photo(const char *path)
{
    fov_error  err;
    fov_photo *photo = NULL;
    assert_non_null(path);
    assert_ok(fov_photo_load(path, NULL, &photo, &err));
    return photo;
}

/* ---------------------------------------------------------------- raw outputs */

static float worst_difference(const char *golden, const char *input, const char *what, const float *got, size_t count)
{
    char   name[256];
    size_t n = 0;
    float  worst = 0;
    snprintf(name, sizeof name, "golden/%s/%s.%s.npy", golden, input, what);
    float *expected = shared_path(name) ? npy_load(shared_path(name), &n) : NULL;
    if (!expected) return -1;
    assert_int_equal(n, count);
    for (size_t i = 0; i < n; i++) {
        float d = fabsf(expected[i] - got[i]);
        if (!(d <= worst)) worst = d; /* a NaN is the worst */
    }
    free(expected);
    return worst;
}

static int check_input(fov_detector *detector, const subject *s, const char *input)
{
    fov_error          err;
    fov_raw            raw;
    fov_detect_options options = fov_detect_options_default();
    char               name[256];
    options.resize = FOV_RESIZE_NATIVE;
    snprintf(name, sizeof name, "golden/inputs/%s.png", input);
    fov_photo *photo = open_photo(shared_path(name));
    fov_image  image = fov_photo_image(photo);
    assert_ok(fov_detector_raw(detector, &image, &options, &raw, &err));
    float box = worst_difference(s->golden, input, "bbox", raw.boxes, raw.count * 4);
    float score = worst_difference(s->golden, input, "conf", raw.scores, raw.count * 2);
    float landmark = worst_difference(s->golden, input, "landmarks", raw.landmarks, raw.count * 10);
    fov_photo_free(photo);
    if (box < 0) return 0; /* not recorded for this model */
    print_message("%s %s: max difference boxes %.2e scores %.2e landmarks %.2e\n", s->model, input, (double)box, (double)score,
                  (double)landmark);
    assert_true(box <= RAW_TOLERANCE && score <= RAW_TOLERANCE && landmark <= RAW_TOLERANCE);
    return 1;
}

static void raw_outputs(void **state)
{
    const subject *s = *state;
    fov_engine    *engine = NULL;
    int            checked = 0;
    NEED_SHARED(golden, "golden/inputs/b_320x256.png");
    fov_detector *detector = open_detector(s, &engine);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) checked += check_input(detector, s, inputs[i]);
    fov_detector_free(detector);
    fov_engine_free(engine);
    assert_true(checked >= 2);
}

/* ---------------------------------------------------------------- faces of photos */

static float iou(const float *a, const float *b)
{
    float w = fminf(a[2], b[2]) - fmaxf(a[0], b[0]), h = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
    if (w <= 0 || h <= 0) return 0;
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h);
}

static void read_box(const json_t *face, float *box)
{
    for (size_t i = 0; i < 4; i++) box[i] = (float)json_number_value(json_array_get(json_object_get(face, "box"), i));
}

/* The recorded face that a found one matches best; each may be taken once. */
static const json_t *take_match(const json_t *expected, bool *taken, const fov_face *face)
{
    size_t best = SIZE_MAX;
    float  best_iou = 0, box[4];
    for (size_t i = 0; i < json_array_size(expected); i++) {
        read_box(json_array_get(expected, i), box);
        if (!taken[i] && iou(box, face->box) > best_iou) {
            best_iou = iou(box, face->box);
            best = i;
        }
    }
    if (best == SIZE_MAX) return NULL;
    taken[best] = true;
    return json_array_get(expected, best);
}

static void check_face(const json_t *expected, const fov_face *face)
{
    float box[4];
    assert_non_null(expected);
    read_box(expected, box);
    assert_true(iou(box, face->box) > LEAST_IOU);
    assert_true(fabsf((float)json_number_value(json_object_get(expected, "score")) - face->score) <= SCORE_TOLERANCE);
    const json_t *landmarks = json_object_get(expected, "landmarks");
    for (size_t i = 0; i < 10; i++)
        assert_true(fabsf((float)json_number_value(json_array_get(landmarks, i)) - face->landmarks[i / 2][i % 2]) < 0.5F);
}

static void check_photo(fov_detector *detector, const char *file, const json_t *expected)
{
    fov_error          err;
    fov_faces          faces;
    char               name[256];
    bool               taken[1024] = {false};
    fov_detect_options options = fov_detect_options_default();
    options.resize = FOV_RESIZE_NATIVE;
    snprintf(name, sizeof name, "photos/%s", file);
    fov_photo *photo = open_photo(shared_path(name));
    fov_image  image = fov_photo_image(photo);
    assert_true(json_array_size(expected) <= 1024);
    assert_ok(fov_detector_run(detector, &image, &options, &faces, &err));
    if (faces.count != json_array_size(expected))
        print_message("%s: %zu faces, %zu recorded\n", file, faces.count, json_array_size(expected));
    assert_int_equal(faces.count, json_array_size(expected));
    for (size_t i = 0; i < faces.count; i++) check_face(take_match(expected, taken, &faces.face[i]), &faces.face[i]);
    fov_photo_free(photo);
}

static void same_faces(void **state)
{
    const subject *s = *state;
    fov_engine    *engine = NULL;
    char           name[256];
    const char    *file;
    json_t        *expected;
    snprintf(name, sizeof name, "golden/%s/faces.json", s->golden);
    NEED_SHARED(path, name);
    json_t *photos = json_load_file(path, 0, NULL);
    assert_true(json_object_size(photos) >= 10);
    fov_detector *detector = open_detector(s, &engine);
    json_object_foreach(photos, file, expected) check_photo(detector, file, expected);
    fov_detector_free(detector);
    fov_engine_free(engine);
    json_decref(photos);
}

int main(void)
{
    enum { COUNT = sizeof subjects / sizeof *subjects };
    struct CMUnitTest tests[2 * COUNT];
    char              names[2 * COUNT][256];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[2 * i], sizeof *names, "raw outputs of %s", subjects[i].model);
        snprintf(names[2 * i + 1], sizeof *names, "faces of %s", subjects[i].model);
        tests[2 * i] = (struct CMUnitTest){names[2 * i], raw_outputs, NULL, NULL, (void *)&subjects[i]};
        tests[2 * i + 1] = (struct CMUnitTest){names[2 * i + 1], same_faces, NULL, NULL, (void *)&subjects[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
