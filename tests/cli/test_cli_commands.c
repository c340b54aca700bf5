// SPDX-License-Identifier: MIT
/* The program's other commands: help, version, inspect, convert, bench, completion; and what it says when it is misused. */
#include "pictures.h"
#include "program.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const commands[] = {"detect", "inspect", "verify", "build",  "convert", "export",  "calibrate",
                                       "eval",   "compare", "bench",  "doctor", "help",    "version", "completion"};
static const char *const topics[] = {"formats", "settings", "sizes", "precision",  "calibration",
                                     "engines", "backends", "json",  "exit-codes", "environment"};
enum { N_COMMANDS = sizeof commands / sizeof *commands, N_TOPICS = sizeof topics / sizeof *topics };

static void check_says(program p, int code, const char *part)
{
    check_code(&p, code);
    check_contains(p.err, part);
    assert_string_equal(p.out, "");
    program_clear(&p);
}

static void every_command_explains_itself(void **state)
{
    (void)state;
    program all = RUN("--help");
    check_code(&all, 0);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        program p = RUN(commands[i], "--help"), q = RUN("help", commands[i]);
        check_code(&p, 0);
        assert_string_equal(p.out, q.out);
        assert_string_equal(p.err, "");
        check_contains(p.out, "Examples:\n  ");
        check_contains(p.out, "Exit status:\n  0 ");
        check_contains(p.out, "--help");
        check_contains(all.out, commands[i]);
        program_clear(&p);
        program_clear(&q);
    }
    program_clear(&all);
}

static void misuse_is_told_with_a_remedy(void **state)
{
    (void)state;
    check_says(RUN(NULL), 2, "fovea help");
    check_says(RUN("detcet"), 2, "did you mean 'detect'?");
    check_says(RUN("xyzzy"), 2, "'fovea help' lists them");
    check_says(RUN("--json"), 2, "options come after a command");
    check_says(RUN("help", "benhc"), 2, "did you mean 'bench'?");
    check_says(RUN("help", "fromats"), 2, "did you mean 'formats'?");
    check_says(RUN("help", "xyzzy"), 2, "'fovea help' lists them");
    check_says(RUN("help", "a", "b"), 2, "one command or topic at a time");
    check_says(RUN("detect", "--place", "left", "x.jpg"), 2, "--place left: expected center or top-left");
    check_says(RUN("calibrate", "default", "x", "-o", "y", "--method", "best"), 2, "expected mse, min-max, percentile or entropy");
    check_says(RUN("inspect"), 2, "needs one model");
    check_says(RUN("inspect", "default", "--size", "640"), 2, "WxH");
    check_says(RUN("convert", "default"), 2, "a name to write");
    check_says(RUN("bench", "a", "b"), 2, "one photo");
    check_says(RUN("bench", "--rounds", "0"), 2, "--rounds 0");
    check_says(RUN("bench", "--layers", "--size", "tiles:640"), 2, "choose another --size");
    check_says(RUN("version", "x"), 2, "no arguments");
    check_says(RUN("doctor", "x"), 2, "no arguments");
    check_says(RUN("inspect", "nosuch.onnx"), 3, "nosuch.onnx: ");
    check_says(RUN("convert", "nosuch.pth", "a.onnx"), 3, "nosuch.pth: ");
    check_says(RUN("convert", "default", "a.docx"), 2, "a.docx: ");
    check_says(RUN("convert", "default", "no/such/folder/a.wts"), 4, "no/such/folder/a.wts: ");
    check_says(RUN("bench", "nosuch.jpg"), 1, "nosuch.jpg: cannot open");
}

static void version_tells_build_features_and_backends(void **state)
{
    (void)state;
    program p = RUN("--version"), q = RUN("version", "--json");
    json_t *info = parse_json(q.out);
    check_code(&p, 0);
    check_contains(p.out, "fovea ");
    check_contains(p.out, fov_version());
    check_contains(p.out, "backends  ");
    assert_string_equal(json_string_value(json_object_get(info, "version")), fov_version());
    assert_true(json_array_size(json_object_get(info, "backends")) >= 2);
    assert_true(json_is_array(json_object_get(json_object_get(info, "cpu"), "features")));
    json_decref(info);
    program_clear(&p);
    program_clear(&q);
}

