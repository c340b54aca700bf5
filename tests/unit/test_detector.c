// SPDX-License-Identifier: MIT
/* The public API with the bundled model and photo: what must hold for any model. */
#include "pictures.h"
#include "support.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

typedef struct fixture {
    fov_model  *model;
    fov_engine *engine;
    fov_photo  *photo;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    fov_error      err;
    *state = &f;
    assert_ok(fov_model_load("default", NULL, &f.model, &err));
    assert_ok(fov_engine_build(f.model, NULL, &f.engine, &err));
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &f.photo, &err));
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    fov_photo_free(f->photo);
    fov_engine_free(f->engine);
    fov_model_free(f->model);
    return 0;
}

static fov_detector *detector_of(const fov_engine *engine, int threads)
{
    fov_error            err;
    fov_detector_options options = {.threads = threads};
    fov_detector        *d = NULL;
    assert_ok(fov_detector_new(engine, &options, &d, &err));
    return d;
}

/* A window of the photo; no pixel is copied. */
static fov_image window(const fov_photo *photo, int x, int y, int w, int h)
{
    fov_image image = fov_photo_image(photo);
    image.data += y * image.pitch + 3 * x;
    image.width = w;
    image.height = h;
    return image;
}

static void is_ready_once_it_is_prepared(void **state)
{
    fixture           *f = *state;
    fov_error          err;
    fov_faces          faces;
    fov_detector      *d = detector_of(f->engine, 1);
    const fov_image    image = fov_photo_image(f->photo);
    fov_detect_options options = fov_detect_options_default();
    const size_t       empty = fov_detector_memory(d);
    options.long_side = 160;
    assert_ok(fov_detector_prepare(d, image.width, image.height, &options, &err));
    const size_t ready = fov_detector_memory(d);
    assert_true(ready > empty);
    assert_ok(fov_detector_run(d, &image, &options, &faces, &err));
    assert_int_equal(faces.count, 1);
    assert_int_equal(fov_detector_memory(d), ready);
    assert_int_equal(fov_detector_prepare(d, 0, 10, &options, &err), FOV_ERR_ARGUMENT);
    options.score_threshold = 2;
    assert_int_equal(fov_detector_prepare(d, 10, 10, &options, &err), FOV_ERR_ARGUMENT);
    fov_detector_free(d);
}

static void finds_the_astronaut(void **state)
{
    fixture      *f = *state;
    fov_error     err;
    fov_faces     faces;
    fov_detector *d = detector_of(f->engine, 0);
    fov_image     image = fov_photo_image(f->photo);
    assert_ok(fov_detector_run(d, &image, NULL, &faces, &err));
    assert_int_equal(faces.count, 1);
    assert_true(faces.face[0].score > 0.99F);
    /* eyes above the nose above the mouth, left of each other as seen, all inside the box */
    const float(*p)[2] = faces.face[0].landmarks;
    assert_true(p[0][0] < p[1][0] && p[3][0] < p[4][0]);
    assert_true(p[0][1] < p[2][1] && p[2][1] < p[3][1]);
    for (int i = 0; i < 5; i++) {
        assert_true(p[i][0] > faces.face[0].box[0] && p[i][0] < faces.face[0].box[2]);
        assert_true(p[i][1] > faces.face[0].box[1] && p[i][1] < faces.face[0].box[3]);
    }
    fov_detector_free(d);
}

static bool stop_after_two(void *user, const char *what, size_t done, size_t total)
{
    (void)what;
    assert_int_equal(total, 5);
    *(size_t *)user = done;
    return done < 2;
}

