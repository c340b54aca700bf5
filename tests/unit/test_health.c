// SPDX-License-Identifier: MIT
/* Weight health: what is counted, on numbers at every edge and on the checkpoints whose health is known. */
#include "support.h"

#include "base/half.h"
#include "models/model.h"
#include "numerics/counts.h"
#include "numerics/round_weights.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static fov_error err;

/* ---------------------------------------------------------------- counting */

static void every_edge_of_fp16_falls_on_its_side(void **state)
{
    static const float weights[] = {0,         -0.0F,     0x1p-14F, -0x1.fffffep-15F, 0x1p-24F, -0x1.fffffep-25F, 0x1.000002p-25F,
                                    -0x1p-25F, 0x1p-149F, 65504.0F, -65519.9F,        65520.0F, -1e30F,           INFINITY,
                                    -INFINITY, NAN};
    const fov_counts   c = fov_counts_of_floats(weights, sizeof weights / sizeof *weights, fov_float_limits_of(FOV_PRECISION_FP16));
    (void)state;
    assert_int_equal(c.elements, 16);
    assert_int_equal(c.zero, 2);
    assert_int_equal(c.subnormal, 2); /* the second below 2^-14, and 2^-24 itself */
    assert_int_equal(c.tiny, 4);
    assert_int_equal(c.flushed, 2); /* 2^-25 is halfway and goes to even, which is 0 */
    assert_int_equal(c.overflow, 2);
    assert_int_equal(c.inf, 2);
    assert_int_equal(c.nan, 1);
    assert_true(c.min == -1e30F && c.max == 65520.0 && c.smallest == 0x1p-149);
}

/* Counting and rounding are written apart; over random bit patterns of every exponent they must agree. */
static void counts_agree_with_rounding(void **state)
{
    test_random r = {5};
    (void)state;
    for (int precision = FOV_PRECISION_BF16; precision <= FOV_PRECISION_FP16; precision++) {
        const bool              bf16 = precision == FOV_PRECISION_BF16;
        const fov_float_limits *limits = fov_float_limits_of((fov_precision)precision);
        for (int i = 0; i < 200000; i++) {
            const float w = fov_float_from_bits((uint32_t)(test_random_u64(&r) >> 17));
            if (!isfinite(w) || w == 0) continue;
            const fov_counts c = fov_counts_of_floats(&w, 1, limits);
            const float rounded = bf16 ? fov_float_from_bf16(fov_bf16_from_float(w)) : fov_float_from_half(fov_half_from_float(w));
            if ((c.flushed != 0) != (rounded == 0) || (c.overflow != 0) != (isinf(rounded) != 0))
                fail_msg("%a becomes %a: %zu flushed, %zu overflow", (double)w, (double)rounded, c.flushed, c.overflow);
            if (c.flushed && !c.tiny) fail_msg("%a is flushed and not tiny", (double)w);
        }
    }
}

static void int8_counts_by_rows(void **state)
{
    static const float weights[4][8] = {{127, 1, 0.4F, 0.5F, 0, -0.6F, 64, -127},
                                        {0, 0, 0, 0, 0, 0, 0, 0},
                                        {1000, 1, -1, 1, -1, 1, -1, 1},
                                        {NAN, 1, 2, 3, 4, 5, 6, 7}};
    (void)state;
    fov_counts c = fov_counts_of_rows(&weights[0][0], 4, 8);
    assert_int_equal(c.channels, 2);
    assert_int_equal(c.flushed, 2 + 7); /* 0.4, 0.5 to even; beside 1000 a 1 is lost */
    assert_int_equal(c.subnormal, 2);   /* 1 and -0.6 */
    assert_int_equal(c.outliers, 0);    /* the lost ones are little beside 1000: 51 dB */
    assert_int_equal(c.nan, 1);
    assert_int_equal(fov_count_dead_rows(&weights[0][0], 4, 8), 1);

    float many[4096];
    for (size_t i = 0; i < 4096; i++) many[i] = i ? 1 : 300;
    c = fov_counts_of_rows(many, 1, 4096);
    assert_int_equal(c.outliers, 1);
    assert_true(c.worst_db > 10 && c.worst_db < FOV_OUTLIER_DB);
}

/* ---------------------------------------------------------------- rounding weights */

static fov_graph *conv_graph(const float *kernel, const float *bias)
{
    const fov_shape image = {4, {-1, 3, -1, -1}}, shape = {4, {2, 3, 1, 1}}, two = {1, {2}};
    fov_graph      *g = fov_graph_new();
    const int       x = fov_graph_add_value(g, "x", FOV_F32, &image, &err), y = fov_graph_add_value(g, "y", FOV_F32, NULL, &err);
    const int       w = fov_graph_add_constant(g, "w", FOV_F32, &shape, kernel, "w", &err);
    const int       b = fov_graph_add_constant(g, "b", FOV_F32, &two, bias, "b", &err);
    assert_ok(fov_graph_add_input(g, x, &err));
    assert_true(fov_graph_add_node(g, "conv", FOV_OP_Conv, (const int[]){x, w, b}, 3, &y, 1, &err) >= 0);
    assert_ok(fov_graph_add_output(g, y, &err));
    return g;
}