static void inspect_shows_layers_and_where_weights_came_from(void **state)
{
    (void)state;
    program       p = RUN("inspect", "default", "--size", "320x256"), q = RUN("inspect", "default", "--size", "320x256", "--json");
    json_t       *json = parse_json(q.out);
    const json_t *engine = json_object_get(json, "engine"), *model = json_object_get(json, "model");
    const json_t *layers = json_object_get(engine, "layers"), *input = json_object_get(engine, "input");
    check_code(&p, 0);
    check_contains(p.out, "RetinaFace MobileNet-0.25");
    check_contains(p.out, "1x3x256x320");
    check_contains(p.out, "body.stage1.0.{0.weight, 1.weight");
    check_contains(p.out, "fold_batch_norm");
    assert_true(json_integer_value(json_object_get(model, "parameters")) > 400000);
    assert_true(json_array_size(layers) > 40);
    assert_int_equal(json_integer_value(json_array_get(input, 2)), 256);
    assert_int_equal(json_integer_value(json_array_get(input, 3)), 320);
    assert_true(json_number_value(json_object_get(engine, "macs")) > 1e8);
    const json_t    *memory = json_object_get(engine, "memory");
    const json_int_t arena = json_integer_value(json_object_get(memory, "arena"));
    assert_true(arena > 0 && json_integer_value(json_object_get(memory, "scratch")) < arena);
    assert_int_equal(json_integer_value(json_object_get(memory, "total")),
                     arena + json_integer_value(json_object_get(memory, "weights")));
    json_decref(json);
    program_clear(&p);
    program_clear(&q);
}

static void check_converts_to(const char *name, const char *faces)
{
    struct stat info;
    program     p = RUN("convert", "default", name);
    check_code(&p, 0);
    check_contains(p.out, name);
    check_contains(p.out, ": written");
    assert_int_equal(stat(in_folder(name), &info), 0);
    program_clear(&p);
    p = RUN("detect", "--size", "long:320", "-m", name, "face.png");
    check_code(&p, 0);
    assert_string_equal(p.out, faces);
    program_clear(&p);
}

static void converted_models_find_the_same_faces(void **state)
{
    (void)state;
    fov_photo *face = picture_of_face();
    picture_save(face, in_folder("face.png"));
    fov_photo_free(face);
    program p = RUN("detect", "-p", "fp32", "--size", "long:320", "face.png");
    check_contains(p.out, " 1 face\n");
    check_converts_to("copy.wts", p.out);
    check_converts_to("copy.safetensors", p.out);
    check_converts_to("copy.onnx", p.out);
    program_clear(&p);
}

static void settings_travel_with_the_model(void **state)
{
    (void)state;
    program p = RUN("convert", "--leaky", "0.25", "default", "slope.safetensors"),
            q = RUN("inspect", "--json", "slope.safetensors");
    json_t *json = parse_json(q.out);
    check_code(&p, 0);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json_object_get(json, "model"), "settings"), "leaky")),
                        "0.25");
    json_decref(json);
    program_clear(&p);
    program_clear(&q);
}

static void bench_times_every_stage(void **state)
{
    (void)state;
    static const char *const stages[] = {"decode", "preprocess", "network", "postprocess", "total"};
    const char              *photo = source_path("photos/astronaut.png");
    program                  p = RUN("bench", "--json", "--rounds", "3", "--size", "160x160", photo);
    json_t                  *json = parse_json(p.out);
    const json_t            *all = json_object_get(json, "stages");
    check_code(&p, 0);
    assert_int_equal(json_integer_value(json_object_get(json, "rounds")), 3);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "input_size"), 0)), 160);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "decoded_size"), 0)), 512);
    assert_true(json_number_value(json_object_get(json, "build_ms")) > 0);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        const json_t *s = json_object_get(all, stages[i]);
        double low = json_number_value(json_object_get(s, "min_ms")), median = json_number_value(json_object_get(s, "median_ms"));
        assert_int_equal(json_array_size(json_object_get(s, "rounds_ms")), 3);
        assert_true(json_number_value(json_object_get(s, "first_ms")) > 0);
        assert_true(low > 0 && low <= median && median <= json_number_value(json_object_get(s, "p90_ms")));
    }
    json_decref(json);
    program_clear(&p);

    p = RUN("bench", "--no-decode", "--rounds", "2", "--size", "160x160", photo);
    check_code(&p, 0);
    check_contains(p.out, "network ");
    check_contains(p.out, "mean     first   ms, 2 rounds");
    assert_null(strstr(p.out, "\ndecode"));
    program_clear(&p);
}

