// SPDX-License-Identifier: MIT
/* Many sessions on one engine while models come and go around them; and the same faces, to the bit, for every number of threads
 * and every size of a batch, in every precision. Whoever gets stuck is told on: no deadlock ends in a silent time-out. */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SESSIONS = 64, ROUNDS = 3, LOADERS = 2, BUILDERS = 4, THREADS = 16, PHOTOS = 8, MOST = 64, STUCK_S = 300 };

typedef struct answer {
    size_t   count;
    fov_face face[MOST];
} answer;

typedef struct work {
    fov_photo        *photo;
    const fov_engine *engine;
    fov_image         image[PHOTOS];
    answer            expected[PHOTOS];
    pthread_barrier_t start;
    atomic_int        running; /* sessions that are not through */
} work;

typedef struct caller {
    work      *work;
    int        number, wrong, loaded;
    fov_status status;
    fov_error  err;
    pthread_t  thread;
} caller;

/* ---------------------------------------------------------------- the watch */

static atomic_uint steps; /* that anybody made, in any test */
static atomic_bool over;

static void a_step(void)
{
    atomic_fetch_add(&steps, 1);
}

/* A process that makes no step for STUCK_S seconds is stuck. A thread, for cmocka has no time limits. */
static void *watch(void *nothing)
{
    unsigned before = atomic_load(&steps);
    for (int quiet_s = 0; !atomic_load(&over); quiet_s++) {
        sleep(1);
        const unsigned now = atomic_load(&steps);
        if (now != before) quiet_s = 0;
        before = now;
        if (quiet_s < STUCK_S) continue;
        fprintf(stderr, "deadlock: nobody made a step in %d s\n", STUCK_S);
        abort();
    }
    return nothing;
}

static pthread_t watcher;

static int begin_to_watch(void **state)
{
    (void)state;
    return pthread_create(&watcher, NULL, watch, NULL);
}

static int end_the_watch(void **state)
{
    (void)state;
    atomic_store(&over, true);
    return pthread_join(watcher, NULL);
}

/* ---------------------------------------------------------------- photos and what is expected of them */

static fov_detect_options options_of_all(void)
{
    fov_detect_options o = fov_detect_options_default();
    o.score_threshold = 0.05F;
    return o;
}

static void keep(const fov_faces *faces, answer *out)
{
    out->count = faces->count < MOST ? faces->count : MOST;
    if (out->count) memcpy(out->face, faces->face, out->count * sizeof *faces->face);
}

static bool same(const answer *a, const answer *b)
{
    return a->count == b->count && !memcmp(a->face, b->face, a->count * sizeof *a->face);
}

static fov_status find(fov_detector *detector, const fov_image *image, answer *out, fov_error *err)
{
    const fov_detect_options options = options_of_all();
    fov_faces                faces = {0};
    fov_status               status = fov_detector_run(detector, image, &options, &faces, err);
    keep(&faces, out);
    return status;
}

static fov_engine *engine_in(fov_precision precision)
{
    fov_error   err;
    fov_model  *model;
    fov_engine *engine;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, &(fov_engine_options){.precision = precision}, &engine, &err));
    fov_model_free(model);
    return engine;
}

/* Windows of different sizes around the face. What is expected of them is what one thread finds alone. */
static void prepare(work *w, const fov_engine *engine)
{
    fov_error     err;
    fov_detector *alone;
    w->engine = engine;
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &w->photo, &err));
    assert_ok(fov_detector_new(engine, &(fov_detector_options){.threads = 1}, &alone, &err));
    for (int i = 0; i < PHOTOS; i++) {
        w->image[i] = fov_photo_image(w->photo);
        w->image[i].data += (40 + i) * w->image[i].pitch + 3 * 150;
        w->image[i].width = 128 + 16 * (i % 3);
        w->image[i].height = 150 + 9 * (i % 2);
        assert_ok(find(alone, &w->image[i], &w->expected[i], &err));
        assert_true(w->expected[i].count > 0);
    }
    fov_detector_free(alone);
}

