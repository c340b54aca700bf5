// SPDX-License-Identifier: MIT
/* The calibrator on a real network; caches in both formats; states to go on from; all of them damaged. */
#include "support.h"

#include "quant/ranges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { PHOTOS = 4, SIDE = 96 };

static fov_model *model;
static fov_photo *photos[PHOTOS];

static int set_up(void **state)
{
    fov_error   err = {0};
    test_random r = {7};
    (void)state;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    for (int i = 0; i < PHOTOS; i++) {
        assert_ok(fov_photo_new(SIDE + 8 * i, SIDE, &photos[i], &err));
        uint8_t *pixel = fov_photo_pixels(photos[i]);
        for (int j = 0; j < (SIDE + 8 * i) * SIDE * 3; j++)
            pixel[j] = (uint8_t)((j / (7 + i) + test_random_int(&r, 0, 40 * i)) & 255);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < PHOTOS; i++) fov_photo_free(photos[i]);
    fov_model_free(model);
    return 0;
}

static char *path_of(const char *name)
{
    static char paths[8][512];
    static int  next;
    char       *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
    return path;
}

static char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(4 << 20);
    assert_non_null(file);
    assert_non_null(data);
    *size = fread(data, 1, (4 << 20) - 1, file);
    data[*size] = '\0';
    fclose(file);
    return data;
}

