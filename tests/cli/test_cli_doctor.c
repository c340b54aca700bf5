// SPDX-License-Identifier: MIT
/* fovea doctor, without a driver and with ones that are of no use. tests/cuda/ has those that are. */
#include "program.h"

#include <stdlib.h>
#include <unistd.h>

static json_t *cuda_of(json_t *info)
{
    json_t *cuda = json_object_get(info, "cuda");
    assert_true(json_is_boolean(json_object_get(cuda, "built")) && json_is_boolean(json_object_get(cuda, "usable")));
    return cuda;
}

static bool built_with_cuda(void)
{
    char      *text = fov_doctor_json();
    json_t    *info = parse_json(text);
    const bool built = json_is_true(json_object_get(cuda_of(info), "built"));
    json_decref(info);
    fov_string_free(text);
    return built;
}

static void it_tells_processor_and_gpus(void **state)
{
    (void)state;
    program       p = RUN("doctor"), q = RUN("doctor", "--json");
    json_t       *info = parse_json(q.out);
    const json_t *cuda = cuda_of(info);
    check_code(&p, 0);
    check_code(&q, 0);
    assert_string_equal(p.err, "");
    check_contains(p.out, "processor  ");
    check_contains(p.out, "features   ");
    assert_string_equal(json_string_value(json_object_get(info, "version")), fov_version());
    if (json_is_true(json_object_get(cuda, "usable"))) {
        check_contains(p.out, "\nCUDA can be used.\n");
        assert_true(json_array_size(json_object_get(cuda, "devices")) > 0);
    } else {
        check_contains(p.out, "\nCUDA cannot be used: ");
        check_contains(p.out, json_string_value(json_object_get(cuda, "problem")));
    }
    json_decref(info);
    program_clear(&p);
    program_clear(&q);
}

/* What it says with the libcuda.so.1 of test_folder(). */
static void check_problem(const char *version, const char *part)
{
    setenv("LD_LIBRARY_PATH", test_folder(), 1);
    if (version) setenv("FAKE_CUDA_VERSION", version, 1);
    program       p = RUN("doctor"), q = RUN("doctor", "--json");
    json_t       *info = parse_json(q.out);
    const json_t *cuda = cuda_of(info);
    unsetenv("LD_LIBRARY_PATH");
    unsetenv("FAKE_CUDA_VERSION");
    check_code(&p, 0);
    check_contains(p.out, part);
    check_contains(json_string_value(json_object_get(cuda, "problem")), part);
    assert_true(json_is_false(json_object_get(cuda, "usable")));
    assert_int_equal(json_array_size(json_object_get(cuda, "devices")), 0);
    json_decref(info);
    program_clear(&p);
    program_clear(&q);
}

#define NEED_CUDA()                                                                                                                \
    if (!built_with_cuda()) {                                                                                                      \
        print_message("skipped: this build has no CUDA backend\n");                                                                \
        skip();                                                                                                                    \
    }

static void a_driver_that_cannot_be_loaded_is_told_with_the_reason(void **state)
{
    (void)state;
    NEED_CUDA();
    FILE *file = fopen(in_folder("libcuda.so.1"), "w");
    assert_non_null(file);
    assert_true(fputs("not a library", file) >= 0 && !fclose(file));
    check_problem(NULL, "libcuda.so.1: ");
    check_problem(NULL, "NVIDIA's driver cannot be loaded: ");
    assert_int_equal(remove(in_folder("libcuda.so.1")), 0);
}

static void a_driver_that_is_too_old_is_told_with_both_versions(void **state)
{
    (void)state;
    NEED_CUDA();
    const char *driver = getenv("FOVEA_OLD_DRIVER");
    assert_true(driver && !symlink(driver, in_folder("libcuda.so.1")));
    check_problem("11040", "too old: it is for CUDA 11.4, this build of Fovea needs CUDA 1");
    check_problem("99000", "too old: libcuda.so.1 has no cuInit, this build of Fovea needs CUDA 1");
    check_problem(NULL, "libcuda.so.1 has no cuInit");
    assert_int_equal(remove(in_folder("libcuda.so.1")), 0);
}

static void a_build_without_cuda_says_so(void **state)
{
    (void)state;
    if (built_with_cuda()) return;
    program p = RUN("doctor");
    check_code(&p, 0);
    check_contains(p.out, "this build of Fovea has no CUDA backend");
    check_contains(p.out, "install the CUDA toolkit");
    program_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_processor_and_gpus),
        cmocka_unit_test(a_driver_that_cannot_be_loaded_is_told_with_the_reason),
        cmocka_unit_test(a_driver_that_is_too_old_is_told_with_both_versions),
        cmocka_unit_test(a_build_without_cuda_says_so),
    };
    return cmocka_run_group_tests_name("cli_doctor", tests, NULL, NULL);
}
