// SPDX-License-Identifier: MIT
/* Every call of the driver fails in turn, and memory runs out, the device's and the host's: each time a status with a message,
 * nothing is leaked on the host or the device, and what goes on goes on right. */
#include "alloc_probe.h"
#include "engines.h"
#include "fake_driver.h"
#include "program.h"
#include "starve.h"

#include "api/detector.h"
#include "backend/cuda/device.h"
#include "base/alloc.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32 };

static fov_error                      err;
static __typeof__(fake_driver_fail)  *fail_call;
static __typeof__(fake_driver_calls) *count_calls;
static unsigned char                 *file; /* the engine that is loaded */
static size_t                         file_bytes;
static uint8_t                        pixels[4 * SIDE * 4 * SIDE * 3];

static int set_up(void **state)
{
    (void)state;
    void *driver = dlopen("libcuda.so.1", RTLD_NOW);
    assert_non_null(driver);
    *(void **)&fail_call = dlsym(driver, "fake_driver_fail");
    *(void **)&count_calls = dlsym(driver, "fake_driver_calls");
    assert_true(fail_call && count_calls);
    setenv("XDG_CACHE_HOME", test_folder(), 1);
    fov_engine *engine = small_engine(FOV_PRECISION_MIXED, NULL);
    file = engine_bytes(engine, &file_bytes);
    fov_engine_free(engine);
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 31 % 251);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fov_free(file);
    return 0;
}

static fov_image image_of(int width, int height)
{
    return (fov_image){pixels, width, height, 3 * (ptrdiff_t)width, FOV_RGB8};
}

/* What the device has left. */
static size_t free_bytes(void)
{
    const fov_cuda_device *device;
    size_t                 left = 0, total;
    assert_ok(fov_cuda_device_open(0, &device, &err));
    assert_ok(fov_cuda_device_use(device, &err));
    assert_int_equal(device->driver->MemGetInfo(&left, &total), CUDA_SUCCESS);
    return left;
}

static fov_status load(fov_engine **engine)
{
    return fov_engine_load_memory(file, file_bytes, "test", &(fov_engine_options){.backend = "cuda"}, engine, &err);
}

static fov_status run(fov_detector *d, int width, int height, fov_faces *faces)
{
    const fov_image    image = image_of(width, height);
    fov_detect_options options = fov_detect_options_default();
    options.score_threshold = 0.3F;
    return fov_detector_run(d, &image, &options, faces, &err);
}

static const fov_detector_options one_thread = {.threads = 1};

/* ---------------------------------------------------------------- from the beginning */

/* As the process has not yet done; but that leaves it open, so nothing is left to survey. */
static void opening_a_gpu_without_memory_of_the_host(void **state)
{
    (void)state;
    const fov_cuda_device *device;
    alloc_probe_start(1, 0);
    const fov_status  st = fov_cuda_device_open(0, &device, &err);
    const alloc_probe after = alloc_probe_stop();
    assert_int_equal(st, FOV_ERR_MEMORY);
    check_contains(err.message, "the modules of a GPU");
    assert_int_equal(after.blocks, 0);
}

/* The last try leaves it open. */
static void opening_a_gpu_fails_at_each_call(void **state)
{
    (void)state;
    const fov_cuda_device *device;
    fov_status             st = FOV_ERR_DEVICE;
    for (uint64_t n = 1; st; n++) {
        memset(&err, 0, sizeof err);
        fail_call(n, CUDA_ERROR_UNKNOWN);
        st = fov_cuda_device_open(0, &device, &err);
        if (!st) assert_true(n > 5);
        else if (st != FOV_ERR_DEVICE || !strstr(err.message, "unknown error"))
            fail_msg("call %d: %s: %s", (int)n, fov_status_name(st), err.message);
    }
    fail_call(0, 0);
}

/* ---------------------------------------------------------------- a whole job */

typedef fov_status job(void);

