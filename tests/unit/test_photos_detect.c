// SPDX-License-Identifier: MIT
/* Many photos, one per thread: in order, the same faces to the bit, a bounded number at once, failures in their places. */
#include "support.h"

#include <stdatomic.h>
#include <string.h>

enum { COUNT = 40, BAD = 7 };

typedef struct fixture {
    fov_engine *engine;
    fov_photo  *photo;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    fov_error      err;
    *state = &f;
    assert_ok(fov_engine_open("default", NULL, NULL, &f.engine, &err));
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &f.photo, &err));
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    fov_photo_free(f->photo);
    fov_engine_free(f->engine);
    return 0;
}

/* What the source and the results' reader share. Asserts belong to the main thread, which the reader runs on. */
typedef struct stream {
    const fov_photo *from;
    fov_detector    *alone;
    _Atomic size_t   loaded, handed_on, most_at_once;
    size_t           stop_after, good, bad;
} stream;

/* Photo `index`: a window of some size and place; every 7th cannot be loaded. */
static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    stream         *s = user;
    const int       w = 200 + 17 * (int)(index % 5), h = 180 + 11 * (int)(index % 3), x = 3 * (int)index, y = (int)index;
    const fov_image in = fov_photo_image(s->from);
    const size_t    at_once = ++s->loaded - s->handed_on;
    if (at_once > s->most_at_once) s->most_at_once = at_once; /* may miss a little, never exceeds */
    if (index % BAD == BAD - 1) {
        err->code = FOV_ERR_IO;
        snprintf(err->message, sizeof err->message, "photo %zu is bad", index);
        return FOV_ERR_IO;
    }
    fov_status st = fov_photo_new(w, h, photo, err);
    for (int i = 0; i < h && !st; i++)
        memcpy(fov_photo_pixels(*photo) + i * 3 * w, in.data + (y + i) * in.pitch + 3 * x, 3 * (size_t)w);
    return st;
}

static bool check(void *user, const fov_photo_result *r)
{
    stream         *s = user;
    const fov_image image = r->photo ? fov_photo_image(r->photo) : (fov_image){0};
    fov_faces       faces;
    fov_error       err = {0};
    assert_int_equal(r->index, s->handed_on);
    if (r->index % BAD == BAD - 1) {
        char words[64];
        snprintf(words, sizeof words, "photo %zu is bad", r->index);
        assert_int_equal(r->status, FOV_ERR_IO);
        assert_string_equal(r->message, words);
        assert_null(r->photo);
        assert_int_equal(r->faces.count, 0);
        s->bad++;
    } else {
        assert_ok(r->status);
        assert_ok(fov_detector_run(s->alone, &image, NULL, &faces, &err));
        assert_int_equal(r->faces.count, faces.count);
        if (faces.count) assert_memory_equal(r->faces.face, faces.face, faces.count * sizeof *faces.face);
        assert_true(r->timing.network_s > 0);
        s->good += faces.count;
    }
    s->handed_on++;
    return s->handed_on != s->stop_after;
}

static stream begin(const fixture *f)
{
    stream    s = {.from = f->photo};
    fov_error err;
    assert_ok(fov_detector_new(f->engine, &(fov_detector_options){.threads = 2}, &s.alone, &err));
    return s;
}

static void finds_the_same_in_order(void **state)
{
    static const int threads[] = {1, 2, 5, 0};
    fixture         *f = *state;
    fov_error        err;
    for (size_t i = 0; i < 4; i++) {
        stream                 s = begin(f);
        const fov_photo_source photos = {COUNT, load, &s};
        const int              at_once = threads[i] ? threads[i] : fov_cpu_threads();
        assert_ok(fov_photos_detect(f->engine, &photos, &(fov_photos_options){.threads = threads[i]}, check, &s, &err));
        assert_int_equal(s.handed_on, COUNT);
        assert_int_equal(s.bad, COUNT / BAD);
        assert_true(s.good > COUNT / 2);
        assert_in_range(s.most_at_once, 1, 2 * (size_t)at_once);
        fov_detector_free(s.alone);
    }
}

static void stops_when_asked(void **state)
{
    fixture               *f = *state;
    fov_error              err;
    stream                 s = begin(f);
    const fov_photo_source photos = {COUNT, load, &s};
    s.stop_after = 9;
    assert_int_equal(fov_photos_detect(f->engine, &photos, &(fov_photos_options){.threads = 3}, check, &s, &err),
                     FOV_ERR_CANCELLED);
    assert_int_equal(s.handed_on, 9);
    assert_true(s.loaded <= 9 + 6);
    fov_detector_free(s.alone);
}

static void nonsense_is_refused(void **state)
{
    fixture         *f = *state;
    fov_error        err;
    stream           s = begin(f);
    fov_photo_source photos = {COUNT, load, &s};
    assert_int_equal(fov_photos_detect(f->engine, &photos, &(fov_photos_options){.threads = -1}, check, &s, &err),
                     FOV_ERR_ARGUMENT);
    assert_int_equal(fov_photos_detect(f->engine, &photos, &(fov_photos_options){.threads = 1025}, check, &s, &err),
                     FOV_ERR_ARGUMENT);
    photos.count = 0;
    assert_ok(fov_photos_detect(f->engine, &photos, NULL, check, &s, &err));
    assert_int_equal(s.handed_on, 0);
    fov_detector_free(s.alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_same_in_order),
        cmocka_unit_test(stops_when_asked),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
