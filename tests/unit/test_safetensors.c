// SPDX-License-Identifier: MIT
/* safetensors, in and out: every number type, every way in which offsets, shapes and JSON can lie. */
#include "alloc_probe.h"
#include "support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "export/export.h"
#include "import/import.h"

#include <stdlib.h>
#include <string.h>

static fov_error err;

static fov_status import_bytes(const void *data, size_t size, const char *settings, struct fov_model **model)
{
    const fov_source source = {.data = data, .size = size, .name = "m.safetensors", .settings = settings};
    return fov_import(&source, model, &err);
}

/* A file out of its JSON and its data. */
static fov_text file_of(const char *json, const void *data, size_t data_bytes)
{
    fov_text      text = {0};
    uint64_t      length = strlen(json);
    unsigned char le[8];
    for (int i = 0; i < 8; i++) le[i] = (unsigned char)(length >> 8 * i);
    fov_text_add(&text, le, sizeof le);
    fov_text_add(&text, json, length);
    fov_text_add(&text, data, data_bytes);
    assert_false(text.failed);
    return text;
}

static void refused(const char *json, size_t data_bytes, fov_status code, const char *words)
{
    static const unsigned char zeros[64];
    fov_text                   file = file_of(json, zeros, data_bytes);
    struct fov_model          *model;
    unsigned char             *exact = fov_alloc(file.size); /* exactly as long, for the sanitizer to see reads past the end */
    memcpy(exact, file.data, file.size);
    fov_status st = import_bytes(exact, file.size, "", &model);
    if (st != code) fail_msg("status %d, expected %d: %s", st, code, json);
    if (!strstr(err.message, words) || !strstr(err.message, "m.safetensors")) fail_msg("'%s' not in: %s", words, err.message);
    assert_null(model);
    fov_free(exact);
    fov_text_clear(&file);
}

static struct fov_model *small_model(const char *settings_text)
{
    struct fov_model *model = fov_model_new("small.pth", "pth");
    fov_weights       weights = {0};
    fov_graph        *graph;
    test_random       r = {3};
    const fov_source  source = {.data = NULL, .size = 0, .name = "small.pth", .settings = settings_text};
    assert_ok(fov_family_retinaface_mnet025.build(&model->settings, NULL, "template", &graph, &err));
    for (int i = 0; i < graph->n_value; i++) {
        const fov_value *value = &graph->value[i];
        size_t           count;
        if (value->data || !fov_shape_count(&value->shape, &count)) continue;
        float *data = fov_alloc_array(count, sizeof *data);
        for (size_t k = 0; k < count; k++) data[k] = test_random_float(&r, 0.01F, 1);
        assert_ok(fov_weights_add(&weights, value->name, &value->shape, count, data, &err));
    }
    fov_graph_free(graph);
    assert_ok(fov_import_weights(&source, NULL, &weights, model, &err));
    fov_weights_clear(&weights);
    return model;
}

static void assert_same_weights(const struct fov_model *a, const struct fov_model *b)
{
    fov_weights x = {0}, y = {0};
    assert_ok(fov_model_weights(a, &x, &err));
    assert_ok(fov_model_weights(b, &y, &err));
    assert_int_equal(x.count, y.count);
    for (size_t i = 0; i < x.count; i++) {
        assert_string_equal(x.item[i].name, y.item[i].name);
        assert_int_equal(x.item[i].count, y.item[i].count);
        assert_memory_equal(x.item[i].data, y.item[i].data, x.item[i].count * sizeof(float));
    }
    fov_weights_clear(&x);
    fov_weights_clear(&y);
}

/* Writes the model to a file of that name and reads it again. */
static struct fov_model *through_file(const struct fov_model *model, const char *name)
{
    struct fov_model *back;
    fov_buffer        file;
    char              path[256];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    assert_ok(fov_export(model, path, &err));
    assert_ok(fov_file_read(path, 1U << 24, &file, &err));
    const fov_source source = {.data = file.data, .size = file.size, .name = path, .settings = ""};
    assert_ok(fov_import(&source, &back, &err));
    fov_buffer_clear(&file);
    return back;
}

static void what_is_written_reads_back_equal(void **state)
{
    (void)state;
    struct fov_model *model = small_model("leaky = 0\nmean = 1.1,2.2,3.3\n"), *back = through_file(model, "a.safetensors");
    assert_string_equal(back->format, "safetensors");
    assert_string_equal(back->warnings, "");
    assert_true(fov_settings_equal(&model->settings, &back->settings));
    assert_same_weights(model, back);

    struct fov_model *again = through_file(back, "b.wts"), *last = through_file(again, "c.safetensors");
    assert_same_weights(model, last);
    fov_model_free(model);
    fov_model_free(back);
    fov_model_free(again);
    fov_model_free(last);
}