static fov_status load_and_detect(void)
{
    fov_engine   *engine = NULL;
    fov_detector *d = NULL;
    fov_faces     faces;
    fov_status    st = load(&engine);
    if (!st) st = fov_detector_new(engine, &one_thread, &d, &err);
    if (!st) st = run(d, SIDE, SIDE, &faces);
    if (!st) st = run(d, 2 * SIDE, SIDE, &faces);
    fov_detector_free(d);
    fov_engine_free(engine);
    return st;
}

/* Steps on the clock: one program each, between events. */
static fov_status load_and_time(void)
{
    const fov_image          image = image_of(SIDE, SIDE);
    const fov_detect_options options = fov_detect_options_default();
    const fov_plan          *plan;
    double                   seconds[100];
    fov_engine              *engine = NULL;
    fov_detector            *d = NULL;
    fov_status               st = load(&engine);
    if (!st) st = fov_detector_new(engine, &one_thread, &d, &err);
    if (!st) st = fov_detector_run_timed(d, &image, &options, seconds, &plan, &err);
    if (!st) assert_true(plan->n_step <= 100); /* cppcheck-suppress uninitStructMember ; the plan is another's */
    fov_detector_free(d);
    fov_engine_free(engine);
    return st;
}

/* Of another size each time, for what was measured once is remembered. */
static fov_status load_and_tune(void)
{
    static const fov_detector_options options = {.threads = 1, .tune_seconds = 0.02};
    static int                        k;
    const int                         width = 16 * (1 + k % 8), height = 16 * (1 + k++ / 8 % 8);
    fov_engine                       *engine = NULL;
    fov_detector                     *d = NULL;
    fov_faces                         faces;
    fov_status                        st = load(&engine);
    if (!st) st = fov_detector_new(engine, &options, &d, &err);
    if (!st) st = run(d, width, height, &faces);
    fov_detector_free(d);
    fov_engine_free(engine);
    return st;
}

/* Of the size that networks have: it is not run here. Its layers in a row are made one. */
static fov_status open_the_bundled(fov_precision precision)
{
    const fov_engine_options options = {.backend = "cuda", .precision = precision};
    fov_engine              *engine = NULL;
    const fov_status         st = fov_engine_open("default", NULL, &options, &engine, &err);
    fov_engine_free(engine);
    return st;
}

static fov_status open_in_fp32(void)
{
    return open_the_bundled(FOV_PRECISION_FP32);
}

static fov_status open_in_int8(void)
{
    return open_the_bundled(FOV_PRECISION_INT8);
}

static fov_status make_photo(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    (void)user;
    (void)index;
    return fov_photo_new(SIDE, SIDE, photo, e);
}

/* What a photo lacks memory for is its failure. */
static bool note_failure(void *user, const fov_photo_result *r)
{
    fov_error *failed = user;
    if (!r->status || failed->code) return true;
    failed->code = r->status;
    snprintf(failed->message, sizeof failed->message, "%s", r->message);
    return true;
}

static fov_status load_and_detect_in_photos(void)
{
    static const fov_photo_source   photos = {3, make_photo, NULL};
    static const fov_photos_options options = {.threads = 1};
    fov_engine                     *engine = NULL;
    fov_error                       failed = {0};
    fov_status                      st = load(&engine);
    if (!st) st = fov_photos_detect(engine, &photos, &options, note_failure, &failed, &err);
    fov_engine_free(engine);
    if (st || !failed.code) return st;
    err = failed;
    return failed.code;
}

static fov_status load_and_verify(void)
{
    fov_engine *engine = NULL;
    bool        pass;
    fov_status  st = load(&engine);
    if (!st) st = fov_engine_verify(engine, &pass, NULL, &err);
    fov_engine_free(engine);
    return st;
}

/* Each call of the job, or, where there are thousands, every `step`-th. What fails while things are given back is not told to
 * anybody, but they are. */
