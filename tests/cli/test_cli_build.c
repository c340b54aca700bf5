// SPDX-License-Identifier: MIT
/* fovea build and verify as users run them: engines in every precision, certificates, caches, and files that are not as they were.
 */
#include "engines.h"
#include "pictures.h"
#include "program.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_picture(void **state)
{
    (void)state;
    fov_photo *face = picture_of_face();
    picture_save(face, in_folder("face.png"));
    fov_photo_free(face);
    return 0;
}

static bool is_there(const char *relative)
{
    return access(in_folder(relative), F_OK) == 0;
}

static void check_says(program p, int code, const char *part)
{
    check_code(&p, code);
    check_contains(p.err, part);
    assert_string_equal(p.out, "");
    program_clear(&p);
}

static void check_finds_the_face(program p)
{
    check_code(&p, 0);
    check_contains(p.out, " 1 face\n");
    program_clear(&p);
}

static const char *text_at(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

static void misuse_is_told_and_leaves_no_file(void **state)
{
    (void)state;
    check_says(RUN("build", "default"), 2, "a name to write");
    check_says(RUN("build", "-o", "x.fov"), 2, "a model");
    check_says(RUN("build", "default", "-o", "x.fov", "-p", "fp7"), 2, "fp7");
    check_says(RUN("build", "default", "-o", "x.fov", "--max-loss", "7"), 2, "--max-loss 7");
    check_says(RUN("build", "default", "-o", "x.fov", "--max-loss", "little"), 2, "--max-loss little");
    check_says(RUN("build", "default", "-o", "x.fov", "-p", "int8", "--calibrate", "-"), 2, "standard input");
    check_says(RUN("build", "nosuch.pth", "-o", "x.fov"), 3, "nosuch.pth");
    check_says(RUN("build", "default", "-o", "x.fov", "--backend", "abacus"), 3, "abacus");
    check_says(RUN("build", "default", "-o", "x.fov", "-p", "int8", "--cache", "nosuch"), 3, "nosuch");
    file_write(in_folder("words"), "not a cache\n", 12);
    check_says(RUN("build", "default", "-o", "x.fov", "-p", "int8", "--cache", "words"), 3, "words");
    program p = RUN("build", "default", "-o", "x.fov", "-p", "int8", "--calibrate", "words");
    check_code(&p, 3);
    check_contains(p.err, "could be loaded");
    program_clear(&p);
    assert_false(is_there("x.fov"));
    check_says(RUN("build", "default", "-o", "no/such/x.fov", "-p", "fp32"), 4, "no/such/x.fov");
}

/* With INT8 it was timed: each instruction set that is slower has its line. No file has times. */
static void check_slower(const program *built, json_t *certificate)
{
    const json_t *slower = json_object_get(certificate, "slower"), *level;
    const bool    int8 = json_object_get(json_object_get(certificate, "share"), "int8") != NULL;
    size_t        i;
    assert_int_equal(json_is_array(slower), int8);
    json_array_foreach(slower, i, level)
    {
        char line[64];
        snprintf(line, sizeof line, "is slower than FP32 on %s: ", text_at(level, "cpu"));
        check_contains(built->err, line);
    }
    if (!json_array_size(slower)) assert_null(strstr(built->err, "slower"));
    json_object_del(certificate, "slower");
}

static void check_engine(const char *precision, const char *file)
{
    program built = RUN("build", "default", "-p", precision, "-o", file, "--json", "--calibrate", "face.png");
    program shown = RUN("inspect", "--json", file), words = RUN("inspect", file), p = RUN("verify", "--json", file);
    check_code(&built, 0);
    check_code(&shown, 0);
    check_code(&words, 0);
    check_code(&p, 0);
    json_t *certificate = parse_json(built.out), *inspected = parse_json(shown.out), *verified = parse_json(p.out);
    if (strcmp(precision, "mixed") || json_array_size(json_object_get(certificate, "stayed_higher")))
        assert_string_equal(text_at(certificate, "precision"), precision); /* mixed of which nothing stayed is int8 */
    assert_string_equal(text_at(inspected, "precision"), text_at(certificate, "precision"));
    check_slower(&built, certificate);
    assert_true(json_equal(json_object_get(inspected, "certificate"), certificate));
    check_contains(words.out, "agreement");
    assert_true(json_is_true(json_object_get(verified, "pass")));
    json_decref(certificate);
    json_decref(inspected);
    json_decref(verified);
    program_clear(&built);
    program_clear(&shown);
    program_clear(&words);
    program_clear(&p);
    check_finds_the_face(RUN("detect", "-m", file, "face.png"));
}

static void every_precision_is_built_inspected_verified_and_run(void **state)
{
    (void)state;
    check_engine("fp32", "fp32.fov");
    check_engine("bf16", "bf16.fov");
    check_engine("fp16", "fp16.fov");
    check_engine("int8", "int8.fov");
    check_engine("mixed", "mixed.fov");
}

static void words_for_people_say_what_it_costs(void **state)
{
    (void)state;
    program p = RUN("build", "default", "-p", "int8", "-o", "words.fov", "--calibrate", "face.png");
    check_code(&p, 0);
    check_contains(p.out, "words.fov  int8");
    check_contains(p.out, "% of the work");
    check_contains(p.out, "points of AP against FP32");
    check_contains(p.out, "very few photos");
    program_clear(&p);
}

static void caches_take_the_place_of_photos(void **state)
{
    (void)state;
    program p = RUN("calibrate", "-q", "default", "face.png", "-o", "own.cache");
    check_code(&p, 0);
    program_clear(&p);
    p = RUN("calibrate", "default", "--from", "own.cache", "--format", "tensorrt", "-o", "trt.table");
    check_code(&p, 0);
    program_clear(&p);
    for (int i = 0; i < 2; i++) {
        p = RUN("build", "default", "-p", "int8", "--cache", i ? "trt.table" : "own.cache", "-o", "cached.fov", "--json");
        check_code(&p, 0);
        json_t *json = parse_json(p.out), *calibration = json_object_get(json, "calibration");
        assert_int_equal(json_is_true(json_object_get(calibration, "symmetric")), i);
        assert_string_equal(text_at(calibration, "method"), i ? "tensorrt" : "mse");
        json_decref(json);
        program_clear(&p);
        check_finds_the_face(RUN("detect", "-m", "cached.fov", "face.png"));
    }
    check_says(RUN("build", "default", "-p", "int8", "--cache", "own.cache", "--repair", "-o", "none.fov"), 3,
               "does not fit the repaired");
    assert_false(is_there("none.fov"));
}

static void plugins_go_from_photos_to_an_engine(void **state)
{
    (void)state;
    const char *library = getenv("FOVEA_EXAMPLE_PLUGIN");
    program p = RUN("build", "--plugin", library, "--heads", "FaceDecode", "default", "-p", "int8", "--calibrate", "face.png", "-o",
                    "decoded.fov");
    check_code(&p, 0);
    program_clear(&p);
    check_finds_the_face(RUN("detect", "-m", "decoded.fov", "--plugin", library, "face.png"));
    p = RUN("verify", "--plugin", library, "decoded.fov");
    check_code(&p, 0);
    program_clear(&p);
    check_says(RUN("verify", "decoded.fov"), 3, "FaceDecode");
    p = RUN("build", "--plugin", library, "--heads", "FaceDecode", "default", "-p", "mixed", "--calibrate", "face.png", "-o",
            "decoded.fov");
    check_code(&p, 0);
    program_clear(&p);
}

/* ---------------------------------------------------------------- verify */

static void engines_verify_on_every_backend(void **state)
{
    (void)state;
    fov_error err = {0};
    for (int i = FOV_PRECISION_FP32; i <= FOV_PRECISION_MIXED; i++) {
        fov_engine *engine = small_engine((fov_precision)i, NULL);
        assert_ok(fov_engine_save(engine, in_folder("small.fov"), &err));
        fov_engine_free(engine);
        program all[] = {RUN("verify", "small.fov"), RUN("verify", "--cpu", "generic", "small.fov"),
                         RUN("verify", "--backend", "reference", "small.fov")};
        for (int k = 0; k < 3; k++) {
            check_code(&all[k], 0);
            check_contains(all[k].out, "small.fov: pass; ");
            program_clear(&all[k]);
        }
    }
}

static void an_engine_that_drifted_is_told_by_its_exit_status(void **state)
{
    (void)state;
    fov_error   err = {0};
    fov_engine *engine = small_engine(FOV_PRECISION_INT8, NULL);
    int         node = 0;
    while (engine->graph->node[node].op != FOV_OP_Conv) node++;
    int8_t *weight = engine->graph->value[engine->graph->node[node].in[1]].data;
    for (int i = 0; i < 8 * 3 * 9; i++) weight[i] = (int8_t)(weight[i] / 2);
    assert_ok(fov_engine_save(engine, in_folder("drifted.fov"), &err));
    fov_engine_free(engine);
    program p = RUN("verify", "drifted.fov"), q = RUN("verify", "--json", "drifted.fov");
    check_code(&p, 6);
    check_code(&q, 6);
    check_contains(p.out, "DRIFTED; first in layer 'first");
    json_t *json = parse_json(q.out);
    assert_true(json_is_false(json_object_get(json, "pass")));
    assert_true(json_array_size(json_object_get(json, "drifted")) > 0);
    json_decref(json);
    program_clear(&p);
    program_clear(&q);
}

static void what_cannot_be_verified_is_told(void **state)
{
    (void)state;
    fov_error   err = {0};
    size_t      size;
    fov_engine *engine = small_engine(FOV_PRECISION_BF16, NULL);
    assert_ok(fov_engine_save(engine, in_folder("whole.fov"), &err));
    fov_engine_free(engine);
    char *data = file_read(in_folder("whole.fov"), &size);
    data[size / 2] ^= 4;
    file_write(in_folder("damaged.fov"), data, size);
    file_write(in_folder("cut.fov"), data, size - 7);
    free(data);
    check_says(RUN("verify", "damaged.fov"), 3, "checksum");
    check_says(RUN("detect", "-m", "damaged.fov", "face.png"), 3, "checksum");
    check_says(RUN("verify", "cut.fov"), 3, "was cut");
    check_says(RUN("verify", "nosuch.fov"), 3, "nosuch.fov");
    check_says(RUN("verify", "face.png"), 3, "face.png");
    check_says(RUN("verify"), 2, "one engine file");
    check_says(RUN("verify", "a", "b"), 2, "one engine file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_is_told_and_leaves_no_file),
        cmocka_unit_test(every_precision_is_built_inspected_verified_and_run),
        cmocka_unit_test(words_for_people_say_what_it_costs),
        cmocka_unit_test(caches_take_the_place_of_photos),
        cmocka_unit_test(plugins_go_from_photos_to_an_engine),
        cmocka_unit_test(engines_verify_on_every_backend),
        cmocka_unit_test(an_engine_that_drifted_is_told_by_its_exit_status),
        cmocka_unit_test(what_cannot_be_verified_is_told),
    };
    return cmocka_run_group_tests_name("cli_build", tests, make_picture, NULL);
}
