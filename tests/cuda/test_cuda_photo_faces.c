// SPDX-License-Identifier: MIT
/* From photos to faces on the GPU: the CPU's faces, whatever the batch, the options and what ran before. The network rounds
 * otherwise there, so coordinates agree to parts of a pixel; what does not depend on it agrees to the bit. */
#include "gpu.h"
#include "pictures.h"

#include "api/detector.h"
#include "fake_driver.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PHOTOS = 5, COUNT = 23, BAD = 9 };

typedef struct fixture {
    fov_engine        *cpu, *cuda;
    fov_detector      *on_cpu, *on_gpu;
    fov_photo         *face;
    fov_image          photo[PHOTOS];
    fov_detect_options options;
} fixture;

static fixture f;

static fov_engine *engine_on(const char *backend)
{
    fov_error                err;
    fov_engine              *engine;
    const fov_engine_options options = {.backend = backend, .precision = FOV_PRECISION_FP32};
    assert_ok(fov_engine_open("default", NULL, &options, &engine, &err));
    return engine;
}

static fov_image window_of(const fov_photo *photo, int x, int y, int width, int height)
{
    fov_image image = fov_photo_image(photo);
    image.data += y * image.pitch + 3 * x;
    image.width = width;
    image.height = height;
    return image;
}

static int set_up(void **state)
{
    fov_error err;
    if (gpu_open(state)) return -1;
    f.cpu = engine_on("cpu");
    f.cuda = engine_on("cuda");
    assert_ok(fov_detector_new(f.cpu, NULL, &f.on_cpu, &err));
    assert_ok(fov_detector_new(f.cuda, NULL, &f.on_gpu, &err));
    f.face = picture_of_face();
    f.photo[0] = fov_photo_image(f.face);
    f.photo[1] = window_of(f.face, 100, 20, 260, 200);
    f.photo[2] = window_of(f.face, 0, 0, 512, 200);
    f.photo[3] = window_of(f.face, 90, 0, 256, 200);
    f.photo[4] = window_of(f.face, 0, 0, 90, 60);
    f.options = fov_detect_options_default();
    f.options.long_side = 160;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fov_photo_free(f.face);
    fov_detector_free(f.on_cpu);
    fov_detector_free(f.on_gpu);
    fov_engine_free(f.cpu);
    fov_engine_free(f.cuda);
    return 0;
}

static void assert_near(const fov_faces *a, const fov_faces *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const fov_face *p = &a->face[i], *q = &b->face[i];
        assert_true(fabsf(p->score - q->score) < 1e-3F);
        for (int k = 0; k < 4; k++) assert_true(fabsf(p->box[k] - q->box[k]) < 0.05F);
        for (int k = 0; k < 10; k++) assert_true(fabsf(p->landmarks[k / 2][k % 2] - q->landmarks[k / 2][k % 2]) < 0.05F);
    }
}

static void assert_same(const fov_faces *a, const fov_faces *b)
{
    assert_int_equal(a->count, b->count);
    if (a->count) assert_memory_equal(a->face, b->face, a->count * sizeof *a->face);
}

/* @return how many faces there were */
static size_t compare(const fov_detect_options *options)
{
    fov_error err;
    fov_faces cpu[PHOTOS], gpu_faces[PHOTOS];
    size_t    faces = 0;
    assert_ok(fov_detector_run_batch(f.on_cpu, f.photo, PHOTOS, options, cpu, &err));
    assert_ok(fov_detector_run_batch(f.on_gpu, f.photo, PHOTOS, options, gpu_faces, &err));
    for (int i = 0; i < PHOTOS; i++) {
        assert_near(&cpu[i], &gpu_faces[i]);
        faces += cpu[i].count;
    }
    return faces;
}