/* ---------------------------------------------------------------- sessions */

static void *be_a_session(void *argument)
{
    caller              *c = argument;
    work                *w = c->work;
    fov_detector        *detector = NULL;
    fov_detector_options options = {.threads = c->number % 8 ? 1 : 2};
    pthread_barrier_wait(&w->start);
    for (int i = 0; i < ROUNDS && !c->status; i++) {
        const int photo = (i + c->number) % PHOTOS;
        answer    now = {0};
        if (!detector) c->status = fov_detector_new(w->engine, &options, &detector, &c->err);
        if (!c->status) c->status = find(detector, &w->image[photo], &now, &c->err);
        c->wrong += !c->status && !same(&now, &w->expected[photo]);
        if (c->number % 2) { /* every other session begins anew for each photo */
            fov_detector_free(detector);
            detector = NULL;
        }
        a_step();
    }
    fov_detector_free(detector);
    atomic_fetch_sub(&w->running, 1);
    return NULL;
}

/* Models and engines are loaded, used and dropped for as long as anybody works. */
static void *load_and_unload(void *argument)
{
    static const fov_precision precisions[] = {FOV_PRECISION_FP32, FOV_PRECISION_FP16};
    caller                    *c = argument;
    while (atomic_load(&c->work->running) > 0 && !c->status) {
        fov_model               *model = NULL;
        fov_engine              *engine = NULL;
        fov_detector            *detector = NULL;
        answer                   now = {0};
        const fov_engine_options options = {.precision = precisions[(c->number + c->loaded) % 2]};
        c->status = fov_model_load("default", NULL, &model, &c->err);
        if (!c->status) c->status = fov_engine_build(model, &options, &engine, &c->err);
        fov_model_free(model);
        if (!c->status) c->status = fov_detector_new(engine, &(fov_detector_options){.threads = 1}, &detector, &c->err);
        if (!c->status) c->status = find(detector, &c->work->image[0], &now, &c->err);
        fov_detector_free(detector);
        fov_engine_free(engine);
        c->loaded++;
        a_step();
    }
    return NULL;
}

static void start(caller *c, work *w, int number, void *(*run)(void *))
{
    *c = (caller){.work = w, .number = number};
    assert_int_equal(pthread_create(&c->thread, NULL, run, c), 0);
}

static void sessions_share_an_engine_while_models_come_and_go(void **state)
{
    static work   w;
    static caller sessions[SESSIONS], loaders[LOADERS];
    fov_engine   *engine = engine_in(FOV_PRECISION_FP32);
    (void)state;
    prepare(&w, engine);
    atomic_store(&w.running, SESSIONS);
    assert_int_equal(pthread_barrier_init(&w.start, NULL, SESSIONS), 0);
    for (int i = 0; i < LOADERS; i++) start(&loaders[i], &w, i, load_and_unload);
    for (int i = 0; i < SESSIONS; i++) start(&sessions[i], &w, i, be_a_session);
    for (int i = 0; i < SESSIONS; i++) pthread_join(sessions[i].thread, NULL);
    for (int i = 0; i < LOADERS; i++) pthread_join(loaders[i].thread, NULL);
    pthread_barrier_destroy(&w.start);
    for (int i = 0; i < SESSIONS; i++) {
        if (sessions[i].status) fail_msg("session %d: %s", i, sessions[i].err.message);
        assert_int_equal(sessions[i].wrong, 0);
    }
    for (int i = 0; i < LOADERS; i++) {
        if (loaders[i].status) fail_msg("loader %d: %s", i, loaders[i].err.message);
        assert_true(loaders[i].loaded > 0);
    }
    fov_engine_free(engine);
    fov_photo_free(w.photo);
}

/* ---------------------------------------------------------------- building */

