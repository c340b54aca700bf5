// SPDX-License-Identifier: MIT
/* Engines written and read: the same answers to the bit, the same bytes from the same engine, and clear words when a file cannot be
 * taken. */
#include "engines.h"
#include "pictures.h"

#include "base/alloc.h"
#include "base/file.h"
#include "engine/golden.h"
#include "engine_file/format.h"

#include <jansson.h>
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static fov_engine *build(bool keep_weights)
{
    fov_error   err = {0};
    fov_model  *model;
    fov_engine *engine;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, &(fov_engine_options){.precision = FOV_PRECISION_FP32, .keep_weights = keep_weights}, &engine,
                               &err));
    fov_model_free(model);
    return engine;
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    return path;
}

/* Raw answers of an engine for the bundled photo. @return malloc'ed */
static float *raw_of(const fov_engine *engine, size_t *count)
{
    fov_error          err = {0};
    fov_photo         *photo = picture_of_face();
    fov_image          image = fov_photo_image(photo);
    fov_detect_options options = fov_detect_options_default();
    fov_detector      *detector;
    fov_raw            raw;
    options.long_side = 320;
    assert_ok(fov_detector_new(engine, NULL, &detector, &err));
    assert_ok(fov_detector_raw(detector, &image, &options, &raw, &err));
    *count = raw.count * (4 + 2 + 10);
    float *copy = malloc(*count * sizeof *copy);
    memcpy(copy, raw.boxes, *count * sizeof *copy); /* boxes, scores, landmarks: one block */
    fov_detector_free(detector);
    fov_photo_free(photo);
    return copy;
}

static void check_same_answers(const fov_engine *a, const fov_engine *b)
{
    size_t count_a, count_b;
    float *raw_a = raw_of(a, &count_a), *raw_b = raw_of(b, &count_b);
    assert_int_equal(count_a, count_b);
    assert_memory_equal(raw_a, raw_b, count_a * sizeof *raw_a);
    free(raw_a);
    free(raw_b);
}

static void a_loaded_engine_answers_to_the_bit(void **state)
{
    (void)state;
    fov_error   err = {0};
    fov_engine *engine = build(true), *loaded;
    assert_ok(fov_engine_save(engine, path_of("a.fov"), &err));
    assert_ok(fov_engine_load(path_of("a.fov"), NULL, &loaded, &err));
    assert_int_equal(unlink(path_of("a.fov")), 0);
    assert_int_equal(loaded->graph->most_known, FOV_MOST_KNOWN_SETTLED); /* its constants were folded when it was built */
    check_same_answers(engine, loaded);
    assert_int_equal(fov_engine_precision(loaded), FOV_PRECISION_FP32);
    assert_string_equal(fov_engine_certificate(loaded), fov_engine_certificate(engine));
    fov_engine_free(loaded);
    fov_engine_free(engine);
}

static const fov_precision precisions[] = {FOV_PRECISION_FP32, FOV_PRECISION_BF16, FOV_PRECISION_FP16, FOV_PRECISION_INT8,
                                           FOV_PRECISION_MIXED};
enum { N_PRECISIONS = sizeof precisions / sizeof *precisions };

static fov_engine *reload(const fov_engine *engine, const char *backend)
{
    fov_error      err = {0};
    size_t         size;
    unsigned char *bytes = engine_bytes(engine, &size);
    fov_engine    *loaded;
    assert_ok(fov_engine_load_memory(bytes, size, "small.fov", &(fov_engine_options){.backend = backend, .keep_weights = true},
                                     &loaded, &err));
    memset(bytes, 0xff, size); /* nothing of it is needed any more */
    fov_free(bytes);
    return loaded;
}

static json_t *verified(const fov_engine *engine, bool *pass)
{
    fov_error err = {0};
    char     *text;
    assert_ok(fov_engine_verify(engine, pass, &text, &err));
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_is_true(json_object_get(json, "pass")), *pass);
    fov_string_free(text);
    return json;
}