static void write_all(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static void assert_same_files(const char *a, const char *b)
{
    size_t size_a, size_b;
    char  *data_a = read_all(a, &size_a), *data_b = read_all(b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(data_a, data_b, size_a);
    free(data_a);
    free(data_b);
}

static fov_calibrator *new_calibrator(int threads)
{
    fov_calibrator              *c;
    fov_error                    err = {0};
    const fov_calibrator_options options = {.threads = threads};
    assert_ok(fov_calibrator_new(model, &options, &c, &err));
    return c;
}

static void add(fov_calibrator *c, int photo)
{
    const fov_image image = fov_photo_image(photos[photo]);
    fov_error       err = {0};
    assert_ok(fov_calibrator_add(c, &image, "a photo", &err));
}

static fov_calibration *finish(const fov_calibrator *c, fov_calibration_method method)
{
    fov_calibration *calibration;
    fov_error        err = {0};
    assert_ok(fov_calibrator_finish(c, method, 0, &calibration, &err));
    return calibration;
}

static void save(const fov_calibration *calibration, const char *path, bool tensorrt)
{
    fov_error err = {0};
    assert_ok(fov_calibration_save(calibration, path, tensorrt, &err));
}

static void finish_into(const fov_calibrator *c, const char *path)
{
    fov_calibration *calibration = finish(c, FOV_CALIBRATE_ENTROPY);
    save(calibration, path, false);
    fov_calibration_free(calibration);
}

/* ---------------------------------------------------------------- the calibrator */

static void test_order_and_threads_change_nothing(void **state)
{
    fov_calibrator *forwards = new_calibrator(1), *backwards = new_calibrator(2);
    fov_error       err = {0};
    (void)state;
    for (int i = 0; i < PHOTOS; i++) add(forwards, i);
    for (int i = PHOTOS - 1; i >= 0; i--) add(backwards, i);
    add(backwards, 1); /* known already */
    assert_int_equal(fov_calibrator_count(backwards), PHOTOS);
    assert_ok(fov_calibrator_save(forwards, path_of("forwards"), &err));
    assert_ok(fov_calibrator_save(backwards, path_of("backwards"), &err));
    assert_same_files(path_of("forwards"), path_of("backwards"));
    finish_into(forwards, path_of("forwards.cache"));
    finish_into(backwards, path_of("backwards.cache"));
    assert_same_files(path_of("forwards.cache"), path_of("backwards.cache"));
    fov_calibrator_free(forwards);
    fov_calibrator_free(backwards);
}

static void test_resumed_is_as_uninterrupted(void **state)
{
    fov_calibrator *whole = new_calibrator(1), *first = new_calibrator(1), *second = new_calibrator(1);
    fov_error       err = {0};
    (void)state;
    for (int i = 0; i < PHOTOS; i++) add(whole, i);
    add(first, 2);
    add(first, 0);
    assert_ok(fov_calibrator_save(first, path_of("state"), &err));
    assert_ok(fov_calibrator_resume(second, path_of("state"), &err));
    assert_int_equal(fov_calibrator_unconfirmed(second), 2);
    for (int i = 0; i < PHOTOS; i++) {
        const fov_image image = fov_photo_image(photos[i]);
        assert_int_equal(fov_calibrator_has(second, &image), i == 0 || i == 2);
        add(second, i);
    }
    assert_int_equal(fov_calibrator_unconfirmed(second), 0);
    finish_into(whole, path_of("whole.cache"));
    finish_into(second, path_of("resumed.cache"));
    assert_same_files(path_of("whole.cache"), path_of("resumed.cache"));
    fov_calibrator_free(whole);
    fov_calibrator_free(first);
    fov_calibrator_free(second);
}

static void test_state_of_another_input_is_refused(void **state)
{
    fov_calibrator              *c = new_calibrator(1), *other;
    fov_detect_options           detect = fov_detect_options_default();
    fov_error                    err = {0};
    const fov_calibrator_options options = {.detect = &detect, .threads = 1};
    (void)state;
    detect.long_side = 64;
    add(c, 0);
    assert_ok(fov_calibrator_save(c, path_of("state"), &err));
    assert_ok(fov_calibrator_new(model, &options, &other, &err));
    assert_int_equal(fov_calibrator_resume(other, path_of("state"), &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "another model"));
    fov_calibrator_free(c);
    fov_calibrator_free(other);
}

static void test_nothing_seen(void **state)
{
    fov_calibrator  *c = new_calibrator(1);
    fov_calibration *calibration;
    fov_error        err = {0};
    (void)state;
    assert_int_equal(fov_calibrator_finish(c, FOV_CALIBRATE_MSE, 0, &calibration, &err), FOV_ERR_ARGUMENT);
    assert_null(calibration);
    add(c, 0);
    assert_int_equal(fov_calibrator_finish(c, FOV_CALIBRATE_PERCENTILE, 40, &calibration, &err), FOV_ERR_ARGUMENT);
    fov_calibrator_free(c);
}

/* Every method stays within what was seen, and a Concat holds what its inputs hold. */
static void test_methods_stay_inside(void **state)
{
    fov_calibrator  *c = new_calibrator(1);
    fov_calibration *all;
    (void)state;
    for (int i = 0; i < PHOTOS; i++) add(c, i);
    all = finish(c, FOV_CALIBRATE_MIN_MAX);
    assert_true(all->count > 50);
    for (int m = FOV_CALIBRATE_MSE; m <= FOV_CALIBRATE_ENTROPY; m++) {
        fov_calibration *some = finish(c, (fov_calibration_method)m);
        assert_int_equal(some->count, all->count);
        for (size_t i = 0; i < all->count; i++) {
            const fov_range *s = &some->range[i], *a = &all->range[i];
            assert_true(s->lo <= 0 && s->hi >= 0 && s->hi > s->lo);
            assert_true(s->lo >= a->lo && s->hi <= a->hi);
        }
        fov_calibration_free(some);
    }
    const fov_range *joined = fov_range_find(all, "ssh1.relu"), *part = fov_range_find(all, "ssh1.conv5X5_2.1.act");
    assert_non_null(joined);
    assert_non_null(part);
    assert_int_equal(joined->channels, 64);
    assert_memory_equal(joined->channel_hi + 32, part->channel_hi, 16 * sizeof(float));
    assert_memory_equal(joined->channel_mean + 32, part->channel_mean, 16 * sizeof(float));
    fov_calibration_free(all);
    fov_calibrator_free(c);
}

/* ---------------------------------------------------------------- caches */

static fov_calibration *some_ranges(fov_calibration_method method)
{
    fov_calibrator *c = new_calibrator(1);
    add(c, 1);
    fov_calibration *calibration = finish(c, method);
    fov_calibrator_free(c);
    return calibration;
}

static void test_caches_read_back(void **state)
{
    fov_calibration *made = some_ranges(FOV_CALIBRATE_MSE), *read, *again;
    fov_error        err = {0};
    (void)state;
    save(made, path_of("own"), false);
    assert_ok(fov_calibration_load(path_of("own"), model, NULL, &read, &err));
    save(read, path_of("own2"), false);
    assert_same_files(path_of("own"), path_of("own2"));
    save(made, path_of("trt"), true);
    assert_ok(fov_calibration_load(path_of("trt"), model, NULL, &again, &err));
    assert_true(again->symmetric);
    save(again, path_of("trt2"), true);
    assert_same_files(path_of("trt"), path_of("trt2"));
    save(again, path_of("own3"), false); /* TensorRT's scales survive our format too */
    fov_calibration_free(again);
    assert_ok(fov_calibration_load(path_of("own3"), model, NULL, &again, &err));
    save(again, path_of("trt3"), true);
    assert_same_files(path_of("trt"), path_of("trt3"));
    for (size_t i = 0; i < made->count; i++) {
        const fov_range *a = &made->range[i], *b = fov_range_find(again, a->name);
        assert_true(b->scale == fmaxf(-a->lo, a->hi) / 127);
        assert_true(b->lo == -127 * b->scale && b->hi == 127 * b->scale);
    }
    fov_calibration_free(made);
    fov_calibration_free(read);
    fov_calibration_free(again);
}

static void test_other_versions_of_tensorrt(void **state)
{
    static const char *const headers[] = {"TRT-8401-MinMaxCalibration", "TRT-100-EntropyCalibration",
                                          "TRT-10203-EntropyCalibration2", "TRT-7103-LegacyCalibration\r"};
    fov_calibration         *made = some_ranges(FOV_CALIBRATE_ENTROPY), *read;
    fov_error                err = {0};
    size_t                   size;
    (void)state;
    save(made, path_of("trt"), true);
    char *text = read_all(path_of("trt"), &size), *rest = strchr(text, '\n');
    assert_int_equal(strncmp(text, "TRT-8601-EntropyCalibration2\ninput: ", 36), 0);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char *other = malloc(size + 64);
        snprintf(other, size + 64, "%s%s\nunknown (Unnamed Layer* 3): 3c010a14\n", headers[i], rest);
        write_all(path_of("other"), other, strlen(other));
        assert_ok(fov_calibration_load(path_of("other"), model, NULL, &read, &err));
        assert_non_null(fov_range_find(read, "unknown (Unnamed Layer* 3)"));
        fov_calibration_free(read);
        free(other);
    }
    free(text);
    fov_calibration_free(made);
}

static void test_wrong_network_is_refused(void **state)
{
    static const char text[] = "TRT-8601-EntropyCalibration2\ndata: 3f800000\nconv1: 3c010a14\n";
    fov_calibration  *read;
    fov_error         err = {0};
    (void)state;
    write_all(path_of("wrong"), text, strlen(text));
    assert_int_equal(fov_calibration_load(path_of("wrong"), model, NULL, &read, &err), FOV_ERR_FORMAT);
    assert_null(read);
    assert_non_null(strstr(err.message, "60 of the network's 60"));
    assert_non_null(strstr(err.message, "input, body.stage1.0.2, "));
    assert_int_equal(
        fov_calibration_load(path_of("wrong"), model, "data = input # theirs\n\nconv1 = body.stage1.0.2\n", &read, &err),
        FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "58 of the network's 60"));
    assert_int_equal(fov_calibration_load(path_of("wrong"), model, "no equals sign\n", &read, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "mapping of names:1"));
}