static void same_faces_whatever_the_options(void **state)
{
    (void)state;
    fov_detect_options o = f.options;
    assert_true(compare(&o) >= 3);
    o.score_threshold = 0.02F;
    assert_true(compare(&o) >= 3);
    o.max_faces = 3;
    assert_true(compare(&o) <= 3 * PHOTOS);
    o.pre_nms_top_k = 2;
    assert_true(compare(&o) <= 2 * PHOTOS);
    o = f.options;
    o.resize = FOV_RESIZE_LETTERBOX;
    o.width = o.height = 160;
    assert_true(compare(&o) >= 3);
    o.placement = FOV_PLACE_TOP_LEFT;
    o.fill[0] = -1;
    assert_true(compare(&o) >= 3);
    assert_true(compare(&f.options) >= 3);
}

static void batches_change_nothing(void **state)
{
    (void)state;
    fov_error          err;
    fov_faces          together[3 * PHOTOS], alone;
    fov_image          image[3 * PHOTOS];
    fov_detect_options o = f.options;
    fov_detector      *other;
    o.score_threshold = 0.05F;
    for (int i = 0; i < 3 * PHOTOS; i++) image[i] = f.photo[i % PHOTOS];
    assert_ok(fov_detector_new(f.cuda, NULL, &other, &err));
    assert_ok(fov_detector_run_batch(f.on_gpu, image, 3 * PHOTOS, &o, together, &err));
    for (int i = 0; i < 3 * PHOTOS; i++) {
        assert_ok(fov_detector_run(other, &image[i], &o, &alone, &err));
        assert_same(&together[i], &alone);
    }
    assert_true(fov_detector_timing(other).network_s > 0);
    assert_true(fov_detector_timing(other).preprocess_s > 0);
    fov_detector_free(other);
}

/* Between runs that find faces there, others need the heads on the host. */
static void other_ways_in_between(void **state)
{
    (void)state;
    fov_error err;
    fov_faces first, again;
    fov_face  kept[64];
    fov_raw   raw;
    assert_ok(fov_detector_run(f.on_gpu, &f.photo[0], &f.options, &first, &err));
    assert_in_range(first.count, 1, 64);
    memcpy(kept, first.face, first.count * sizeof *kept);
    first.face = kept;
    assert_ok(fov_detector_raw(f.on_gpu, &f.photo[0], &f.options, &raw, &err));
    assert_true(raw.count > 0);
    assert_ok(fov_detector_run(f.on_gpu, &f.photo[0], &f.options, &again, &err));
    assert_same(&first, &again);
}

static void tiles(void **state)
{
    (void)state;
    fov_error          err;
    fov_faces          cpu, cuda;
    fov_detect_options o = f.options;
    o.resize = FOV_RESIZE_TILES;
    o.tile = 192;
    o.tile_scale = 0.75F;
    assert_ok(fov_detector_run(f.on_cpu, &f.photo[0], &o, &cpu, &err));
    assert_ok(fov_detector_run(f.on_gpu, &f.photo[0], &o, &cuda, &err));
    assert_true(cpu.count > 0);
    assert_near(&cpu, &cuda);
}

/* ---------------------------------------------------------------- many photos */

typedef struct many {
    size_t handed_on, bad, stop_after;
} many;

static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    const fov_image *in = &f.photo[index % PHOTOS];
    (void)user;
    if (index % BAD == BAD - 1) {
        err->code = FOV_ERR_IO;
        snprintf(err->message, sizeof err->message, "photo %zu is bad", index);
        return FOV_ERR_IO;
    }
    fov_status st = fov_photo_new(in->width, in->height, photo, err);
    for (int y = 0; y < in->height && !st; y++)
        memcpy(fov_photo_pixels(*photo) + (ptrdiff_t)y * 3 * in->width, in->data + y * in->pitch, 3 * (size_t)in->width);
    return st;
}