static json_int_t count_in(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

static void every_precision_survives_a_file(void **state)
{
    (void)state;
    for (int i = 0; i < N_PRECISIONS; i++) {
        fov_engine    *engine = small_engine(precisions[i], NULL), *loaded = reload(engine, NULL);
        size_t         size, again;
        unsigned char *bytes = engine_bytes(engine, &size), *same = engine_bytes(loaded, &again);
        bool           pass;
        json_t        *json = verified(loaded, &pass);
        assert_true(pass);
        assert_true(count_in(json, "layers") > 20);
        assert_int_equal(count_in(json, "identical"), count_in(json, "layers"));
        assert_int_equal(fov_engine_precision(loaded), precisions[i]);
        assert_string_equal(fov_engine_certificate(loaded), fov_engine_certificate(engine));
        assert_string_equal(loaded->source, "small network");
        assert_int_equal(size, again);
        assert_memory_equal(bytes, same, size);
        json_decref(json);
        fov_free(bytes);
        fov_free(same);
        fov_engine_free(loaded);
        fov_engine_free(engine);
    }
}

static void every_backend_and_instruction_set_verifies(void **state)
{
    (void)state;
    static const char *const levels[] = {"generic", "avx2", NULL};
    fov_error                err = {0};
    for (int i = 0; i < N_PRECISIONS; i++) {
        fov_engine *engine = small_engine(precisions[i], NULL);
        for (int k = 0; k < 3; k++) {
            bool pass;
            assert_ok(fov_cpu_limit(levels[k], &err));
            fov_engine *loaded = reload(engine, levels[k] ? NULL : "reference");
            json_t     *json = verified(loaded, &pass);
            if (!pass) fail_msg("%s: %s", fov_precision_name(precisions[i]), json_dumps(json, 0));
            if (precisions[i] == FOV_PRECISION_INT8) assert_int_equal(count_in(json, "identical"), count_in(json, "layers"));
            json_decref(json);
            fov_engine_free(loaded);
        }
        fov_engine_free(engine);
    }
}

/* Weights that are not what they were: the first layer that reads them is named. */
static void changed_weights_are_found(void **state)
{
    (void)state;
    for (int i = 0; i < N_PRECISIONS; i++) {
        fov_engine *engine = small_engine(precisions[i], NULL);
        const int   conv = 4; /* block.wide */
        fov_value  *weight = NULL;
        for (int n = 0, seen = 0; n < engine->graph->n_node && !weight; n++)
            if (engine->graph->node[n].op == FOV_OP_Conv && seen++ == conv)
                weight = &engine->graph->value[engine->graph->node[n].in[1]];
        assert_non_null(weight);
        for (size_t w = 0; w < 16 * 8 * 9; w++) /* the sign, or 128 steps */
            ((unsigned char *)weight->data)[(w + 1) * fov_dtype_size(weight->dtype) - 1] ^= 0x80;
        fov_engine *loaded = reload(engine, NULL);
        bool        pass;
        json_t     *json = verified(loaded, &pass);
        assert_false(pass);
        const char *first = json_string_value(json_object_get(json_array_get(json_object_get(json, "drifted"), 0), "layer"));
        assert_non_null(first);
        const int producer = fov_graph_producer(loaded->graph, fov_graph_find(loaded->graph, first));
        bool      reads = false;
        for (int k = 0; k < loaded->graph->node[producer].n_in; k++) {
            const int in = loaded->graph->node[producer].in[k];
            reads = reads || (in != FOV_NONE && !strcmp(loaded->graph->value[in].name, weight->name));
        }
        assert_true(reads);
        json_decref(json);
        fov_engine_free(loaded);
        fov_engine_free(engine);
    }
}

/* What this release wrote when the format was made: it must be readable for ever (docs/engine-format.md). */
static void fixtures_of_version_1_load_and_verify(void **state)
{
    (void)state;
    static const char *const levels[] = {NULL, "generic"};
    fov_error                err = {0};
    for (int i = 0; i < N_PRECISIONS; i++)
        for (int k = 0; k < 2; k++) {
            char        path[64];
            fov_engine *engine;
            bool        pass;
            snprintf(path, sizeof path, "tests/fixtures/v1/%s.fov", fov_precision_name(precisions[i]));
            assert_ok(fov_cpu_limit(levels[k], &err));
            assert_ok(fov_engine_open(source_path(path), NULL, NULL, &engine, &err));
            assert_int_equal(fov_engine_precision(engine), precisions[i]);
            json_t *json = verified(engine, &pass);
            if (!pass) fail_msg("%s: %s", path, json_dumps(json, 0));
            assert_int_equal(count_in(json, "vectors"), 2);
            if (precisions[i] == FOV_PRECISION_INT8) assert_int_equal(count_in(json, "identical"), count_in(json, "layers"));
            json_decref(json);
            fov_engine_free(engine);
        }
    assert_ok(fov_cpu_limit(NULL, &err));
}

/* ---------------------------------------------------------------- refusals */

static void check_refused(const void *data, size_t size, fov_status expected, const char *part)
{
    fov_error   err = {0};
    fov_engine *engine;
    assert_int_equal(fov_engine_load_memory(data, size, "small.fov", NULL, &engine, &err), expected);
    assert_null(engine);
    if (!strstr(err.message, "small.fov") || !strstr(err.message, part)) fail_msg("'%s' lacks '%s'", err.message, part);
}

static void put(unsigned char *to, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(value >> 8 * i);
}

/* Make the header's checksum fit again. */
static void seal(unsigned char *file)
{
    const size_t count = file[20];
    put(file + 8, 8,
        XXH3_64bits(file + FOV_FILE_SUMMED_FROM, FOV_FILE_HEADER_BYTES + count * FOV_FILE_ENTRY_BYTES - FOV_FILE_SUMMED_FROM));
}

static void what_cannot_be_read_is_told(void **state)
{
    (void)state;
    fov_engine    *engine = small_engine(FOV_PRECISION_FP32, NULL);
    size_t         size;
    unsigned char *file = engine_bytes(engine, &size);
    check_refused(file, size - 1, FOV_ERR_FORMAT, "was cut");
    check_refused(file, 10, FOV_ERR_FORMAT, "no engine file");
    file[size / 2] ^= 1;
    check_refused(file, size, FOV_ERR_FORMAT, "checksum");
    file[size / 2] ^= 1;
    file[17] ^= 1;
    check_refused(file, size, FOV_ERR_FORMAT, "header's checksum");
    file[17] ^= 1;
    put(file + 48, 6, 9 | 8ULL << 16 | 7ULL << 32);
    put(file + 16, 4, 2);
    seal(file);
    check_refused(file, size, FOV_ERR_UNSUPPORTED, "version 2, which Fovea ");
    check_refused(file, size, FOV_ERR_UNSUPPORTED, "Fovea 9.8.7 or newer");
    put(file + 16, 4, 1);
    put(file + 24, 8, 1ULL << 40);
    seal(file);
    check_refused(file, size, FOV_ERR_UNSUPPORTED, "needs feature 0x10000000000");
    put(file + 24, 8, 0);
    put(file + 32, 8, UINT64_MAX); /* optional features change nothing */
    seal(file);
    fov_error   err = {0};
    fov_engine *loaded;
    assert_ok(fov_engine_load_memory(file, size, "small.fov", NULL, &loaded, &err));
    fov_engine_free(loaded);
    fov_free(file);
    fov_engine_free(engine);
}

/* The golden section, the last one, becomes one that nobody knows. */
static void unknown_sections_are_skipped_unless_required(void **state)
{
    (void)state;
    fov_error      err = {0};
    fov_engine    *engine = small_engine(FOV_PRECISION_INT8, NULL), *loaded;
    size_t         size;
    bool           pass;
    unsigned char *file = engine_bytes(engine, &size), *entry = file + FOV_FILE_HEADER_BYTES + 5 * FOV_FILE_ENTRY_BYTES;
    assert_int_equal(entry[0], FOV_SECTION_GOLDEN);
    put(entry, 4, 4711);
    seal(file);
    assert_ok(fov_engine_load_memory(file, size, "small.fov", NULL, &loaded, &err));
    assert_int_equal(fov_engine_verify(loaded, &pass, NULL, &err), FOV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "no golden vectors"));
    fov_engine_free(loaded);
    put(entry + 4, 4, FOV_FILE_ENTRY_REQUIRED);
    seal(file);
    check_refused(file, size, FOV_ERR_UNSUPPORTED, "section of kind 4711");
    fov_free(file);
    fov_engine_free(engine);
}