static void weights_are_rounded_as_counted(void **state)
{
    static const float kernel[6] = {1, 0x1p-15F, 0x1p-26F, 1.0F / 3, -70000, 0}, bias[2] = {0x1p-20F, 2};
    (void)state;
    fov_graph *g = conv_graph(kernel, bias);
    float     *w = g->value[fov_graph_find(g, "w")].data, *b = g->value[fov_graph_find(g, "b")].data;
    assert_ok(fov_round_weights(g, FOV_PRECISION_FP16, false, &err));
    assert_true(w[0] == 1 && w[1] == 0x1p-15F && w[2] == 0 && w[3] == 0x1.554p-2F && isinf(w[4]) && b[0] == 0x1p-20F);
    assert_ok(fov_round_weights(g, FOV_PRECISION_FP16, true, &err));
    assert_true(w[0] == 1 && w[1] == 0 && b[0] == 0 && b[1] == 2);
    fov_graph_free(g);

    g = conv_graph((const float[]){127, 1.4F, 0.4F, 0, 0, 0}, bias);
    w = g->value[fov_graph_find(g, "w")].data;
    assert_ok(fov_round_weights(g, FOV_PRECISION_INT8, false, &err));
    assert_true(w[0] == 127 && w[1] == 1 && w[2] == 0 && w[3] == 0);
    assert_true(*(float *)g->value[fov_graph_find(g, "b")].data == 0x1p-20F);
    fov_graph_free(g);
}

/* ---------------------------------------------------------------- models */

static json_t *health_of(const fov_model *model, fov_precision precision)
{
    char *text;
    assert_ok(fov_model_health_json(model, precision, &text, &err));
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    fov_string_free(text);
    return json;
}

static const json_t *total_of(const json_t *health, int stage)
{
    return json_object_get(json_array_get(json_object_get(health, "stages"), (size_t)stage), "total");
}

static int number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_integer(value));
    return (int)json_integer_value(value);
}

static fov_model *load(const char *path, const char *settings)
{
    fov_model *model;
    assert_ok(fov_model_load(path, &(fov_model_options){.settings = settings}, &model, &err));
    return model;
}

/* Elements and, of those in brackets, tensors: folded. */
static void check_folded(const char *path, const char *settings, const int expected[6])
{
    fov_model    *model = load(path, settings);
    json_t       *health = health_of(model, FOV_PRECISION_FP16);
    const json_t *total = total_of(health, 1), *tensors = json_object_get(total, "tensors");
    const int     found[6] = {number(total, "subnormal"), number(tensors, "subnormal"), number(total, "tiny"),
                              number(tensors, "tiny"),    number(total, "flushed"),     number(tensors, "flushed")};
    for (int i = 0; i < 6; i++)
        if (found[i] != expected[i]) fail_msg("%s: number %d is %d, not %d", path, i, found[i], expected[i]);
    assert_int_equal(number(total, "elements"), 423264);
    assert_int_equal(number(total, "overflow") + number(total, "nan") + number(total, "inf") + number(total, "zero"), 0);
    json_decref(health);
    fov_model_free(model);
}

static void bundled_model_has_the_health_its_card_says(void **state)
{
    (void)state;
    check_folded("default", NULL, (const int[]){567, 33, 1, 1, 1, 1});
}

/* The table of ../shared/README.md, which other code counted. */
static void checkpoints_have_the_health_that_is_known(void **state)
{
    static const int official[6] = {460, 31, 1, 1, 1, 1};
    (void)state;
    NEED_SHARED(final, "models/retinaface/mobilenet0.25_Final.pth");
    NEED_SHARED(wts, "models/retinaface/mnet025_official.wts");
    NEED_SHARED(onnx, "models/retinaface/mnet025_official_opset14.onnx");
    NEED_SHARED(relu, "models/retinaface/mnet025_relu.pth");
    NEED_SHARED(b, "models/retinaface/mnet025_b.pth");
    check_folded(final, NULL, official);
    check_folded(wts, NULL, official);
    check_folded(onnx, NULL, official);
    check_folded(relu, "leaky = 0", (const int[]){542, 34, 3, 1, 1, 1});
    check_folded(b, NULL, (const int[]){454, 30, 0, 0, 0, 0});
}