static void profiles_the_steps_of_a_run(void **state)
{
    fixture      *f = *state;
    fov_error     err;
    fov_faces     faces;
    char         *json;
    size_t        done = 0;
    fov_detector *d = detector_of(f->engine, 2);
    fov_image     image = window(f->photo, 0, 0, 128, 96);

    fov_detect_options tiles = fov_detect_options_default();
    assert_int_equal(fov_detector_profile_json(d, &image, NULL, 0, NULL, NULL, &json, &err), FOV_ERR_ARGUMENT);
    tiles.resize = FOV_RESIZE_TILES;
    assert_int_equal(fov_detector_profile_json(d, &image, &tiles, 1, NULL, NULL, &json, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "tiles"));
    assert_null(json);
    assert_int_equal(fov_detector_profile_json(d, &image, NULL, 5, stop_after_two, &done, &json, &err), FOV_ERR_CANCELLED);
    assert_null(json);
    assert_int_equal(done, 2);
    assert_ok(fov_detector_profile_json(d, &image, NULL, 1, NULL, NULL, &json, &err));
    assert_non_null(strstr(json, "\"input\":[1,3,96,128],\"threads\":2,\"rounds\":1,"));
    fov_string_free(json);

    fov_detector *other = detector_of(f->engine, 2); /* the clock is off again, and faces are what they are without it */
    fov_faces     same;
    image = fov_photo_image(f->photo);
    assert_ok(fov_detector_run(d, &image, NULL, &faces, &err));
    assert_ok(fov_detector_run(other, &image, NULL, &same, &err));
    assert_int_equal(faces.count, same.count);
    assert_memory_equal(faces.face, same.face, same.count * sizeof *same.face);
    fov_detector_free(other);
    fov_detector_free(d);
}

static void same_bits_for_any_number_of_threads(void **state)
{
    fixture           *f = *state;
    fov_error          err;
    fov_raw            one, many;
    fov_detect_options native = fov_detect_options_default();
    native.resize = FOV_RESIZE_NATIVE;
    fov_image     image = window(f->photo, 100, 20, 203, 189);
    fov_detector *d1 = detector_of(f->engine, 1);
    assert_ok(fov_detector_raw(d1, &image, &native, &one, &err));
    for (int threads = 2; threads <= 5; threads++) {
        fov_detector *d = detector_of(f->engine, threads);
        assert_ok(fov_detector_raw(d, &image, &native, &many, &err));
        assert_int_equal(one.count, many.count);
        assert_memory_equal(one.boxes, many.boxes, one.count * 4 * sizeof(float));
        assert_memory_equal(one.scores, many.scores, one.count * 2 * sizeof(float));
        assert_memory_equal(one.landmarks, many.landmarks, one.count * 10 * sizeof(float));
        fov_detector_free(d);
    }
    fov_detector_free(d1);
}

static void a_batch_gives_what_single_photos_give(void **state)
{
    enum { COUNT = 21 };
    fixture           *f = *state;
    fov_error          err;
    fov_image          images[COUNT];
    fov_faces          batch[COUNT], single;
    fov_detect_options options = fov_detect_options_default();
    size_t             found = 0;
    options.score_threshold = 0.1F;
    for (int i = 0; i < COUNT; i++) images[i] = window(f->photo, 3 * i, 5 * (i % 4), 300 - 40 * (i % 3), 260 - (i % 2));
    fov_detector *many = detector_of(f->engine, 2), *one = detector_of(f->engine, 2);
    assert_ok(fov_detector_run_batch(many, images, COUNT, &options, batch, &err));
    for (int i = 0; i < COUNT; i++) {
        assert_ok(fov_detector_run(one, &images[i], &options, &single, &err));
        assert_int_equal(single.count, batch[i].count);
        assert_memory_equal(single.face, batch[i].face, single.count * sizeof *single.face);
        found += single.count;
    }
    assert_true(found >= COUNT);
    fov_detector_free(many);
    fov_detector_free(one);
}

static float worst(const float *a, const float *b, size_t count)
{
    float most = 0;
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= most)) most = fabsf(a[i] - b[i]);
    return most;
}