static void options_override_what_the_file_carries(void **state)
{
    (void)state;
    struct fov_model *model = small_model("leaky = 0"), *back;
    fov_buffer        file;
    char              path[256];
    snprintf(path, sizeof path, "%s/o.safetensors", test_folder());
    assert_ok(fov_export(model, path, &err));
    assert_ok(fov_file_read(path, 1U << 24, &file, &err));
    assert_int_equal((file.data[0] + 8) % 8, 0); /* the numbers start aligned */
    assert_ok(import_bytes(file.data, file.size, "leaky = 0.25", &back));
    assert_float_equal(back->settings.leaky, 0.25F, 0);
    fov_buffer_clear(&file);
    fov_model_free(back);
    fov_model_free(model);
}

static void lies_are_refused(void **state)
{
    (void)state;
    const fov_status format = FOV_ERR_FORMAT, unsupported = FOV_ERR_UNSUPPORTED;
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, unsupported, "no network known");
    refused("{}", 0, unsupported, "0 tensors (none)");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, format, "the file has 7 bytes of data");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, format, "data_offsets 8 to 0");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 8, format, "F32 of shape 2 do not fit 4 bytes");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775807]}}", 8, format, "data_offsets 0 to");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,99999999999999999999]}}", 8, format, "damaged JSON");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, format, "not a pair");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}", 8, format, "not a pair");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":\"0\"}}", 8, format, "not a pair");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, format, "not a pair");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]}}", 8, format, "no size");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,8]}}", 8, format, "no size");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, format, "at most 6");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, format, "overflows");
    refused("{\"a\":{\"dtype\":\"F64\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0, format, "do not fit");
    refused("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, unsupported, "dtype F8_E4M3");
    refused("{\"a\":{\"shape\":[2],\"data_offsets\":[0,2]}}", 2, format, "no description");
    refused("{\"a\":7}", 0, format, "no description");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
            6, format, "'b' starts at byte 2 of the data, 'a' ends at 4");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}",
            12, format, "'b' starts at byte 8");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8, format,
            "ends at byte 4 of the data, the file has 8");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
            8, format, "duplicate");
    refused("{\"a\":", 0, format, "damaged JSON");
    refused("{\"__metadata__\":{\"fovea.settings\":\"leaky = 2\"}}", 0, format, "settings inside m.safetensors:1: leaky");
}

/* Each tensor claims all the data: copied one by one, they would take a thousand times the file. */
static void overlapping_tensors_are_not_copied(void **state)
{
    (void)state;
    static const char data[1 << 20];
    struct fov_model *model;
    fov_text          json = {0}, file;
    fov_text_print(&json, "{");
    for (int i = 0; i < 5000; i++)
        fov_text_print(&json, "%s\"t%d\":{\"dtype\":\"F32\",\"shape\":[262144],\"data_offsets\":[0,1048576]}", i ? "," : "", i);
    fov_text_print(&json, "}");
    file = file_of(json.data, data, sizeof data);
    const size_t size = file.size;
    void        *copy = test_malloc(size); /* the probe wants nothing of the library's to be alive */
    memcpy(copy, file.data, size);
    fov_text_clear(&json);
    fov_text_clear(&file);

    alloc_probe_start(0, 0);
    assert_int_equal(import_bytes(copy, size, "", &model), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "starts at byte 0 of the data"));
    assert_true(alloc_probe_stop().peak < 8 << 20);
    test_free(copy);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    const size_t depth = 1000000;
    char        *json = fov_alloc(depth + 1);
    memset(json, '[', depth);
    memcpy(json, "{\"a\":", 5);
    json[depth] = '\0';
    refused(json, 0, FOV_ERR_FORMAT, "maximum parsing depth");
    fov_free(json);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct fov_model *model = small_model(""), *back;
    fov_buffer        file;
    char              path[256];
    test_random       r = {21};
    snprintf(path, sizeof path, "%s/t.safetensors", test_folder());
    assert_ok(fov_export(model, path, &err));
    assert_ok(fov_file_read(path, 1U << 24, &file, &err));
    for (int i = 0; i < 60; i++) {
        size_t size = i < 12 ? (size_t)i : (size_t)test_random_int(&r, 0, (int)file.size - 1);
        void  *copy = fov_alloc(size);
        memcpy(copy, file.data, size);
        if (!import_bytes(copy, size, "", &back)) fail_msg("%zu of %zu bytes were taken", size, file.size);
        fov_free(copy);
    }
    fov_buffer_clear(&file);
    fov_model_free(model);
}