static bool check(void *user, const fov_photo_result *r)
{
    many     *m = user;
    fov_error err = {0};
    fov_faces faces;
    assert_int_equal(r->index, m->handed_on);
    m->handed_on++;
    if (r->index % BAD == BAD - 1) {
        assert_int_equal(r->status, FOV_ERR_IO);
        assert_non_null(strstr(r->message, "is bad"));
        m->bad++;
        return true;
    }
    assert_int_equal(r->status, FOV_OK);
    assert_ok(fov_detector_run(f.on_gpu, &f.photo[r->index % PHOTOS], &f.options, &faces, &err));
    assert_same(&r->faces, &faces);
    assert_non_null(r->photo);
    assert_true(r->timing.network_s > 0);
    return m->handed_on != m->stop_after;
}

static void many_photos(void **state)
{
    (void)state;
    fov_error              err;
    const fov_photo_source source = {COUNT, load, NULL};
    for (int threads = 1; threads <= 4; threads += 3) {
        const fov_photos_options options = {.detect = &f.options, .threads = threads};
        many                     m = {0};
        assert_ok(fov_photos_detect(f.cuda, &source, &options, check, &m, &err));
        assert_int_equal(m.handed_on, COUNT);
        assert_int_equal(m.bad, COUNT / BAD);
    }
    many                     m = {.stop_after = 6};
    const fov_photos_options options = {.detect = &f.options, .threads = 2};
    assert_int_equal(fov_photos_detect(f.cuda, &source, &options, check, &m, &err), FOV_ERR_CANCELLED);
    assert_int_equal(m.handed_on, 6);
}

/* ---------------------------------------------------------------- failures */

/* Wherever the driver fails in a detector's first run, the next one works. */
static void failing_driver(void **state)
{
    (void)state;
    fov_error err;
    void     *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    void (*fail_at)(uint64_t, int);
    uint64_t (*calls)(void);
    *(void **)&fail_at = dlsym(driver, "fake_driver_fail");
    *(void **)&calls = dlsym(driver, "fake_driver_calls");
    fov_faces expected, now;
    assert_ok(fov_detector_run(f.on_gpu, &f.photo[4], &f.options, &expected, &err));
    uint64_t all = UINT64_MAX;
    for (uint64_t at = 0; at <= all; at += at < 8 ? 1 : 41) {
        fov_detector *d;
        assert_ok(fov_detector_new(f.cuda, NULL, &d, &err));
        fail_at(at, CUDA_ERROR_OUT_OF_MEMORY);
        fov_status st = fov_detector_run(d, &f.photo[4], &f.options, &now, &err);
        if (!at) all = calls();
        fail_at(0, 0);
        if (at && st) {
            assert_int_equal(st, FOV_ERR_MEMORY);
            assert_int_equal(now.count, 0);
            assert_true(err.message[0]);
            assert_ok(fov_detector_run(d, &f.photo[4], &f.options, &now, &err));
        }
        assert_same(&expected, &now);
        fov_detector_free(d);
    }
    dlclose(driver);
}

static void too_large_for_the_memory(void **state)
{
    (void)state;
    fov_error          err;
    fov_faces          faces;
    fov_detector      *d;
    fov_detect_options large = f.options;
    large.resize = FOV_RESIZE_LETTERBOX;
    large.width = large.height = 2048;
    assert_ok(fov_detector_new(f.cuda, NULL, &d, &err));
    setenv("FAKE_CUDA_MEMORY", "67108864", 1);
    assert_int_equal(fov_detector_run(d, &f.photo[0], &large, &faces, &err), FOV_ERR_MEMORY);
    assert_non_null(strstr(err.message, "do not fit"));
    assert_ok(fov_detector_run(d, &f.photo[1], &f.options, &faces, &err));
    assert_true(faces.count > 0);
    unsetenv("FAKE_CUDA_MEMORY");
    fov_detector_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_faces_whatever_the_options),
        cmocka_unit_test(batches_change_nothing),
        cmocka_unit_test(other_ways_in_between),
        cmocka_unit_test(tiles),
        cmocka_unit_test(many_photos),
        cmocka_unit_test(failing_driver),
        cmocka_unit_test(too_large_for_the_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