static void only_engines_with_weights_can_be_saved(void **state)
{
    (void)state;
    fov_error   err = {0};
    fov_engine *engine = build(false);
    assert_int_equal(fov_engine_save(engine, path_of("none.fov"), &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "keep_weights"));
    assert_int_equal(access(path_of("none.fov"), F_OK), -1);
    fov_engine_free(engine);
}

static void engines_and_models_are_told_apart_by_content(void **state)
{
    (void)state;
    fov_error   err = {0};
    fov_engine *engine = small_engine(FOV_PRECISION_BF16, NULL), *opened;
    fov_model  *model;
    assert_ok(fov_engine_save(engine, path_of("engine.onnx"), &err));
    assert_ok(fov_engine_open(path_of("engine.onnx"), NULL, NULL, &opened, &err));
    assert_int_equal(fov_engine_precision(opened), FOV_PRECISION_BF16);
    fov_engine_free(opened);
    assert_int_equal(fov_model_load(path_of("engine.onnx"), NULL, &model, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "engine file"));
    assert_ok(fov_engine_open("default", NULL, NULL, &opened, &err));
    fov_engine_free(opened);
    assert_ok(fov_engine_open(source_path("models/fovea_mnet025.safetensors"), NULL, NULL, &opened, &err));
    fov_engine_free(opened);
    assert_int_equal(fov_engine_open(path_of("nosuch"), NULL, NULL, &opened, &err), FOV_ERR_IO);
    assert_null(opened);
    fov_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loaded_engine_answers_to_the_bit),           cmocka_unit_test(every_precision_survives_a_file),
        cmocka_unit_test(every_backend_and_instruction_set_verifies),   cmocka_unit_test(changed_weights_are_found),
        cmocka_unit_test(fixtures_of_version_1_load_and_verify),        cmocka_unit_test(what_cannot_be_read_is_told),
        cmocka_unit_test(unknown_sections_are_skipped_unless_required), cmocka_unit_test(only_engines_with_weights_can_be_saved),
        cmocka_unit_test(engines_and_models_are_told_apart_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