/* What the mapping says comes before a range that the cache has under that name, with all that is known of channels. */
static void test_mapping_wins_and_keeps_channels(void **state)
{
    static const char mapping[] = "input = body.stage1.0.2\n";
    fov_calibration  *made = some_ranges(FOV_CALIBRATE_MSE), *read;
    const fov_range  *input = fov_range_find(made, "input");
    fov_error         err = {0};
    (void)state;
    save(made, path_of("own"), false);
    assert_ok(fov_calibration_load(path_of("own"), NULL, mapping, &read, &err));
    const fov_range *mapped = fov_range_find(read, "body.stage1.0.2");
    assert_int_equal(mapped->channels, 3);
    assert_memory_equal(mapped->channel_lo, input->channel_lo, 3 * sizeof(float));
    assert_memory_equal(mapped->channel_mean, input->channel_mean, 3 * sizeof(float));
    assert_true(mapped->lo == input->lo && mapped->hi == input->hi);
    assert_int_equal(fov_range_find(read, "input")->channels, 3);
    fov_calibration_free(read);
    assert_int_equal(fov_calibration_load(path_of("own"), model, mapping, &read, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "'body.stage1.0.2' has 3 channels there and 8 here"));
    fov_calibration_free(made);
}

static void test_nonsense_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "TRT-",
                                        "TRT-8601-X\ninput\n",
                                        "TRT-8601-X\ninput: 7fc00000\n",
                                        "TRT-8601-X\ninput: bf800000\n",
                                        "TRT-8601-X\ninput: 3f8000000\n",
                                        "TRT-8601-X\ninput: xyz\n",
                                        "Fovea calibration 2\nend\n",
                                        "Fovea calibration 1\n",
                                        "Fovea calibration 1\ntensor input 0 0 0 0\nend\n",
                                        "Fovea calibration 1\ntensor input -1 nan 0 0\nend\n",
                                        "Fovea calibration 1\ntensor input -1 1 0 1000000\nlow 1\nend\n",
                                        "Fovea calibration 1\ntensor input -1 1 0 1\nlow 1\nhigh 1\nmean 0\nend\n",
                                        "PK\x03\x04"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fov_calibration *read;
        fov_error        err = {0};
        write_all(path_of("nonsense"), texts[i], strlen(texts[i]));
        assert_int_equal(fov_calibration_load(path_of("nonsense"), NULL, NULL, &read, &err), FOV_ERR_FORMAT);
        assert_non_null(strstr(err.message, "nonsense"));
    }
}

