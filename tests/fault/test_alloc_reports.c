// SPDX-License-Identifier: MIT
/* Memory runs out while it is told what was found: ground truth, average precision, comparisons, tracks, descriptions. */
#include "pictures.h"
#include "starve.h"

#include <string.h>

static fov_error err;

static const char *path_of(const char *name)
{
    static char ring[4][512];
    static int  next;
    char       *path = ring[next++ % 4];
    snprintf(path, sizeof ring[0], "%s/%s", test_folder(), name);
    return path;
}

static fov_engine *default_engine(void)
{
    fov_engine *engine;
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    return engine;
}

/* What gives a string has no status: it is NULL without memory. */
static fov_status is_there(char *text, fov_error *e)
{
    if (!text) {
        e->code = FOV_ERR_MEMORY;
        snprintf(e->message, sizeof e->message, "no memory for a text");
    }
    fov_string_free(text);
    return text ? FOV_OK : FOV_ERR_MEMORY;
}

/* ---------------------------------------------------------------- average precision */

static const char json[] =
    "[{\"file\": \"face.png\", \"boxes\": [[150, 40, 120, 140], [0, 0, 9, 9]], \"easy\": [0], \"medium\": [0], "
    "\"hard\": [0, 1]}]";
static const char text[] = "face.png\n2\n150 40 120 140 0 0 0 0 0 0\n0 0 9 9 0 0 0 0 0 0\n";

static fov_status load_truth(const void *user, fov_error *e)
{
    fov_truth *truth;
    fov_status st = fov_truth_load(user, &truth, e);
    fov_truth_free(truth);
    return st;
}

typedef struct evaluating {
    const fov_engine *engine;
    const fov_truth  *truth;
} evaluating;

static fov_status evaluate(const void *user, fov_error *e)
{
    const evaluating          *job = user;
    const fov_entrant          entrants[] = {{"one", job->engine}, {"two", job->engine}};
    const fov_evaluate_options options = {.threads = 2, .detections = path_of("detections")};
    fov_evaluation            *evaluation = NULL;
    fov_status                 st = fov_evaluate(entrants, 2, job->truth, test_folder(), &options, &evaluation, e);
    if (!st) st = is_there(fov_evaluation_json(evaluation), e);
    if (!st) st = fov_evaluation_save_curves(evaluation, path_of("curves.svg"), e);
    if (!st) st = fov_evaluation_save_curves(evaluation, path_of("curves.png"), e);
    fov_evaluation_free(evaluation);
    return st;
}

static void average_precision(void **state)
{
    (void)state;
    fov_photo  *photo = picture_of_face();
    fov_engine *engine = default_engine();
    fov_truth  *truth;
    picture_save(photo, path_of("face.png"));
    fov_photo_free(photo);
    file_write(path_of("truth.json"), json, sizeof json - 1);
    file_write(path_of("truth.txt"), text, sizeof text - 1);
    starve_places("ground truth as JSON", load_truth, path_of("truth.json"));
    starve_places("ground truth as text", load_truth, path_of("truth.txt"));
    assert_ok(fov_truth_load(path_of("truth.json"), &truth, &err));
    starve_places("evaluate", evaluate, &(evaluating){engine, truth});
    fov_truth_free(truth);
    fov_engine_free(engine);
}

static void matlab_files(void **state)
{
    (void)state;
    const char      *folder = source_path("tests/fixtures/wider");
    fov_truth       *truth;
    const fov_status st = fov_truth_load(folder, &truth, &err);
    fov_truth_free(truth);
    if (st == FOV_ERR_UNSUPPORTED) {
        print_message("skipped: %s\n", err.message);
        skip();
    }
    assert_ok(st);
    starve_places("ground truth as MATLAB files", load_truth, folder);
}

/* ---------------------------------------------------------------- comparisons and descriptions */

static fov_status make_photo(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    (void)user;
    (void)index;
    return fov_photo_load(path_of("face.png"), NULL, photo, e);
}

static const fov_photo_source one_photo = {1, make_photo, NULL};

static fov_status compare(const void *user, fov_error *e)
{
    const fov_engine *const  *pair = user;
    const fov_compare_options options = {.layers = true, .threads = 2};
    fov_comparison           *comparison = NULL;
    fov_status                st = fov_compare(pair[0], pair[1], &one_photo, &options, &comparison, e);
    if (!st) st = is_there(fov_comparison_json(comparison), e);
    if (!st) st = fov_comparison_save_html(comparison, path_of("page.html"), e);
    fov_comparison_free(comparison);
    return st;
}