static void fail_each_call(job *work, int result, fov_status expected, uint64_t step)
{
    const size_t before = free_bytes();
    fail_call(0, 0);
    assert_int_equal(work(), FOV_OK);
    const uint64_t calls = count_calls();
    assert_true(calls > 50);
    for (uint64_t n = 1; n <= calls; n += step) {
        memset(&err, 0, sizeof err);
        alloc_probe_start(0, 0);
        fail_call(n, result);
        const fov_status st = work();
        fail_call(0, 0);
        const alloc_probe after = alloc_probe_stop();
        if (st ? st != expected || !err.message[0] || err.code != st : n < calls / 2)
            fail_msg("call %d of %d: %s: %s", (int)n, (int)calls, fov_status_name(st), st ? err.message : "");
        if (after.blocks) fail_msg("call %d of %d: %d blocks leaked", (int)n, (int)calls, (int)after.blocks);
        if (free_bytes() != before) fail_msg("call %d of %d: device memory leaked: %s", (int)n, (int)calls, err.message);
    }
    print_message("%d of %d calls failed in turn\n", (int)((calls + step - 1) / step), (int)calls);
    assert_int_equal(work(), FOV_OK);
}

static void detecting_fails_at_each_call(void **state)
{
    (void)state;
    fail_each_call(load_and_detect, CUDA_ERROR_UNKNOWN, FOV_ERR_DEVICE, 5);
    fail_each_call(load_and_detect, CUDA_ERROR_OUT_OF_MEMORY, FOV_ERR_MEMORY, 13);
}

static void what_runs_step_by_step_fails_at_each_call(void **state)
{
    (void)state;
    fail_each_call(load_and_time, CUDA_ERROR_OUT_OF_MEMORY, FOV_ERR_MEMORY, 29);
    fail_each_call(load_and_verify, CUDA_ERROR_LAUNCH_FAILED, FOV_ERR_DEVICE, 37);
}

static fov_status on_the_host(const void *user, fov_error *e)
{
    job *const      *work = user;
    const fov_status st = (*work)();
    *e = err;
    return st;
}

static void starve_on_a_gpu(job *work)
{
    starve_places("on a GPU", on_the_host, &work);
}

/* A precision each has kernels of its own, and layers in a row that are one of them only where they are of the same. */
static void memory_of_the_host_runs_out(void **state)
{
    (void)state;
    static const fov_precision precisions[] = {FOV_PRECISION_MIXED, FOV_PRECISION_FP32, FOV_PRECISION_INT8};
    unsigned char             *mixed = file;
    const size_t               before = free_bytes(), mixed_bytes = file_bytes;
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        fov_engine *engine = small_engine(precisions[i], NULL);
        file = engine_bytes(engine, &file_bytes);
        fov_engine_free(engine);
        starve_on_a_gpu(load_and_detect);
        starve_on_a_gpu(load_and_tune);
        starve_on_a_gpu(load_and_time);
        starve_on_a_gpu(load_and_verify);
        starve_on_a_gpu(load_and_detect_in_photos);
        fov_free(file);
    }
    file = mixed;
    file_bytes = mixed_bytes;
    starve_on_a_gpu(open_in_fp32);
    starve_on_a_gpu(open_in_int8);
    assert_int_equal(free_bytes(), before);
}

/* ---------------------------------------------------------------- the session survives */

typedef struct answer {
    size_t   count;
    fov_face face[64];
} answer;

static answer keep(const fov_faces *faces)
{
    answer a = {.count = faces->count < 64 ? faces->count : 64};
    memcpy(a.face, faces->face, a.count * sizeof *a.face);
    return a;
}

static void check_same(const fov_faces *faces, const answer *want)
{
    const answer got = keep(faces);
    assert_int_equal(faces->count, want->count);
    assert_memory_equal(got.face, want->face, got.count * sizeof *got.face);
}