static void check_against(const fixture *f, const fov_engine *other)
{
    fov_error          err;
    fov_raw            a, b;
    fov_detect_options native = fov_detect_options_default();
    native.resize = FOV_RESIZE_NATIVE;
    fov_image     image = window(f->photo, 170, 40, 120, 150);
    fov_detector *d = detector_of(f->engine, 0), *e = detector_of(other, 0);
    assert_ok(fov_detector_raw(d, &image, &native, &a, &err));
    assert_ok(fov_detector_raw(e, &image, &native, &b, &err));
    assert_int_equal(a.count, b.count);
    assert_true(worst(a.boxes, b.boxes, a.count * 4) < 1e-4F);
    assert_true(worst(a.scores, b.scores, a.count * 2) < 1e-4F);
    assert_true(worst(a.landmarks, b.landmarks, a.count * 10) < 1e-4F);
    fov_detector_free(d);
    fov_detector_free(e);
}

static void all_backends_and_instruction_sets_agree(void **state)
{
    static const char *const levels[] = {"generic", "avx2", "avx512"};
    fixture                 *f = *state;
    fov_error                err;
    fov_engine              *other = NULL;
    fov_engine_options       reference = {.backend = "reference"};
    assert_ok(fov_engine_build(f->model, &reference, &other, &err));
    check_against(f, other);
    fov_engine_free(other);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(fov_cpu_limit(levels[i], &err));
        assert_ok(fov_engine_build(f->model, NULL, &other, &err));
        check_against(f, other);
        fov_engine_free(other);
    }
    assert_ok(fov_cpu_limit(NULL, &err));
}

static void every_resize_mode_finds_the_same_face(void **state)
{
    fixture           *f = *state;
    fov_error          err;
    fov_faces          faces;
    fov_image          image = fov_photo_image(f->photo);
    fov_detector      *d = detector_of(f->engine, 0);
    fov_detect_options o[4];
    for (int i = 0; i < 4; i++) o[i] = fov_detect_options_default();
    o[0].resize = FOV_RESIZE_NATIVE;
    o[1].long_side = 300;
    o[2].resize = o[3].resize = FOV_RESIZE_LETTERBOX;
    o[2].width = 640;
    o[2].height = 320;
    o[3].placement = FOV_PLACE_TOP_LEFT;
    for (int i = 0; i < 4; i++) {
        assert_ok(fov_detector_run(d, &image, &o[i], &faces, &err));
        assert_int_equal(faces.count, 1);
        assert_float_equal(faces.face[0].landmarks[2][0], 224, 6); /* the nose */
        assert_float_equal(faces.face[0].landmarks[2][1], 129, 6);
    }
    fov_detector_free(d);
}

