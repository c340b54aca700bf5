// SPDX-License-Identifier: MIT
/* TensorRTx's text, in and out, and every way in which it can be damaged. */
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
    const fov_source source = {.data = data, .size = size, .name = "m.wts", .settings = settings};
    return fov_import(&source, model, &err);
}

static fov_text text; /* of a whole model, made once */

/* Every tensor of MobileNet-0.25 with numbers that show their place. */
static int make_text(void **state)
{
    (void)state;
    const fov_settings settings = fov_settings_default();
    fov_graph         *graph;
    uint32_t           bits = 0x3c000000U;
    assert_ok(fov_family_retinaface_mnet025.build(&settings, NULL, "template", &graph, &err));
    fov_text_print(&text, "253\n");
    for (int i = 0; i < graph->n_value; i++) {
        const fov_value *value = &graph->value[i];
        size_t           count;
        if (value->data || !fov_shape_count(&value->shape, &count)) continue;
        fov_text_print(&text, "%s %zu ", value->name, count);
        for (size_t k = 0; k < count; k++) fov_text_print(&text, " %x", bits++);
        fov_text_print(&text, "\n");
    }
    fov_graph_free(graph);
    return text.failed ? -1 : 0;
}

static int drop_text(void **state)
{
    (void)state;
    fov_text_clear(&text);
    return 0;
}

static void refused(const char *bytes, const char *words)
{
    struct fov_model *model;
    if (import_bytes(bytes, strlen(bytes), "", &model) != FOV_ERR_FORMAT) fail_msg("not refused: %s", bytes);
    if (!strstr(err.message, words) || !strstr(err.message, "m.wts")) fail_msg("'%s' not in: %s", words, err.message);
    assert_null(model);
}

static void tensors_are_read_bit_by_bit(void **state)
{
    (void)state;
    struct fov_model *model;
    assert_ok(import_bytes(text.data, text.size, "leaky = 0", &model));
    assert_string_equal(model->format, "wts");
    assert_string_equal(model->warnings, "");
    assert_float_equal(model->settings.leaky, 0, 0);
    const fov_value *value = &model->graph->value[fov_graph_find(model->graph, "body.stage1.0.0.weight")];
    uint32_t         bits;
    memcpy(&bits, (const float *)value->data + 215, sizeof bits);
    assert_int_equal(bits, 0x3c000000U + 215);
    fov_model_free(model);
}

static void line_ends_cases_and_leading_zeros_do_not_matter(void **state)
{
    (void)state;
    fov_text          windows = {0};
    struct fov_model *model;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n') fov_text_add(&windows, "\r\n", 2);
        else fov_text_add(&windows, text.data[i] == 'c' && i > 40 && text.data[i - 1] == '3' ? "C" : &text.data[i], 1);
    }
    fov_text_print(&windows, "  \r\n\n");
    assert_ok(import_bytes(windows.data, windows.size, "", &model));
    fov_model_free(model);
    assert_ok(import_bytes(text.data, text.size - 1, "", &model)); /* the last line may be open */
    fov_model_free(model);
    fov_text_clear(&windows);

    refused("2\nepoch 3 0 00 3f800000\nepoch 1 0\n", "tensors 1 and 2 have the same name 'epoch'");
}