/* Photos are put where they belong one by one, which takes long where they come in another order than they were written in. */
static void test_photos_of_a_state_ascend(void **state)
{
    enum { BEGIN = 36, DIGEST = 16, CHECKSUM = 8 }; /* where the digests begin; bytes */
    fov_calibrator *c = new_calibrator(1);
    fov_error       err = {0};
    size_t          size;
    (void)state;
    add(c, 0);
    add(c, 1);
    assert_ok(fov_calibrator_save(c, path_of("state"), &err));
    fov_calibrator_free(c);
    char *data = read_all(path_of("state"), &size), first[DIGEST];
    memcpy(first, data + BEGIN, DIGEST);
    memcpy(data + BEGIN, data + BEGIN + DIGEST, DIGEST);
    memcpy(data + BEGIN + DIGEST, first, DIGEST);
    const uint64_t sum = XXH3_64bits(data, size - CHECKSUM);
    memcpy(data + size - CHECKSUM, &sum, CHECKSUM);
    write_all(path_of("bad"), data, size);
    c = new_calibrator(1);
    assert_int_equal(fov_calibrator_resume(c, path_of("bad"), &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "its photos do not ascend"));
    fov_calibrator_free(c);
    free(data);
}

/* Cut at many places and with bytes changed: an error or ranges that can be used, never a crash. */
static void test_damaged_files(void **state)
{
    fov_calibrator  *c = new_calibrator(1);
    fov_calibration *calibration;
    fov_error        err = {0};
    test_random      r = {11};
    size_t           size;
    (void)state;
    add(c, 0);
    assert_ok(fov_calibrator_save(c, path_of("state"), &err));
    finish_into(c, path_of("cache"));
    fov_calibrator_free(c);
    c = new_calibrator(1);
    char *data = read_all(path_of("state"), &size);
    for (int i = 0; i < 60; i++) {
        const size_t at = (size_t)test_random_int(&r, 0, (int)size - 1);
        data[at] ^= 0x10;
        write_all(path_of("bad"), data, i % 2 ? size : at);
        assert_int_not_equal(fov_calibrator_resume(c, path_of("bad"), &err), FOV_OK);
        assert_int_equal(fov_calibrator_count(c), 0);
        data[at] ^= 0x10;
    }
    assert_ok(fov_calibrator_resume(c, path_of("state"), &err)); /* none of that left anything behind */
    free(data);
    data = read_all(path_of("cache"), &size);
    for (int i = 0; i < 200; i++) {
        const size_t at = (size_t)test_random_int(&r, 0, (int)size - 5);
        const char   before = data[at];
        data[at] = (char)test_random_int(&r, 1, 255);
        write_all(path_of("bad"), data, i % 2 ? size : at);
        const fov_status st = fov_calibration_load(path_of("bad"), model, NULL, &calibration, &err);
        if (i % 2 == 0) assert_int_equal(st, FOV_ERR_FORMAT);
        if (!st) fov_calibration_free(calibration);
        data[at] = before;
    }
    free(data);
    fov_calibrator_free(c);
}

