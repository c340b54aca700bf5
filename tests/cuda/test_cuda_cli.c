// SPDX-License-Identifier: MIT
/* The program with GPUs, over the driver that stands in for NVIDIA's: what it takes, what it refuses, what it says. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

static void check_says(program p, int code, const char *part)
{
    check_code(&p, code);
    check_contains(p.err, part);
    program_clear(&p);
}

static const char *text_at(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

#define PHOTO source_path("photos/astronaut.png")
#define SMALL "--size", "96x96"

/* A line of `fovea detect --ndjson`: released by the caller. */
static json_t *line_of(program p)
{
    check_code(&p, 0);
    json_t *json = parse_json(p.out);
    program_clear(&p);
    return json;
}

static void a_gpu_finds_the_face_and_says_that_it_did(void **state)
{
    (void)state;
    program p = RUN("detect", "-v", "--backend", "cuda", "--size", "160x160", "--ndjson", PHOTO);
    check_code(&p, 0);
    check_contains(p.err, "backend cuda: Emulated GPU");
    json_t *json = parse_json(p.out);
    assert_string_equal(text_at(json, "backend"), "cuda");
    assert_string_equal(text_at(json, "device"), "Emulated GPU");
    assert_int_equal(json_integer_value(json_object_get(json, "device_number")), 0);
    assert_int_equal(json_array_size(json_object_get(json, "faces")), 1);
    json_decref(json);
    program_clear(&p);
    json = line_of(RUN("detect", SMALL, "--ndjson", PHOTO));
    assert_null(json_object_get(json, "backend"));
    json_decref(json);
}

static void auto_takes_the_gpu_where_it_can_and_says_why(void **state)
{
    (void)state;
    check_says(RUN("detect", "-v", "--backend", "auto", SMALL, PHOTO), 0, "backend cuda: GPU 0 can be used: Emulated GPU");
    setenv("FAKE_CUDA_DEVICES", "0", 1);
    check_says(RUN("detect", "-v", "--backend", "auto", SMALL, PHOTO), 0,
               "backend cpu: cuda cannot be used: NVIDIA's driver finds no GPU");
    program quiet = RUN("detect", "--backend", "auto", SMALL, PHOTO);
    unsetenv("FAKE_CUDA_DEVICES");
    check_code(&quiet, 0);
    assert_string_equal(quiet.err, "");
    program_clear(&quiet);
}

static void tf32_needs_a_gpu_that_has_it(void **state)
{
    (void)state;
    check_says(RUN("detect", "--tf32", PHOTO), 2, "the backend cpu works on the processor: add --backend cuda");
    setenv("FAKE_CUDA_CAPABILITY", "75", 1);
    program old = RUN("detect", "--backend", "cuda", "--tf32", SMALL, PHOTO);
    unsetenv("FAKE_CUDA_CAPABILITY");
    check_says(old, 3, "has capability 7.5, and TF32 came with 8.0: leave it out, or use FP16");
    check_says(RUN("detect", "--backend", "cuda", "--tf32", "-p", "fp32", SMALL, PHOTO), 0, "");
}

static void a_gpu_that_is_not_there_is_never_replaced(void **state)
{
    (void)state;
    setenv("FAKE_CUDA_DEVICES", "0", 1);
    program all[] = {RUN("detect", "--backend", "cuda", PHOTO), RUN("bench", "--backend", "cuda"),
                     RUN("inspect", "--backend", "cuda", "default"),
                     RUN("compare", "--backend", "cuda", "default", "default", PHOTO),
                     RUN("build", "--backend", "cuda", "-p", "fp32", "default", "-o", "none.fov")};
    unsetenv("FAKE_CUDA_DEVICES");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        check_code(&all[i], 3);
        check_contains(all[i].err, "see whether nvidia-smi lists one");
        if (i != 2) assert_string_equal(all[i].out, ""); /* a model is shown even if it cannot be built */
        program_clear(&all[i]);
    }
    check_says(RUN("detect", "--backend", "cuda", "--device", "4", PHOTO), 3, "there is no GPU 4; there is: 0 (Emulated GPU)");
}

