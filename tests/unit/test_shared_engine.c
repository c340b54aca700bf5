// SPDX-License-Identifier: MIT
/* One engine, many threads, a detector each: what every thread finds is, to the bit, what one thread alone finds. */
#include "support.h"

#include <pthread.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 6, SIZES = 3, MOST = 64 };

static const int sides[SIZES][2] = {{160, 160}, {200, 150}, {96, 203}}; /* each detector walks through all: plans come and go */

typedef struct answer {
    size_t   count;
    fov_face face[MOST];
} answer;

typedef struct shared {
    const fov_engine *engine;
    fov_image         image[SIZES];
    answer            expected[SIZES];
    pthread_barrier_t start;
} shared;

typedef struct caller {
    shared    *shared;
    int        number, wrong;
    fov_status status;
    fov_error  err;
    pthread_t  thread;
} caller;

static fov_status find(fov_detector *detector, const fov_image *image, answer *out, fov_error *err)
{
    fov_detect_options options = fov_detect_options_default();
    fov_faces          faces;
    options.score_threshold = 0.05F;
    fov_status status = fov_detector_run(detector, image, &options, &faces, err);
    out->count = faces.count < MOST ? faces.count : MOST;
    if (out->count) memcpy(out->face, faces.face, out->count * sizeof *faces.face);
    return status;
}

static bool same(const answer *a, const answer *b)
{
    return a->count == b->count && !memcmp(a->face, b->face, a->count * sizeof *a->face);
}

/* Detectors are made and freed by the threads too, with pools of one to three threads. Asserts belong to the main thread. */
static void *detect_many(void *argument)
{
    caller              *c = argument;
    fov_detector_options options = {.threads = 1 + c->number % 3};
    fov_detector        *detector = NULL;
    pthread_barrier_wait(&c->shared->start);
    c->status = fov_detector_new(c->shared->engine, &options, &detector, &c->err);
    for (int i = 0; i < ROUNDS && !c->status; i++) {
        const int size = (i + c->number) % SIZES;
        answer    now;
        c->status = find(detector, &c->shared->image[size], &now, &c->err);
        c->wrong += !c->status && !same(&now, &c->shared->expected[size]);
    }
    fov_detector_free(detector);
    return NULL;
}

static void run_callers(shared *s)
{
    caller callers[THREADS] = {0};
    assert_int_equal(pthread_barrier_init(&s->start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        callers[i].shared = s;
        callers[i].number = i;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, detect_many, &callers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(callers[i].thread, NULL);
    pthread_barrier_destroy(&s->start);
    for (int i = 0; i < THREADS; i++) {
        if (callers[i].status) fail_msg("thread %d: %s", i, callers[i].err.message);
        assert_int_equal(callers[i].wrong, 0);
    }
}

static fov_engine *engine_of_bundled_model(void)
{
    fov_error   err;
    fov_model  *model;
    fov_engine *engine;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, NULL, &engine, &err));
    fov_model_free(model);
    return engine;
}

static void eight_detectors_share_an_engine(void **state)
{
    fov_error     err;
    fov_photo    *photo;
    fov_detector *alone;
    static shared s;
    (void)state;
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &photo, &err));
    fov_engine *engine = engine_of_bundled_model();
    s.engine = engine;
    assert_ok(fov_detector_new(engine, &(fov_detector_options){.threads = 1}, &alone, &err));
    for (int i = 0; i < SIZES; i++) {
        s.image[i] = fov_photo_image(photo);
        s.image[i].data += 40 * s.image[i].pitch + 3 * 150; /* where the face is */
        s.image[i].width = sides[i][0];
        s.image[i].height = sides[i][1];
        assert_ok(find(alone, &s.image[i], &s.expected[i], &err));
        assert_true(s.expected[i].count > 0);
    }
    run_callers(&s);
    fov_detector_free(alone);
    fov_engine_free(engine);
    fov_photo_free(photo);
}

static void *load_and_build(void *argument)
{
    caller     *c = argument;
    fov_model  *model = NULL;
    fov_engine *engine = NULL;
    char       *text = NULL;
    c->status = fov_model_load("default", NULL, &model, &c->err);
    if (!c->status) c->status = fov_engine_build(model, NULL, &engine, &c->err);
    if (!c->status) c->status = fov_engine_describe_json(engine, 64, 64, &text, &c->err);
    fov_string_free(text);
    fov_engine_free(engine);
    fov_model_free(model);
    return NULL;
}

static void models_and_engines_are_made_in_parallel(void **state)
{
    caller callers[THREADS / 2] = {0};
    (void)state;
    for (int i = 0; i < THREADS / 2; i++)
        assert_int_equal(pthread_create(&callers[i].thread, NULL, load_and_build, &callers[i]), 0);
    for (int i = 0; i < THREADS / 2; i++) {
        pthread_join(callers[i].thread, NULL);
        if (callers[i].status) fail_msg("thread %d: %s", i, callers[i].err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_detectors_share_an_engine),
        cmocka_unit_test(models_and_engines_are_made_in_parallel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