static void damage_is_told_with_its_line(void **state)
{
    (void)state;
    refused("2\na 1 0\nb", ":3: expected a tensor's name");
    refused("2\na 1 0\nb ", ":3: tensor 'b': the number of values is missing");
    refused("2\na 1 0\nb x", ":3: tensor 'b': the number of values is missing");
    refused("2\na 1 0\nb -1 0", ":3: tensor 'b': the number of values is missing");
    refused("2\na 1 0\nb 2 0", ":3: tensor 'b' announces 2 numbers, the file ends after 2 more bytes");
    refused("2\na 1 0\nb 2 0    \n", ":3: tensor 'b': the line ends after 1 of 2 numbers");
    refused("2\na 2 0\nb 2 0 0\n", ":2: tensor 'a': the line ends after 1 of 2 numbers");
    refused("1\na 2 0 0 0\n", ":2: tensor 'a': more than the 2 numbers");
    refused("1\na 2 0 0x1\n", ":2: tensor 'a': number 2 is not 1 to 8 hexadecimal digits");
    refused("1\na 2 0 123456789\n", ":2: tensor 'a': number 2");
    refused("1\na 2 0 3f80g000\n", ":2: tensor 'a': number 2");
    refused("1\na 999999999 0\n", "announces 999999999 numbers");
    refused("1\na 99999999999999999999 0\n", "the number of values is missing");
    refused("3\na 1 0\nb 1 0\n", ":4: the file ends after 2 of 3 tensors");
    refused("1\na 1 0\nb 1 0\n", ":3: text after the last of the 1 tensors");
    refused("0\n", ":1: the first line");
    refused("1\n\na 1 0\n", ":2: expected a tensor's name");
    refused("999999999\na 1 0\n", ":3: the file ends after 1 of 999999999 tensors");
}

/* A file cut anywhere is refused, or is whole but for its last line end. */
static void every_truncation_is_refused(void **state)
{
    (void)state;
    test_random r = {11};
    for (int i = 0; i < 60; i++) {
        size_t            size = i < 20 ? (size_t)i * 3 : (size_t)test_random_int(&r, 0, (int)text.size - 2);
        struct fov_model *model = NULL;
        void             *copy = fov_alloc(size); /* exactly as long, for the sanitizer to see reads past the end */
        memcpy(copy, text.data, size);
        fov_status st = import_bytes(copy, size, "", &model);
        if (!st) fail_msg("%zu of %zu bytes were taken", size, text.size);
        fov_model_free(model);
        fov_free(copy);
    }
}

/* Any bytes may come; what must not happen is a crash, a leak or a hang. */
static void flipped_bytes_never_crash(void **state)
{
    (void)state;
    test_random  r = {12};
    const size_t size = 3000;
    for (int i = 0; i < 1000; i++) {
        struct fov_model *model = NULL;
        char             *copy = fov_alloc(size);
        memcpy(copy, text.data, size);
        for (int k = test_random_int(&r, 1, 8); k > 0; k--) copy[test_random_int(&r, 0, (int)size - 1)] = (char)test_random_u64(&r);
        assert_int_not_equal(import_bytes(copy, size, "", &model), FOV_OK);
        fov_free(copy);
    }
}

static void non_finite_weights_are_a_warning(void **state)
{
    (void)state;
    struct fov_model *model;
    char             *number = strstr(text.data, "3c000007");
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the text goes on behind it */
    memcpy(number, "7fc00000", 8);
    assert_ok(import_bytes(text.data, text.size, "", &model));
    assert_non_null(strstr(model->warnings, "1 tensors hold infinities or NaN"));
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the same */
    memcpy(number, "3c000007", 8);
    fov_model_free(model);
}

static void exported_text_reads_back_equal(void **state)
{
    (void)state;
    struct fov_model *model, *back;
    fov_buffer        file;
    char              path[256], settings[300];
    snprintf(path, sizeof path, "%s/out.WTS", test_folder());
    snprintf(settings, sizeof settings, "%s.settings", path);
    assert_ok(import_bytes(text.data, text.size, "", &model));
    assert_ok(fov_export(model, path, &err));
    assert_false(fov_file_exists(settings));
    assert_ok(fov_file_read(path, 1U << 24, &file, &err));
    assert_memory_equal(file.data, "253\nbody.stage1.0.0.weight 216 3c000000 3c000001 ", 49);
    assert_ok(import_bytes(file.data, file.size, "", &back));
    const int last = fov_graph_find(back->graph, "LandmarkHead.2.conv1x1.bias");
    assert_memory_equal(back->graph->value[last].data, model->graph->value[last].data, 20 * sizeof(float));
    fov_buffer_clear(&file);
    fov_model_free(back);
    fov_model_free(model);
}