static void tiny_and_odd_images_are_fine(void **state)
{
    static const int sizes[][2] = {{1, 1}, {2, 300}, {512, 1}, {33, 31}};
    fixture         *f = *state;
    fov_error        err;
    fov_faces        faces;
    fov_detector    *d = detector_of(f->engine, 0);
    for (size_t i = 0; i < 4; i++) {
        fov_image image = window(f->photo, 0, 0, sizes[i][0], sizes[i][1]);
        assert_ok(fov_detector_run(d, &image, NULL, &faces, &err));
    }
    fov_image none = {0};
    assert_int_equal(fov_detector_run(d, &none, NULL, &faces, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(faces.count, 0);
    fov_detector_free(d);
}

/* Two photos of this size are too many pixels for one pass: the batch takes no more memory than a single photo. */
static void a_batch_of_large_photos_takes_bounded_memory(void **state)
{
    fixture           *f = *state;
    fov_error          err;
    fov_faces          faces[2];
    fov_image          images[2] = {fov_photo_image(f->photo), fov_photo_image(f->photo)};
    fov_detect_options o = fov_detect_options_default();
    fov_detector      *d = detector_of(f->engine, 0);
    o.resize = FOV_RESIZE_LETTERBOX;
    o.width = o.height = 1472;
    assert_ok(fov_detector_run(d, &images[0], &o, &faces[0], &err));
    size_t one = fov_detector_memory(d);
    assert_ok(fov_detector_run_batch(d, images, 2, &o, faces, &err));
    assert_int_equal(fov_detector_memory(d), one);
    assert_true(faces[0].count > 0);
    assert_int_equal(faces[0].count, faces[1].count);
    fov_detector_free(d);
}

static void an_empty_batch_is_fine_and_null_is_not(void **state)
{
    fixture      *f = *state;
    fov_error     err;
    fov_faces     faces;
    fov_image     image = fov_photo_image(f->photo);
    fov_detector *d = detector_of(f->engine, 1);
    assert_ok(fov_detector_run_batch(d, NULL, 0, NULL, NULL, &err));
    assert_int_equal(fov_detector_run_batch(d, NULL, 1, NULL, &faces, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_detector_run_batch(d, &image, 1, NULL, NULL, &err), FOV_ERR_ARGUMENT);
    fov_detector_free(d);
}

/* Sanitizers keep what was freed, and shadows of it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer))
#else
#define SANITIZED false
#endif

/* Pages of this process in memory, in bytes. */
static size_t resident(void)
{
    unsigned long all = 0, now = 0;
    FILE         *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &all, &now), 2);
    fclose(file);
    return now * (size_t)sysconf(_SC_PAGESIZE);
}

static void memory_is_given_back_after_a_large_photo(void **state)
{
    fixture           *f = *state;
    fov_error          err;
    fov_faces          faces;
    fov_detect_options o = fov_detect_options_default();
    fov_image          image = fov_photo_image(f->photo), small = window(f->photo, 0, 0, 128, 128);
    fov_detector      *d = detector_of(f->engine, 1), *large = detector_of(f->engine, 1);
    o.resize = FOV_RESIZE_LETTERBOX;
    o.width = o.height = 1920;
    assert_ok(fov_detector_run(large, &image, &o, &faces, &err));
    const size_t needed = fov_detector_memory(large);
    fov_detector_free(large);
    assert_ok(fov_detector_run(d, &small, NULL, &faces, &err));
    const size_t before = fov_detector_memory(d), before_resident = resident();
    assert_true(needed > 64 * before);
    /* one large photo: at once; a second one within 8: kept, until they are 8 calls ago */
    assert_ok(fov_detector_run(d, &image, &o, &faces, &err));
    assert_true(faces.count > 0);
    assert_true(fov_detector_memory(d) <= before);
    if (!SANITIZED) assert_in_range(resident(), 0, before_resident + needed / 4);
    assert_ok(fov_detector_run(d, &small, NULL, &faces, &err));
    assert_ok(fov_detector_run(d, &image, &o, &faces, &err));
    assert_true(fov_detector_memory(d) >= needed);
    for (int i = 0; i < 6; i++) {
        assert_true(fov_detector_memory(d) >= needed);
        assert_ok(fov_detector_run(d, &small, NULL, &faces, &err));
    }
    assert_true(fov_detector_memory(d) <= before);
    if (!SANITIZED) assert_in_range(resident(), 0, before_resident + needed / 4);
    fov_detector_free(d);
}

/* The first photo is large: the second call tells. */
static void a_large_first_photo_holds_no_memory_either(void **state)
{
    fixture           *f = *state;
    fov_error          err;
    fov_raw            raw;
    fov_faces          faces;
    fov_detect_options o = fov_detect_options_default();
    fov_image          image = fov_photo_image(f->photo), small = window(f->photo, 0, 0, 128, 128);
    fov_detector      *d = detector_of(f->engine, 2);
    o.resize = FOV_RESIZE_LETTERBOX;
    o.width = o.height = 1280;
    assert_ok(fov_detector_raw(d, &image, &o, &raw, &err));
    const size_t large = fov_detector_memory(d);
    assert_ok(fov_detector_run(d, &small, NULL, &faces, &err));
    assert_true(fov_detector_memory(d) < large / 8);
    fov_detector_free(d);
}

static float overlap(const float *a, const float *b)
{
    const float w = fminf(a[2], b[2]) - fmaxf(a[0], b[0]), h = fminf(a[3], b[3]) - fmaxf(a[1], b[1]), both = w * h;
    return w > 0 && h > 0 ? both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both) : 0;
}

