// SPDX-License-Identifier: MIT
/* --plugin and --heads as users give them. */
#include "pictures.h"
#include "program.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *face_decode(void)
{
    return getenv("FOVEA_EXAMPLE_PLUGIN");
}

static const char *faulty(const char *fault)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/faulty_%s.so", getenv("FOVEA_PLUGINS"), fault);
    return path;
}

static const char *photo(void)
{
    return source_path("photos/astronaut.png");
}

static void check_says(program p, int code, const char *part)
{
    check_code(&p, code);
    check_contains(p.err, part);
    assert_string_equal(p.out, "");
    program_clear(&p);
}

static void prints_what_it_prints_without(void **state)
{
    (void)state;
    program plain = RUN("detect", "-p", "fp32", photo()), with = RUN("detect", "--plugin", face_decode(), "--heads", "FaceDecode", photo());
    check_code(&plain, 0);
    check_code(&with, 0);
    check_contains(with.out, "1 face\n");
    assert_string_equal(with.out, plain.out);
    assert_string_equal(with.err, "");
    program_clear(&plain);
    program_clear(&with);
}

static void no_library_is_looked_for(void **state)
{
    (void)state;
    check_says(RUN("detect", "--plugin", "libm.so.6", "--heads", "FaceDecode", photo()), 3, "libm.so.6: cannot open");
    check_says(RUN("detect", "--heads", "FaceDecode", photo()), 2, "--plugin");
    check_says(RUN("detect", "--plugin", face_decode(), "--heads", "NoSuch", photo()), 3, "'NoSuch'");
    /* a library that nothing uses is loaded all the same, and so are two */
    program p = RUN("detect", "--plugin", face_decode(), "--plugin", faulty("none"), photo());
    check_code(&p, 0);
    check_contains(p.out, "1 face\n");
    program_clear(&p);
}

static void faults_are_errors(void **state)
{
    (void)state;
    check_says(RUN("detect", "--plugin", faulty("wrong_abi"), photo()), 3, "version 99");
    check_says(RUN("bench", "--plugin", faulty("no_symbol"), photo()), 3, "no function fovea_plugin");
    check_says(RUN("detect", "--plugin", faulty("wrong_table"), "--heads", "NoFaces", photo()), 3, "2x4x14");
    program p = RUN("detect", "--plugin", faulty("run_fails"), "--heads", "NoFaces", photo());
    check_code(&p, 1);
    check_contains(p.err, "out of luck");
    program_clear(&p);
}

static void a_model_keeps_the_node_and_never_loads_a_library(void **state)
{
    (void)state;
    program p = RUN("convert", "--plugin", face_decode(), "--heads", "FaceDecode", "default", "decoded.onnx");
    check_code(&p, 0);
    program_clear(&p);
    check_says(RUN("detect", "-m", "decoded.onnx", photo()), 3, "org.fovea.examples::FaceDecode");
    p = RUN("detect", "-m", "decoded.onnx", "--plugin", face_decode(), photo());
    check_code(&p, 0);
    check_contains(p.out, "1 face\n");
    program_clear(&p);
    p = RUN("inspect", "--json", "--plugin", face_decode(), "decoded.onnx");
    check_code(&p, 0);
    check_contains(p.out, "org.fovea.examples::FaceDecode");
    program_clear(&p);
}

/* The scales that `fovea calibrate` tells for the inputs of the plugin's node, in their order. */
static size_t read_scales(const char *text, double *scale, size_t most)
{
    json_t *json = parse_json(text), *node, *input;
    size_t  i, k, count = 0;
    json_array_foreach(json_object_get(json, "inputs"), i, node)
    {
        if (strcmp(json_string_value(json_object_get(node, "node")), "FaceDecode") != 0) continue;
        json_array_foreach(json_object_get(node, "inputs"), k, input)
        {
            assert_true(count < most);
            scale[count++] = json_number_value(json_object_get(input, "scale"));
        }
    }
    json_decref(json);
    return count;
}

/* What made a calibrator fail that this project set out from: a node of several inputs. Here each has its scale. */
static void nine_inputs_calibrate_and_run_in_8_bits(void **state)
{
    (void)state;
    double  scale[9];
    program p =
        RUN("calibrate", "-q", "--json", "--plugin", face_decode(), "--heads", "FaceDecode", "default", photo(), "-o", "c.cache");
    check_code(&p, 0);
    assert_int_equal(read_scales(p.out, scale, 9), 9);
    for (int i = 0; i < 9; i++) {
        assert_true(scale[i] > 0);
        for (int k = 0; k < i; k++) assert_true(scale[i] != scale[k]);
    }
    program_clear(&p);
    p = RUN("build", "--plugin", face_decode(), "--heads", "FaceDecode", "default", "-o", "int8.fov", "--precision", "int8",
            "--cache", "c.cache");
    check_code(&p, 0);
    program_clear(&p);
    p = RUN("detect", "-m", "int8.fov", "--plugin", face_decode(), photo());
    check_code(&p, 0);
    check_contains(p.out, "1 face\n");
    program_clear(&p);
    check_says(RUN("detect", "-m", "int8.fov", photo()), 3,
               "int8.fov: 'FaceDecode' needs the operator org.fovea.examples::FaceDecode");
    check_says(RUN("detect", "-m", "int8.fov", "--plugin", face_decode(), "--heads", "FaceDecode", photo()), 2, "when it is built");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_what_it_prints_without),
        cmocka_unit_test(no_library_is_looked_for),
        cmocka_unit_test(faults_are_errors),
        cmocka_unit_test(a_model_keeps_the_node_and_never_loads_a_library),
        cmocka_unit_test(nine_inputs_calibrate_and_run_in_8_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