/* ---------------------------------------------------------------- without data */

/* Of the numbers that photos give, nearly all lie in the range that BatchNorm's statistics promise. */
static void test_data_free_ranges(void **state)
{
    fov_calibrator  *c = new_calibrator(0);
    fov_calibration *guessed, *seen;
    fov_photo       *photo;
    fov_error        err = {0};
    (void)state;
    assert_ok(fov_calibration_from_statistics(model, &guessed, &err));
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &photo, &err));
    const fov_image image = fov_photo_image(photo);
    assert_ok(fov_calibrator_add(c, &image, NULL, &err));
    assert_ok(fov_calibrator_finish(c, FOV_CALIBRATE_PERCENTILE, 99, &seen, &err));
    assert_int_equal(guessed->count, seen->count);
    assert_string_equal(guessed->method, "data-free");
    for (size_t i = 0; i < seen->count; i++) {
        const fov_range *s = &seen->range[i], *g = fov_range_find(guessed, s->name);
        assert_non_null(g);
        assert_int_equal(g->channels, s->channels);
        if (s->lo < g->lo || s->hi > g->hi)
            fail_msg("%s: %g .. %g of 99%% of the numbers, expected %g .. %g", s->name, (double)s->lo, (double)s->hi, (double)g->lo,
                     (double)g->hi);
        assert_true(g->hi - g->lo < 40 * (s->hi - s->lo)); /* not just anything */
    }
    fov_photo_free(photo);
    fov_calibration_free(guessed);
    fov_calibration_free(seen);
    fov_calibrator_free(c);
}

static void test_data_free_needs_batch_norm(void **state)
{
    NEED_SHARED(path, "models/retinaface/mnet025_official_opset14.onnx");
    fov_model       *folded;
    fov_calibration *calibration;
    fov_error        err = {0};
    (void)state;
    assert_ok(fov_model_load(path, NULL, &folded, &err));
    assert_int_equal(fov_calibration_from_statistics(folded, &calibration, &err), FOV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "calibrate with photos"));
    fov_model_free(folded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_threads_change_nothing),
        cmocka_unit_test(test_resumed_is_as_uninterrupted),
        cmocka_unit_test(test_state_of_another_input_is_refused),
        cmocka_unit_test(test_nothing_seen),
        cmocka_unit_test(test_methods_stay_inside),
        cmocka_unit_test(test_caches_read_back),
        cmocka_unit_test(test_other_versions_of_tensorrt),
        cmocka_unit_test(test_wrong_network_is_refused),
        cmocka_unit_test(test_mapping_wins_and_keeps_channels),
        cmocka_unit_test(test_nonsense_is_refused),
        cmocka_unit_test(test_photos_of_a_state_ascend),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_data_free_ranges),
        cmocka_unit_test(test_data_free_needs_batch_norm),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