/* A call of the driver fails during a run; the same detector's next run is right. */
static void a_detector_works_again_after_any_failure(void **state)
{
    (void)state;
    fov_engine *engine;
    fov_faces   faces;
    fov_status  st;
    assert_ok(load(&engine));
    fov_detector *d;
    assert_ok(fov_detector_new(engine, &one_thread, &d, &err));
    assert_ok(run(d, 2 * SIDE, SIDE, &faces));
    const answer want = keep(&faces);
    assert_true(want.count > 0);
    fov_detector_free(d);
    bool     met = true;
    uint64_t n = 1;
    for (; met; n += n < 8 ? 1 : 7) { /* what comes later is alike, and a run takes a while here */
        assert_ok(fov_detector_new(engine, &one_thread, &d, &err));
        assert_ok(run(d, SIDE, SIDE, &faces));
        fail_call(n, CUDA_ERROR_OUT_OF_MEMORY);
        st = run(d, 2 * SIDE, SIDE, &faces);
        met = count_calls() >= n;
        fail_call(0, 0);
        if (st) {
            assert_int_equal(st, FOV_ERR_MEMORY);
            assert_int_equal(faces.count, 0);
        } else { /* while things are given back, or it is over */
            check_same(&faces, &want);
        }
        assert_ok(run(d, 2 * SIDE, SIDE, &faces));
        check_same(&faces, &want);
        assert_ok(run(d, SIDE, SIDE, &faces));
        fov_detector_free(d);
    }
    print_message("calls up to %d failed in turn\n", (int)n);
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- too little memory */

static void set_memory(size_t bytes)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", bytes);
    setenv("FAKE_CUDA_MEMORY", text, 1);
}

static void a_photo_that_does_not_fit_leaves_room_for_smaller_ones(void **state)
{
    (void)state;
    fov_engine   *engine;
    fov_detector *d;
    fov_faces     faces;
    const size_t  before = free_bytes(), all = (size_t)8 << 30;
    assert_ok(load(&engine));
    assert_ok(fov_detector_new(engine, &one_thread, &d, &err));
    assert_ok(run(d, SIDE, SIDE, &faces));
    const answer want = keep(&faces);
    set_memory(all - free_bytes() + 16384);
    assert_int_equal(run(d, 4 * SIDE, 4 * SIDE, &faces), FOV_ERR_MEMORY);
    assert_int_equal(faces.count, 0);
    check_contains(err.message, "device memory for activations: ");
    check_contains(err.message, " MiB do not fit, ");
    check_contains(err.message, " are free on GPU 0 (Emulated GPU): choose a smaller --size or --batch, end other programs");
    assert_ok(run(d, SIDE, SIDE, &faces));
    check_same(&faces, &want);
    unsetenv("FAKE_CUDA_MEMORY");
    assert_ok(run(d, 4 * SIDE, 4 * SIDE, &faces));
    fov_detector_free(d);
    fov_engine_free(engine);
    assert_int_equal(free_bytes(), before);
}

/* From nothing to enough: always a message with sizes and a remedy, or faces. */
static void any_size_of_memory(void **state)
{
    (void)state;
    const size_t before = free_bytes(), used = ((size_t)8 << 30) - before;
    int          failed = 0;
    for (size_t bytes = 0; bytes < 400000; bytes += 31337) {
        set_memory(used + bytes);
        const fov_status st = load_and_detect();
        unsetenv("FAKE_CUDA_MEMORY");
        failed += st != FOV_OK;
        if (st && (st != FOV_ERR_MEMORY || !strstr(err.message, "do not fit") || !strstr(err.message, "--device")))
            fail_msg("%zu bytes: %s: %s", bytes, fov_status_name(st), err.message);
        assert_int_equal(free_bytes(), before);
    }
    assert_true(failed > 3);
    assert_ok(load_and_detect());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_a_gpu_without_memory_of_the_host),
        cmocka_unit_test(opening_a_gpu_fails_at_each_call),
        cmocka_unit_test(detecting_fails_at_each_call),
        cmocka_unit_test(what_runs_step_by_step_fails_at_each_call),
        cmocka_unit_test(memory_of_the_host_runs_out),
        cmocka_unit_test(a_detector_works_again_after_any_failure),
        cmocka_unit_test(a_photo_that_does_not_fit_leaves_room_for_smaller_ones),
        cmocka_unit_test(any_size_of_memory),
    };
    return cmocka_run_group_tests_name("cuda_failures", tests, set_up, tear_down);
}
