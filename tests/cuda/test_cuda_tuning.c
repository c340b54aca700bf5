// SPDX-License-Identifier: MIT
/* Tuning, over the driver that stands in for NVIDIA's: what is measured is remembered, and nothing else changes. */
#include "engines.h"
#include "program.h"

#include "base/file.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PHOTO source_path("photos/astronaut.png")
#define SIZE "--size", "64x48"

/* ---------------------------------------------------------------- the file */

/* Of the one GPU that there is; NULL: there is none. Release with free(). */
static char *find_file(void)
{
    glob_t found;
    char  *path = NULL;
    if (!glob(in_folder("cache/fovea/tuned-*.json"), 0, NULL, &found)) {
        assert_int_equal(found.gl_pathc, 1);
        path = strdup(found.gl_pathv[0]);
    }
    globfree(&found);
    return path;
}

static json_t *read_choices(void)
{
    char *path = find_file();
    assert_non_null(path);
    json_t *choices = json_load_file(path, 0, NULL);
    assert_true(json_is_object(choices));
    free(path);
    return choices;
}

static void write_choices(json_t *choices)
{
    char *path = find_file();
    assert_int_equal(json_dump_file(choices, path, 0), 0);
    json_decref(choices);
    free(path);
}

static void forget(void)
{
    char *path = find_file();
    if (path) assert_int_equal(unlink(path), 0);
    free(path);
}

/* ---------------------------------------------------------------- runs */

static size_t faces_at(const char *seconds)
{
    program p = RUN("detect", "--backend", "cuda", "-m", in_folder("small.fov"), SIZE, "--tune", seconds, "--ndjson", PHOTO);
    check_code(&p, 0);
    json_t      *json = parse_json(p.out);
    const size_t faces = json_array_size(json_object_get(json, "faces"));
    json_decref(json);
    program_clear(&p);
    return faces;
}

static int use_folder(void **state)
{
    (void)state;
    return setenv("XDG_CACHE_HOME", in_folder("cache"), 1);
}

/* A network of few layers, which an emulated GPU measures in a moment. */
static int set_up(void **state)
{
    fov_error   err;
    fov_engine *engine = small_engine(FOV_PRECISION_FP16, NULL);
    assert_int_equal(fov_engine_save(engine, in_folder("small.fov"), &err), FOV_OK);
    fov_engine_free(engine);
    return use_folder(state);
}

static void what_is_measured_is_remembered(void **state)
{
    (void)state;
    const size_t faces = faces_at("0");
    assert_null(find_file());
    assert_int_equal(faces_at("300"), faces);
    json_t *first = read_choices();
    assert_true(json_object_size(first) >= 2);

    /* One is forgotten, one is of a kernel that there is not, and one a reader must not mind. */
    json_t     *changed = json_deep_copy(first);
    const char *lost = json_object_iter_key(json_object_iter(first));
    const char *odd = json_object_iter_key(json_object_iter_next(first, json_object_iter_at(first, lost)));
    json_object_del(changed, lost);
    json_object_set_new(changed, odd, json_string("fov_no_such_kernel"));
    json_object_set_new(changed, "mark", json_integer(7));
    write_choices(changed);
    assert_int_equal(faces_at("300"), faces);

    json_t *second = read_choices();
    assert_true(json_is_string(json_object_get(second, lost)));
    assert_string_equal(json_string_value(json_object_get(second, odd)), "fov_no_such_kernel");
    assert_int_equal(json_integer_value(json_object_get(second, "mark")), 7);
    assert_int_equal(json_object_size(second), json_object_size(first) + 1);
    json_decref(first);
    json_decref(second);
    forget();
}

static void a_damaged_file_is_replaced(void **state)
{
    static const char *const damages[] = {"", "{\"program", "[1, 2]", "\xff\xfe"};
    char                    *path;
    (void)state;
    faces_at("300");
    assert_non_null(path = find_file());
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        assert_int_equal(fov_file_write(path, damages[i], strlen(damages[i]), NULL), FOV_OK);
        faces_at("300");
        json_t *choices = read_choices();
        assert_true(json_object_size(choices) > 0);
        json_decref(choices);
    }
    free(path);
    forget();
}

static void without_time_nothing_is_measured(void **state)
{
    (void)state;
    faces_at("0.000001");
    assert_null(find_file());
}

static void without_a_place_it_works_too(void **state)
{
    (void)state;
    setenv("XDG_CACHE_HOME", "/proc/no-such-place", 1);
    faces_at("300");
    setenv("XDG_CACHE_HOME", "not/absolute", 1);
    setenv("HOME", "", 1);
    faces_at("300");
    use_folder(NULL);
    assert_null(find_file());
}

static void what_cannot_be_tuned_is_refused(void **state)
{
    (void)state;
    program p = RUN("detect", "--tune", "5", PHOTO);
    check_code(&p, 2);
    check_contains(p.err,
                   "--tune 5: measures the kernels of a GPU, and the backend cpu works on the processor: add --backend cuda");
    program_clear(&p);
    p = RUN("detect", "--backend", "cuda", "--tune", "-1", PHOTO);
    check_code(&p, 2);
    check_contains(p.err, "--tune");
    program_clear(&p);

    fov_error     err = {0};
    fov_engine   *engine;
    fov_detector *detector;
    assert_int_equal(fov_engine_open("default", NULL, &(fov_engine_options){.backend = "cuda"}, &engine, &err), FOV_OK);
    const double wrong[] = {-1, 3601, (double)NAN};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(fov_detector_new(engine, &(fov_detector_options){.tune_seconds = wrong[i]}, &detector, &err),
                         FOV_ERR_ARGUMENT);
        check_contains(err.message, "tune_seconds");
    }
    fov_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_measured_is_remembered),   cmocka_unit_test(a_damaged_file_is_replaced),
        cmocka_unit_test(without_time_nothing_is_measured), cmocka_unit_test(without_a_place_it_works_too),
        cmocka_unit_test(what_cannot_be_tuned_is_refused),
    };
    return cmocka_run_group_tests_name("cuda_tuning", tests, set_up, NULL);
}