/* Any bytes may come; what must not happen is a crash, a leak or a hang. */
static void flipped_bytes_never_crash(void **state)
{
    (void)state;
    struct fov_model *model = small_model("");
    fov_buffer        file;
    char              path[256];
    test_random       r = {22};
    snprintf(path, sizeof path, "%s/f.safetensors", test_folder());
    assert_ok(fov_export(model, path, &err));
    assert_ok(fov_file_read(path, 1U << 24, &file, &err));
    const int header = file.data[0] | file.data[1] << 8;
    for (int i = 0; i < 300; i++) {
        struct fov_model *back = NULL;
        unsigned char     old[8];
        int               at[8];
        const int         flips = test_random_int(&r, 1, 8);
        for (int k = 0; k < flips; k++) {
            at[k] = test_random_int(&r, 0, header + 7);
            old[k] = file.data[at[k]];
            file.data[at[k]] = (unsigned char)test_random_u64(&r);
        }
        (void)import_bytes(file.data, file.size, "", &back);
        fov_model_free(back);
        for (int k = flips; k-- > 0;) file.data[at[k]] = old[k]; /* backwards: a place may have been hit twice */
    }
    fov_buffer_clear(&file);
    fov_model_free(model);
}

/* ---------------------------------------------------------------- number types */

/* A tensor of the family in another number type, the others as float32: read back, what does its first number say? */
static float first_number_of(const char *dtype, size_t bytes, const void *number)
{
    struct fov_model *model = small_model(""), *back;
    fov_weights       weights = {0};
    fov_text          json = {0}, data = {0};
    assert_ok(fov_model_weights(model, &weights, &err));
    fov_text_print(&json, "{\"epoch\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}");
    fov_text_add(&data, "\1\0\0\0\0\0\0\0", 8);
    for (size_t i = 0; i < weights.count; i++) {
        const fov_weight *w = &weights.item[i];
        const bool        other = !strcmp(w->name, "fpn.output1.1.bias");
        const size_t      begin = data.size;
        if (!other) fov_text_add(&data, w->data, w->count * sizeof(float));
        for (size_t k = 0; other && k < w->count; k++) fov_text_add(&data, number, bytes);
        fov_text_print(&json, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", w->name, other ? dtype : "F32");
        for (int d = 0; d < w->shape.rank; d++) fov_text_print(&json, "%s%lld", d ? "," : "", (long long)w->shape.dim[d]);
        fov_text_print(&json, "],\"data_offsets\":[%zu,%zu]}", begin, data.size);
    }
    fov_text_print(&json, "}");
    fov_text file = file_of(json.data, data.data, data.size);
    assert_ok(import_bytes(file.data, file.size, "", &back));
    assert_string_equal(back->warnings, "1 tensors of integers were ignored, the first is 'epoch'");
    const float first = *(const float *)back->graph->value[fov_graph_find(back->graph, "fpn.output1.1.bias")].data;
    fov_text_clear(&json);
    fov_text_clear(&data);
    fov_text_clear(&file);
    fov_weights_clear(&weights);
    fov_model_free(model);
    fov_model_free(back);
    return first;
}

static void number_types_become_float32(void **state)
{
    (void)state;
    const double f64 = 0.1;
    assert_float_equal(first_number_of("F16", 2, "\x01\x00"), 0x1p-24F, 0); /* smallest subnormal */
    assert_float_equal(first_number_of("F16", 2, "\xff\xfb"), -65504.0F, 0);
    assert_float_equal(first_number_of("BF16", 2, "\x80\x3f"), 1.0F, 0);
    assert_float_equal(first_number_of("F64", 8, &f64), 0.1F, 0);
}

static void integers_where_weights_are_needed_are_missed(void **state)
{
    (void)state;
    refused("{\"body.stage1.0.0.weight\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, FOV_ERR_UNSUPPORTED,
            "0 tensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_equal),
        cmocka_unit_test(options_override_what_the_file_carries),
        cmocka_unit_test(lies_are_refused),
        cmocka_unit_test(overlapping_tensors_are_not_copied),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(flipped_bytes_never_crash),
        cmocka_unit_test(number_types_become_float32),
        cmocka_unit_test(integers_where_weights_are_needed_are_missed),
    };
    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