static void numbers_of_gpus_are_checked(void **state)
{
    (void)state;
    check_says(RUN("detect", "--device", "0", PHOTO), 2, "--device 0: names a GPU, and the backend cpu works on the processor");
    check_says(RUN("bench", "--backend", "cuda", "--device", "0,1"), 2, "--device 0,1: expected the number of a GPU, such as 0;");
    static const char *const wrong[] = {"x", "-1", "64", "0,", ",0", "0,0", "", "99999999999999999999", "0x1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_says(RUN("detect", "--backend", "cuda", "--device", wrong[i], PHOTO), 2, "or of several, each once");
    setenv("FAKE_CUDA_DEVICES", "2", 1);
    program p = RUN("detect", "--backend", "cuda", "--device", "0,1", "--mode", "latency", PHOTO);
    unsetenv("FAKE_CUDA_DEVICES");
    check_says(p, 2, "--mode latency: one photo after the other needs one GPU");
}

static void photos_are_shared_out_over_gpus(void **state)
{
    (void)state;
    setenv("FAKE_CUDA_DEVICES", "2", 1);
    json_t *second = line_of(RUN("detect", "--backend", "cuda", "--device", "1", SMALL, "--ndjson", PHOTO));
    program both = RUN("detect", "--backend", "cuda", "--device", "0,1", SMALL, "--json", PHOTO, PHOTO, PHOTO);
    unsetenv("FAKE_CUDA_DEVICES");
    check_code(&both, 0);
    json_t *all = parse_json(both.out);
    assert_int_equal(json_integer_value(json_object_get(second, "device_number")), 1);
    assert_int_equal(json_array_size(all), 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(json_equal(json_object_get(json_array_get(all, i), "faces"), json_object_get(second, "faces")));
    json_decref(all);
    json_decref(second);
    program_clear(&both);
}

static void engines_are_built_verified_and_timed_there(void **state)
{
    (void)state;
    check_says(RUN("build", "-v", "--backend", "cuda", "-p", "fp32", "default", "-o", "gpu.fov"), 0, "backend cuda: Emulated GPU");
    json_t *json = line_of(RUN("verify", "--backend", "cuda", "--json", "gpu.fov"));
    assert_true(json_is_true(json_object_get(json, "pass")));
    assert_string_equal(text_at(json, "backend"), "cuda");
    assert_string_equal(text_at(json, "device"), "Emulated GPU");
    json_decref(json);
    json = line_of(
        RUN("bench", "--backend", "auto", "-m", "gpu.fov", "--size", "32x32", "--rounds", "1", "--layers", "--json", PHOTO));
    assert_string_equal(text_at(json, "backend"), "cuda");
    assert_string_equal(text_at(json, "device"), "Emulated GPU");
    assert_int_equal(json_object_size(json_object_get(json_object_get(json, "profile"), "peak")), 0);
    json_decref(json);
    program p = RUN("bench", "--backend", "cuda", "--size", "32x32", "--rounds", "1", "--layers", PHOTO);
    check_code(&p, 0);
    check_contains(p.out, "backend cuda, ");
    check_contains(p.out, "device   Emulated GPU\n");
    assert_null(strstr(p.out, "one core's"));
    assert_null(strstr(p.out, "inf"));
    program_clear(&p);
    p = RUN("inspect", "--backend", "cuda", "gpu.fov");
    check_code(&p, 0);
    check_contains(p.out, "cuda");
    program_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gpu_finds_the_face_and_says_that_it_did), cmocka_unit_test(auto_takes_the_gpu_where_it_can_and_says_why),
        cmocka_unit_test(tf32_needs_a_gpu_that_has_it),
        cmocka_unit_test(a_gpu_that_is_not_there_is_never_replaced), cmocka_unit_test(numbers_of_gpus_are_checked),
        cmocka_unit_test(photos_are_shared_out_over_gpus),           cmocka_unit_test(engines_are_built_verified_and_timed_there),
    };
    return cmocka_run_group_tests_name("cuda_cli", tests, NULL, NULL);
}