static fov_status describe(const void *user, fov_error *e)
{
    static const uint8_t pixels[64 * 64 * 3];
    const fov_image      image = {pixels, 64, 64, 192, FOV_RGB8};
    fov_detector        *detector = NULL;
    char                *made = NULL;
    fov_status           st = fov_engine_describe_json(user, 64, 64, &made, e);
    fov_string_free(made);
    made = NULL;
    if (!st) st = fov_detector_new(user, &(fov_detector_options){.threads = 1}, &detector, e);
    if (!st) st = fov_detector_profile_json(detector, &image, NULL, 1, NULL, NULL, &made, e);
    fov_string_free(made);
    fov_detector_free(detector);
    return st;
}

static fov_status tell_health(const void *user, fov_error *e)
{
    char      *made = NULL;
    fov_status st = fov_model_health_json(user, FOV_PRECISION_FP16, &made, e);
    fov_string_free(made);
    return st;
}

static void comparisons_and_descriptions(void **state)
{
    (void)state;
    fov_photo  *photo = picture_of_face();
    fov_model  *model;
    fov_engine *pair[2] = {NULL, default_engine()};
    picture_save(photo, path_of("face.png"));
    fov_photo_free(photo);
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, &(fov_engine_options){.precision = FOV_PRECISION_FP32}, &pair[0], &err));
    starve_places("compare, and write the page", compare, pair);
    starve_places("describe and profile", describe, pair[1]);
    starve_places("health of weights", tell_health, model);
    fov_engine_free(pair[0]);
    fov_engine_free(pair[1]);
    fov_model_free(model);
}

/* ---------------------------------------------------------------- tracks, pictures of faces */

static fov_status follow(const void *user, fov_error *e)
{
    static const uint8_t pixels[64 * 64 * 3];
    const fov_image      image = {pixels, 64, 64, 192, FOV_RGB8};
    fov_tracker         *tracker = NULL;
    fov_tracks          *tracks = NULL;
    (void)user;
    fov_status st = fov_tracker_new(NULL, &tracker, e);
    for (int i = 0; !st && i < 60; i++) {
        const fov_face face[2] = {{.box = {9, 9, 40, 40}, .score = 1}, {.box = {40, 40, 60, 60}, .score = 0.9F}};
        st = fov_tracker_add(tracker, i * 0.04, &image, &(fov_faces){i % 7 ? 2 : 0, face}, e);
    }
    if (!st) st = fov_tracker_finish(tracker, &tracks, e);
    fov_tracker_free(tracker);
    if (!st) st = fov_tracks_save(tracks, "a video", path_of("review.json"), e);
    fov_tracks_free(tracks);
    if (!st) st = fov_tracks_load(path_of("review.json"), &tracks, e);
    else return st;
    fov_tracks_free(tracks);
    return st;
}

static fov_status show_faces(const void *user, fov_error *e)
{
    const fov_face  face = {.box = {9, 9, 40, 40}, .landmarks = {{15, 20}, {30, 20}, {22, 28}, {16, 33}, {29, 33}}, .score = 1};
    const fov_faces faces = {1, &face};
    fov_photo      *photo = NULL, *crop = NULL;
    (void)user;
    fov_status st = fov_photo_new(64, 64, &photo, e);
    if (!st) st = fov_faces_draw(&faces, photo, e);
    if (!st) st = fov_faces_hide(&faces, NULL, photo, e);
    if (!st) {
        const fov_image image = fov_photo_image(photo);
        st = fov_face_crop(&image, &face, 112, &crop, e);
        if (!st) st = fov_image_save(&image, path_of("shown.png"), 90, e);
    }
    fov_photo_free(crop);
    fov_photo_free(photo);
    return st;
}

static void tracks_and_pictures(void **state)
{
    (void)state;
    starve("follow faces", follow, NULL);
    starve("draw, hide, crop", show_faces, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(average_precision),
        cmocka_unit_test(matlab_files),
        cmocka_unit_test(comparisons_and_descriptions),
        cmocka_unit_test(tracks_and_pictures),
    };
    return cmocka_run_group_tests_name("alloc_reports", tests, NULL, NULL);
}