static void bench_times_every_layer(void **state)
{
    (void)state;
    const char   *photo = source_path("photos/astronaut.png");
    program       p = RUN("bench", "--layers", "--json", "--rounds", "3", "--size", "160x160", "--precision", "int8", photo);
    json_t       *json = parse_json(p.out), *profile = json_object_get(json, "profile"), *step;
    const json_t *peak = json_object_get(profile, "peak");
    const double  network = json_number_value(json_object_get(profile, "network_seconds"));
    double        sum = 0, macs = 0, largest = 0;
    size_t        i, multiply_bytes = 0;
    check_code(&p, 0);
    assert_int_equal(json_integer_value(json_object_get(profile, "rounds")), 3);
    assert_true(json_number_value(json_object_get(peak, "fp32")) > 1e8 && json_number_value(json_object_get(peak, "int8")) > 1e8);
    json_array_foreach(json_object_get(profile, "steps"), i, step)
    {
        const double seconds = json_number_value(json_object_get(step, "seconds"));
        const char  *precision = json_string_value(json_object_get(step, "precision"));
        assert_true(seconds > 0 && json_number_value(json_object_get(step, "seconds_p10")) <= seconds);
        assert_int_equal(precision != NULL, json_number_value(json_object_get(step, "macs")) > 0);
        assert_true(json_array_size(json_object_get(step, "layers")) > 0);
        multiply_bytes += precision && !strcmp(precision, "int8");
        macs += json_number_value(json_object_get(step, "macs"));
        sum += seconds;
        largest = seconds > largest ? seconds : largest;
    }
    assert_true(multiply_bytes > 20 && macs > 1e7);
    assert_true(network >= largest && sum > network / 10); /* medians of steps do not add up, but nearly */
    json_decref(json);
    program_clear(&p);

    p = RUN("bench", "--layers", "--rounds", "2", "--size", "160x160", photo);
    check_code(&p, 0);
    check_contains(p.out, "GMAC/s");
    check_contains(p.out, "all steps");
    check_contains(p.out, "peak ");
    program_clear(&p);
}

/* Short enough for a terminal of 60 lines, and no line that a narrow window breaks badly. */
static void check_fits(const char *text)
{
    size_t lines = 0;
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n', lines++) assert_true(strcspn(text, "\n") <= 90);
    assert_in_range(lines, 5, 60);
}

static void every_topic_is_short_and_listed(void **state)
{
    (void)state;
    program all = RUN("help");
    for (size_t i = 0; i < N_TOPICS; i++) {
        program p = RUN("help", topics[i]);
        check_code(&p, 0);
        assert_memory_equal(p.out, "fovea ", 6);
        check_contains(p.out, topics[i]);
        check_contains(all.out, topics[i]);
        check_fits(p.out);
        program_clear(&p);
    }
    program_clear(&all);
    program p = RUN("help", "exit-codes");
    check_contains(p.out, "verify: the engine computes something else here");
    program_clear(&p);
}

static void check_candidates(program p, const char *expected)
{
    check_code(&p, 0);
    assert_string_equal(p.out, expected);
    program_clear(&p);
}

/* Real shells complete in tests/cli/manual.py, where they are installed. */
static void candidates_follow_the_line(void **state)
{
    (void)state;
    check_candidates(RUN("completion", "candidates", "--", "bench", "-p", ""), "auto\nfp32\nbf16\nfp16\nint8\n");
    check_candidates(RUN("completion", "candidates", "--", "bench", "-vp", ""), "auto\nfp32\nbf16\nfp16\nint8\n");
    check_candidates(RUN("completion", "candidates", "--", "detect", "--size="), "--size=long:\n--size=native\n--size=tiles:\n");
    check_candidates(RUN("completion", "candidates", "--", "detect", "--place", "x"), "center\ntop-left\n");
    check_candidates(RUN("completion", "candidates", "--", "detect", "--draw", ""), ":folders\n");
    check_candidates(RUN("completion", "candidates", "--", "detect", "--score", ""), "");
    check_candidates(RUN("completion", "candidates", "--", "build", "-o", "x", ""),
                     "default\n:files .pth .wts .safetensors .onnx\n");
    check_candidates(RUN("completion", "candidates", "--", "inspect", ""), "default\n:files .pth .wts .safetensors .onnx .fov\n");
    check_candidates(RUN("completion", "candidates", "--", "completion", "bash", ""), "");
    check_candidates(RUN("completion", "candidates", "--", "build", "x", ""), "");
    check_candidates(RUN("completion", "candidates", "--", "verify", "--json", ""), ":files .fov\n");
    check_candidates(RUN("completion", "candidates", "--", "verify", "--", "-"), ":files .fov\n");
    check_candidates(RUN("completion", "candidates", "--", "calibrate", "default", "a", "b", ""),
                     ":files .jpg .jpeg .jpe .jfif .png .webp\n");
    check_candidates(RUN("completion", "candidates", "--", "no-command", ""), "");
    check_says(RUN("completion", "csh"), 2, "bash, zsh or fish");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_explains_itself),
        cmocka_unit_test(misuse_is_told_with_a_remedy),
        cmocka_unit_test(version_tells_build_features_and_backends),
        cmocka_unit_test(inspect_shows_layers_and_where_weights_came_from),
        cmocka_unit_test(converted_models_find_the_same_faces),
        cmocka_unit_test(settings_travel_with_the_model),
        cmocka_unit_test(bench_times_every_stage),
        cmocka_unit_test(bench_times_every_layer),
        cmocka_unit_test(every_topic_is_short_and_listed),
        cmocka_unit_test(candidates_follow_the_line),
    };
    return cmocka_run_group_tests_name("cli_commands", tests, NULL, NULL);
}
