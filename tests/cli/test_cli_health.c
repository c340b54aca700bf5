// SPDX-License-Identifier: MIT
/* fovea inspect --precision and fovea convert --repair. */
#include "program.h"

#include <string.h>

static const json_t *total_of(const json_t *json, size_t stage)
{
    const json_t *stages = json_object_get(json_object_get(json, "health"), "stages");
    return json_object_get(json_array_get(stages, stage), "total");
}

static long long count(const json_t *json, const char *key)
{
    return (long long)json_integer_value(json_object_get(total_of(json, 1), key));
}

static void inspect_tells_health_and_effect(void **state)
{
    const char *photo = source_path("photos/astronaut.png");
    (void)state;
    program p = RUN("inspect", "default", photo, "--precision", "fp16"),
            q = RUN("inspect", "--json", "default", photo, "--precision", "fp16");
    json_t *json = parse_json(q.out);
    check_code(&p, 0);
    check_code(&q, 0);
    check_contains(p.out, "567 in 33 tensors");
    check_contains(p.out, "worst first (-v: all)");
    check_contains(p.out, "flushed");
    check_contains(p.out, "1 of 1");
    assert_int_equal(count(json, "subnormal"), 567);
    assert_int_equal(json_array_size(json_object_get(json_object_get(json, "effect"), "variants")), 2);
    json_decref(json);
    program_clear(&p);
    program_clear(&q);
}

static void repaired_files_are_healthy(void **state)
{
    static const char *const names[] = {"healthy.wts", "healthy.safetensors", "healthy.onnx"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        program p = RUN("convert", "--repair", "default", names[i]);
        check_code(&p, 0);
        check_contains(p.err, "of those that matter: 8 before, 0 after");
        program_clear(&p);
        p = RUN("inspect", "--json", names[i], "--precision", "fp16");
        json_t *json = parse_json(p.out);
        assert_true(count(json, "subnormal") < 200 && count(json, "tiny") == 0);
        json_decref(json);
        program_clear(&p);
    }
}

static void misuse_is_told(void **state)
{
    (void)state;
    program p = RUN("inspect", "default", "--precision", "fp32"), q = RUN("inspect", "default", "photo.jpg");
    check_code(&p, 2);
    check_contains(p.err, "fp16, bf16 or int8");
    check_code(&q, 2);
    program_clear(&p);
    program_clear(&q);
    p = RUN("inspect", "default", "--precision", "fp16", "nosuch.jpg");
    assert_true(p.code != 0);
    check_contains(p.err, "nosuch.jpg");
    program_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inspect_tells_health_and_effect),
        cmocka_unit_test(repaired_files_are_healthy),
        cmocka_unit_test(misuse_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