static void *load_and_build(void *argument)
{
    caller     *c = argument;
    fov_model  *model = NULL;
    fov_engine *engine = NULL;
    char       *text = NULL;
    c->status = fov_model_load("default", NULL, &model, &c->err);
    if (!c->status) c->status = fov_engine_build(model, NULL, &engine, &c->err);
    a_step();
    if (!c->status) c->status = fov_engine_describe_json(engine, 64, 64, &text, &c->err);
    fov_string_free(text);
    fov_engine_free(engine);
    fov_model_free(model);
    a_step();
    return NULL;
}

static void models_and_engines_are_made_in_parallel(void **state)
{
    caller callers[BUILDERS] = {0};
    (void)state;
    for (int i = 0; i < BUILDERS; i++) assert_int_equal(pthread_create(&callers[i].thread, NULL, load_and_build, &callers[i]), 0);
    for (int i = 0; i < BUILDERS; i++) {
        pthread_join(callers[i].thread, NULL);
        if (callers[i].status) fail_msg("thread %d: %s", i, callers[i].err.message);
    }
}

/* ---------------------------------------------------------------- threads and batches */

static void check_batches(const work *w, fov_detector *detector, int threads)
{
    static const size_t      batches[] = {1, 2, 3, 5, PHOTOS};
    const fov_detect_options options = options_of_all();
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
        for (size_t first = 0; first + batches[b] <= PHOTOS; first += batches[b]) {
            fov_error err;
            fov_faces faces[PHOTOS];
            answer    now = {0};
            assert_ok(fov_detector_run_batch(detector, &w->image[first], batches[b], &options, faces, &err));
            a_step();
            for (size_t i = 0; i < batches[b]; i++) {
                keep(&faces[i], &now);
                if (!same(&now, &w->expected[first + i]))
                    fail_msg("photo %zu in a batch of %zu on %d threads: other faces than alone on one", first + i, batches[b],
                             threads);
            }
        }
}

/* @param engine is freed */
static void same_faces_at_every_number_of_threads(fov_engine *engine)
{
    work w;
    prepare(&w, engine);
    for (int threads = 1; threads <= THREADS; threads++) {
        fov_error     err;
        fov_detector *detector;
        assert_ok(fov_detector_new(engine, &(fov_detector_options){.threads = threads}, &detector, &err));
        check_batches(&w, detector, threads);
        fov_detector_free(detector);
    }
    fov_engine_free(engine);
    fov_photo_free(w.photo);
}

static void same_faces_in_fp32(void **state)
{
    (void)state;
    same_faces_at_every_number_of_threads(engine_in(FOV_PRECISION_FP32));
}

static void same_faces_in_fp16(void **state)
{
    (void)state;
    same_faces_at_every_number_of_threads(engine_in(FOV_PRECISION_FP16));
}

static void same_faces_in_bf16(void **state)
{
    (void)state;
    same_faces_at_every_number_of_threads(engine_in(FOV_PRECISION_BF16));
}

static void same_faces_in_int8(void **state)
{
    (void)state;
    same_faces_at_every_number_of_threads(engine_in(FOV_PRECISION_INT8));
}

/* As the bundled engine is. */
static void same_faces_in_mixed(void **state)
{
    fov_engine *engine;
    fov_error   err;
    (void)state;
    assert_ok(fov_engine_open(source_path("models/fovea_mnet025.fov"), NULL, NULL, &engine, &err));
    assert_string_equal(fov_precision_name(fov_engine_precision(engine)), "mixed");
    same_faces_at_every_number_of_threads(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_share_an_engine_while_models_come_and_go),
        cmocka_unit_test(models_and_engines_are_made_in_parallel),
        cmocka_unit_test(same_faces_in_fp32),
        cmocka_unit_test(same_faces_in_fp16),
        cmocka_unit_test(same_faces_in_bf16),
        cmocka_unit_test(same_faces_in_int8),
        cmocka_unit_test(same_faces_in_mixed),
    };
    return cmocka_run_group_tests(tests, begin_to_watch, end_the_watch);
}
