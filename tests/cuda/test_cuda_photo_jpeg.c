// SPDX-License-Identifier: MIT
/* Many JPEGs, decoded by a GPU's decoder, which here is tests/cuda/fake_nvjpeg and gives libjpeg's pixels: the same faces to the bit,
 * in order, whatever it takes and whatever it fails at. */
#include "gpu.h"
#include "pictures.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 5, TRUNCATED = 3, COUNT = 90 };

typedef struct fixture {
    fov_engine        *engine;
    fov_detector      *detector;
    fov_detect_options options;
    char               path[FILES][256];
    size_t             handed_on, there;
} fixture;

static fixture f;
static int    *batched, *single;

static int set_up(void **state)
{
    static const char *const names[FILES] = {"face.jpg", "turned.jpg", "face.png", "truncated.jpg", "wide.jpg"};
    fov_error                err;
    const fov_engine_options options = {.backend = "cuda", .precision = FOV_PRECISION_FP32};
    void                    *fake = dlopen("libnvjpeg.so.13", RTLD_NOW);
    if (!fake || gpu_open(state)) return -1;
    batched = dlsym(fake, "fake_nvjpeg_batched");
    single = dlsym(fake, "fake_nvjpeg_single");
    assert_ok(fov_engine_open("default", NULL, &options, &f.engine, &err));
    assert_ok(fov_detector_new(f.engine, NULL, &f.detector, &err));
    f.options = fov_detect_options_default();
    f.options.long_side = 96;
    fov_photo *face = picture_of_face();
    for (int i = 0; i < FILES; i++) snprintf(f.path[i], sizeof f.path[i], "%s/%s", test_folder(), names[i]);
    picture_save(face, f.path[0]);
    picture_save_turned(face, f.path[1]);
    picture_save(face, f.path[2]);
    file_truncate(f.path[0], f.path[TRUNCATED], 0.6);
    const fov_image image = fov_photo_image(face), wide = {image.data, image.width, 100, image.pitch, FOV_RGB8};
    assert_ok(fov_image_save(&wide, f.path[4], 90, &err));
    fov_photo_free(face);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fov_detector_free(f.detector);
    fov_engine_free(f.engine);
    return 0;
}

static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    const fov_photo_options options = {.strict = true, .defer = true};
    (void)user;
    return fov_photo_load(f.path[index % FILES], &options, photo, err);
}

static bool check(void *user, const fov_photo_result *r)
{
    fov_error  err = {0};
    fov_photo *photo;
    fov_faces  faces;
    (void)user;
    assert_int_equal(r->index, f.handed_on);
    f.handed_on++;
    if (r->index % FILES == TRUNCATED) {
        assert_int_equal(r->status, FOV_ERR_FORMAT);
        assert_non_null(strstr(r->message, "truncated"));
        assert_null(r->photo);
        return true;
    }
    assert_int_equal(r->status, FOV_OK);
    assert_ok(fov_photo_load(f.path[r->index % FILES], NULL, &photo, &err));
    assert_ok(fov_detector_run_photo(f.detector, photo, &f.options, &faces, &err));
    assert_int_equal(r->faces.count, faces.count);
    if (faces.count) assert_memory_equal(r->faces.face, faces.face, faces.count * sizeof *faces.face);
    assert_int_equal(fov_photo_width(r->photo), fov_photo_width(photo));
    assert_int_equal(fov_photo_height(r->photo), fov_photo_height(photo));
    f.there += !fov_photo_pixels(r->photo);
    assert_ok(fov_photo_finish(r->photo, &err));
    assert_memory_equal(fov_photo_pixels(r->photo), fov_photo_pixels(photo),
                        3 * (size_t)fov_photo_width(photo) * (size_t)fov_photo_height(photo));
    fov_photo_free(photo);
    return true;
}

static void detect(const char *what_goes_wrong)
{
    fov_error                err;
    const fov_photo_source   source = {COUNT, load, NULL};
    const fov_photos_options options = {.detect = &f.options, .threads = 2};
    setenv("FAKE_NVJPEG", what_goes_wrong, 1);
    f.handed_on = f.there = 0;
    *batched = *single = 0;
    assert_ok(fov_photos_detect(f.engine, &source, &options, check, NULL, &err));
    assert_int_equal(f.handed_on, COUNT);
}

static void decoded_there(void **state)
{
    (void)state;
    detect("");
    assert_true(f.there > 0);
    assert_true(*batched + *single > 0);
}

static void what_fails_is_decoded_here(void **state)
{
    (void)state;
    detect("bad");
    assert_int_equal(f.there, 0);
}

static void without_hardware_it_is_not_used(void **state)
{
    (void)state;
    detect("no_hardware");
    assert_int_equal(f.there, 0);
    assert_int_equal(*batched + *single, 0);
}

static void encoded_ones_are_refused(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *photo;
    fov_faces  faces;
    assert_ok(load(NULL, 0, &photo, &err));
    assert_null(fov_photo_pixels(photo));
    assert_int_equal(fov_photo_width(photo), 512);
    assert_int_equal(fov_detector_run_photo(f.detector, photo, &f.options, &faces, &err), FOV_ERR_ARGUMENT);
    assert_ok(fov_photo_finish(photo, &err));
    assert_ok(fov_photo_finish(photo, &err));
    assert_ok(fov_detector_run_photo(f.detector, photo, &f.options, &faces, &err));
    fov_photo_free(photo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoded_there),
        cmocka_unit_test(what_fails_is_decoded_here),
        cmocka_unit_test(without_hardware_it_is_not_used),
        cmocka_unit_test(encoded_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