static char *file_text(const char *path)
{
    fov_buffer file;
    assert_ok(fov_file_read(path, 1U << 16, &file, &err));
    char *copy = fov_strndup((const char *)file.data, file.size);
    fov_buffer_clear(&file);
    return copy;
}

static void settings_travel_beside_the_file(void **state)
{
    (void)state;
    struct fov_model *relu, *leaky;
    char              path[256], settings[300];
    snprintf(path, sizeof path, "%s/relu.wts", test_folder());
    snprintf(settings, sizeof settings, "%s.settings", path);
    assert_ok(import_bytes(text.data, text.size, "leaky = 0", &relu));
    assert_ok(import_bytes(text.data, text.size, "", &leaky));

    assert_ok(fov_export(relu, path, &err));
    char *said = file_text(settings);
    assert_non_null(strstr(said, "leaky = 0\n"));
    fov_free(said);

    /* One that says the same is the user's and stays; one left by another model must not spoil this one. */
    assert_ok(fov_file_write(settings, "# mine\nleaky = 0\n", 17, &err));
    assert_ok(fov_export(relu, path, &err));
    said = file_text(settings);
    assert_string_equal(said, "# mine\nleaky = 0\n");
    fov_free(said);
    assert_ok(fov_export(leaky, path, &err));
    said = file_text(settings);
    assert_non_null(strstr(said, "leaky = 0.1\n"));
    fov_free(said);

    fov_model_free(relu);
    fov_model_free(leaky);
}

static void other_endings_are_refused(void **state)
{
    (void)state;
    static const char *const path[] = {"model", "model.pth", "dir.wts/model", ".bin"};
    struct fov_model        *model = fov_model_new("m", "onnx");
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        assert_int_equal(fov_export(model, path[i], &err), FOV_ERR_ARGUMENT);
        assert_non_null(strstr(err.message, ".wts, .safetensors, .onnx"));
    }
    assert_int_equal(fov_export(model, "m.wts", &err), FOV_ERR_UNSUPPORTED); /* of no family */
    assert_non_null(strstr(err.message, "write .onnx"));
    fov_model_free(model);
}

static void official_file_is_rewritten_number_for_number(void **state)
{
    (void)state;
    NEED_SHARED(path, "models/retinaface/mnet025_official.wts");
    struct fov_model *model;
    fov_buffer        in, out;
    char              copy[256];
    snprintf(copy, sizeof copy, "%s/official.wts", test_folder());
    assert_ok(fov_file_read(path, 1U << 24, &in, &err));
    assert_ok(import_bytes(in.data, in.size, "", &model));
    assert_string_equal(model->warnings, "");
    assert_ok(fov_export(model, copy, &err));
    fov_model_free(model);

    /* The same lines, without the step counters and the blanks some lines of the original end with. */
    fov_text kept = {0};
    fov_text_print(&kept, "253\n");
    char *original = fov_strndup((const char *)in.data, in.size), *rest = NULL;
    for (char *line = strtok_r(strchr(original, '\n') + 1, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (!strstr(line, "num_batches_tracked")) fov_text_print(&kept, "%s\n", line);
    assert_ok(fov_file_read(copy, 1U << 24, &out, &err));
    assert_int_equal(out.size, kept.size);
    assert_memory_equal(out.data, kept.data, kept.size);
    fov_free(original);
    fov_text_clear(&kept);
    fov_buffer_clear(&in);
    fov_buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_read_bit_by_bit),    cmocka_unit_test(line_ends_cases_and_leading_zeros_do_not_matter),
        cmocka_unit_test(damage_is_told_with_its_line),   cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(flipped_bytes_never_crash),      cmocka_unit_test(non_finite_weights_are_a_warning),
        cmocka_unit_test(exported_text_reads_back_equal), cmocka_unit_test(settings_travel_beside_the_file),
        cmocka_unit_test(other_endings_are_refused),      cmocka_unit_test(official_file_is_rewritten_number_for_number),
    };
    return cmocka_run_group_tests_name("wts", tests, make_text, drop_text);
}