static void stages_name_what_they_count(void **state)
{
    (void)state;
    fov_model    *model = load("default", NULL);
    json_t       *health = health_of(model, FOV_PRECISION_INT8);
    const json_t *stages = json_object_get(health, "stages"), *file = json_array_get(stages, 0), *tensor;
    size_t        i;
    int           elements = 0;
    assert_string_equal(json_string_value(json_object_get(health, "precision")), "int8");
    assert_int_equal(json_array_size(stages), 2);
    assert_string_equal(json_string_value(json_object_get(file, "stage")), "file");
    json_array_foreach(json_object_get(file, "tensors"), i, tensor)
    {
        const char *name = json_string_value(json_object_get(tensor, "name"));
        assert_null(strstr(name, "running_"));
        elements += number(tensor, "elements");
    }
    assert_int_equal(elements, number(total_of(health, 0), "elements"));
    assert_int_equal(number(total_of(health, 1), "channels"), 3440);
    assert_true(json_number_value(json_object_get(total_of(health, 1), "snr_db")) > 35);
    json_decref(health);
    char *text;
    assert_int_equal(fov_model_health_json(model, FOV_PRECISION_FP32, &text, &err), FOV_ERR_ARGUMENT);
    assert_null(text);
    fov_model_free(model);
}

/* Values that JSON cannot say, in a model of no family. */
static void broken_weights_are_counted(void **state)
{
    static const float kernel[6] = {NAN, INFINITY, -INFINITY, 0, 0, 0}, bias[2] = {NAN, 1e30F};
    struct fov_model  *model = fov_model_new("broken\xff", "onnx");
    (void)state;
    model->graph = conv_graph(kernel, bias);
    for (int precision = FOV_PRECISION_BF16; precision <= FOV_PRECISION_INT8; precision++) {
        json_t       *health = health_of(model, (fov_precision)precision);
        const json_t *total = total_of(health, 1);
        assert_int_equal(number(total, "nan"), 2);
        assert_int_equal(number(total, "inf"), 2);
        assert_int_equal(number(total, "dead_channels"), 1);
        assert_int_equal(number(total, "overflow"), precision == FOV_PRECISION_FP16);
        json_decref(health);
    }
    fov_model_free(model);
}

/* ---------------------------------------------------------------- effect */

static fov_status load_bundled(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    (void)index;
    return fov_photo_load(user, NULL, photo, e);
}

static double worst_snr(const json_t *variant)
{
    const json_t *head;
    size_t        i;
    double        worst = 1000;
    json_array_foreach(json_object_get(json_object_get(variant, "comparison"), "heads"), i, head)
    {
        const json_t *snr = json_object_get(head, "snr_db");
        if (json_is_number(snr) && json_number_value(snr) < worst) worst = json_number_value(snr);
    }
    return worst;
}

static double effect_on_bundled(const fov_model *model, fov_precision precision, size_t variant, size_t variants)
{
    char  path[4096];
    char *text;
    snprintf(path, sizeof path, "%s", source_path("photos/astronaut.png"));
    const fov_photo_source photos = {.count = 1, .load = load_bundled, .user = path};
    assert_ok(fov_model_health_effect_json(model, precision, &photos, NULL, &text, &err));
    json_t *json = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "variants")), variants);
    const double snr = worst_snr(json_array_get(json_object_get(json, "variants"), variant));
    json_decref(json);
    fov_string_free(text);
    return snr;
}

/* Each bit of a significand is 6 dB: FP16 has 11, BF16 8; a flushed FP16 loses more than a rounded one. */
static void effect_grows_with_what_is_lost(void **state)
{
    (void)state;
    fov_model   *model = load("default", NULL);
    const double rounded = effect_on_bundled(model, FOV_PRECISION_FP16, 0, 2),
                 flushed = effect_on_bundled(model, FOV_PRECISION_FP16, 1, 2);
    const double bf16 = effect_on_bundled(model, FOV_PRECISION_BF16, 0, 1),
                 int8 = effect_on_bundled(model, FOV_PRECISION_INT8, 0, 1);
    if (!(rounded > 40 && rounded < 90 && flushed < rounded && bf16 > 20 && bf16 < rounded - 10 && int8 > 5 && int8 < bf16))
        fail_msg("fp16 %.1f dB, flushed %.1f, bf16 %.1f, int8 %.1f", rounded, flushed, bf16, int8);
    fov_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge_of_fp16_falls_on_its_side),
        cmocka_unit_test(counts_agree_with_rounding),
        cmocka_unit_test(int8_counts_by_rows),
        cmocka_unit_test(weights_are_rounded_as_counted),
        cmocka_unit_test(bundled_model_has_the_health_its_card_says),
        cmocka_unit_test(checkpoints_have_the_health_that_is_known),
        cmocka_unit_test(stages_name_what_they_count),
        cmocka_unit_test(broken_weights_are_counted),
        cmocka_unit_test(effect_grows_with_what_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