/* The face of a JPEG whose photo is `times` as large as the network's input, against the same of all its pixels. */
static void check_decoded_smaller(const fixture *f, const char *path, int times)
{
    fov_error          err;
    fov_detect_options o = fov_detect_options_default();
    fov_photo_options  fit = {0};
    fov_photo         *full, *smaller;
    fov_faces          a, b;
    fov_detector      *d = detector_of(f->engine, 2), *e = detector_of(f->engine, 2);
    assert_ok(fov_photo_load(path, NULL, &full, &err));
    o.resize = FOV_RESIZE_LETTERBOX;
    o.width = o.height = fov_photo_width(full) / times;
    fov_photo_options_fit(&fit, &o);
    assert_ok(fov_photo_load(path, &fit, &smaller, &err));
    assert_int_equal(fov_photo_width(smaller), fov_photo_width(full));
    assert_true(fov_photo_image(smaller).width < fov_photo_width(full));
    for (int native = 0; native < 2; native++) {
        assert_ok(fov_detector_run_photo(d, full, &o, &a, &err));
        assert_ok(fov_detector_run_photo(e, smaller, &o, &b, &err));
        assert_int_equal(a.count, 1);
        assert_int_equal(b.count, 1);
        assert_true(overlap(a.face->box, b.face->box) > 0.9F);
        assert_true(worst(a.face->landmarks[0], b.face->landmarks[0], 10) < (float)times); /* a pixel of the input */
        o.resize = FOV_RESIZE_NATIVE;
    }
    o.resize = FOV_RESIZE_TILES;
    assert_int_equal(fov_detector_run_photo(e, smaller, &o, &b, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(b.count, 0);
    assert_int_equal(fov_faces_draw(&a, smaller, &err), FOV_ERR_ARGUMENT);
    fov_photo_free(full);
    fov_photo_free(smaller);
    fov_detector_free(d);
    fov_detector_free(e);
}

static void faces_are_told_in_pixels_of_the_full_photo(void **state)
{
    char       path[256], turned[256];
    fixture   *f = *state;
    fov_error  err;
    fov_photo *odd;
    snprintf(path, sizeof path, "%s/odd.jpg", test_folder());
    snprintf(turned, sizeof turned, "%s/turned.jpg", test_folder());
    assert_ok(fov_photo_new(507, 397, &odd, &err)); /* at 1/2, half a pixel sticks out on both sides */
    const fov_image from = window(f->photo, 0, 0, 507, 397);
    for (int y = 0; y < 397; y++) memcpy(fov_photo_pixels(odd) + (ptrdiff_t)y * 3 * 507, from.data + y * from.pitch, 3 * 507);
    picture_save(odd, path);
    picture_save_turned(odd, turned);
    fov_photo_free(odd);
    check_decoded_smaller(f, path, 3);
    check_decoded_smaller(f, turned, 3);
    check_decoded_smaller(f, path, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_astronaut),
        cmocka_unit_test(is_ready_once_it_is_prepared),
        cmocka_unit_test(profiles_the_steps_of_a_run),
        cmocka_unit_test(same_bits_for_any_number_of_threads),
        cmocka_unit_test(a_batch_gives_what_single_photos_give),
        cmocka_unit_test(all_backends_and_instruction_sets_agree),
        cmocka_unit_test(every_resize_mode_finds_the_same_face),
        cmocka_unit_test(tiny_and_odd_images_are_fine),
        cmocka_unit_test(a_batch_of_large_photos_takes_bounded_memory),
        cmocka_unit_test(an_empty_batch_is_fine_and_null_is_not),
        cmocka_unit_test(memory_is_given_back_after_a_large_photo),
        cmocka_unit_test(a_large_first_photo_holds_no_memory_either),
        cmocka_unit_test(faces_are_told_in_pixels_of_the_full_photo),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
