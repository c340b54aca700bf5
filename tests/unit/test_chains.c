// SPDX-License-Identifier: MIT
/* Steps that run several layers, and rows that go straight into the first of them, against the same network layer by layer: what
 * an observed run does. */
#include "support.h"

#include "api/detector.h"
#include "engine/engine.h"

#include <string.h>

static fov_photo *photo;

static int set_up(void **state)
{
    (void)state;
    fov_error err;
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &photo, &err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fov_photo_free(photo);
    return 0;
}

static fov_engine *engine_in(fov_precision precision)
{
    fov_error          err;
    fov_model         *model;
    fov_engine        *engine;
    fov_engine_options options = {.precision = precision};
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, &options, &engine, &err));
    fov_model_free(model);
    return engine;
}

static fov_status count_steps(void *context, const fov_plan *plan, const fov_step *step, fov_error *err)
{
    (void)err;
    assert_true(plan->whole && !plan->takes_rows);
    assert_true(step->node[0] == FOV_NONE || step->nodes == 1);
    ++*(int *)context;
    return FOV_OK;
}

static void check_same(const fov_faces *a, const fov_faces *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->face, b->face, a->count * sizeof *a->face);
}

/* A low threshold, so that many answers are compared. */
static void compare_at(const fov_engine *engine, int side, int threads)
{
    const fov_detector_options with = {.threads = threads};
    const fov_image            image = fov_photo_image(photo);
    fov_detect_options         options = fov_detect_options_default();
    fov_detector              *chained, *whole;
    fov_faces                  a, b;
    fov_error                  err;
    int                        steps = 0;
    options.resize = FOV_RESIZE_LETTERBOX;
    options.width = side;
    options.height = side - 32;
    options.score_threshold = 0.02F;
    options.nms_iou = 1;
    assert_ok(fov_detector_new(engine, &with, &chained, &err));
    assert_ok(fov_detector_new(engine, &with, &whole, &err));
    assert_ok(fov_detector_run(chained, &image, &options, &a, &err));
    assert_ok(fov_detector_run_observed(whole, &image, &options, count_steps, &steps, &b, &err));
    assert_true(a.count > 5 && steps > 40);
    check_same(&a, &b);
    assert_true(fov_detector_memory(chained) < fov_detector_memory(whole));
    assert_ok(fov_detector_run(whole, &image, &options, &b, &err)); /* the other plan of the same detector */
    check_same(&a, &b);
    fov_detector_free(chained);
    fov_detector_free(whole);
}

static void chained_layers_give_the_same_bits(void **state)
{
    (void)state;
    static const fov_precision precisions[] = {FOV_PRECISION_FP32, FOV_PRECISION_FP16, FOV_PRECISION_BF16, FOV_PRECISION_INT8};
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        fov_engine *engine = engine_in(precisions[i]);
        assert_true(engine->chained >= 10);
        compare_at(engine, 320, 1);
        compare_at(engine, 224, 3);
        fov_engine_free(engine);
    }
}

static void a_batch_in_rows_is_what_single_photos_are(void **state)
{
    (void)state;
    fov_engine        *engine = engine_in(FOV_PRECISION_INT8);
    fov_detect_options options = fov_detect_options_default();
    fov_image          images[3];
    fov_faces          together[3], alone;
    fov_detector      *batch, *single;
    fov_error          err;
    options.score_threshold = 0.02F;
    for (int i = 0; i < 3; i++) {
        images[i] = fov_photo_image(photo);
        images[i].data += 3 * 40 * i;
        images[i].width = images[i].height = 400;
    }
    assert_ok(fov_detector_new(engine, NULL, &batch, &err));
    assert_ok(fov_detector_new(engine, NULL, &single, &err));
    assert_ok(fov_detector_run_batch(batch, images, 3, &options, together, &err));
    for (int i = 0; i < 3; i++) {
        assert_ok(fov_detector_run(single, &images[i], &options, &alone, &err));
        check_same(&together[i], &alone);
    }
    fov_detector_free(batch);
    fov_detector_free(single);
    fov_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chained_layers_give_the_same_bits),
        cmocka_unit_test(a_batch_in_rows_is_what_single_photos_are),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
