// SPDX-License-Identifier: MIT
/* Repair: the same function with FP16-healthy weights; on graphs with every kind of tie, on the bundled model damaged as the
 * failure that Fovea exists for, and on every checkpoint at hand. */
#include "alloc_probe.h"
#include "support.h"

#include "base/alloc.h"
#include "graph/op.h"
#include "models/model.h"
#include "numerics/fold.h"
#include "numerics/scaling.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define SHAPE(...) fov_shape_make(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})
#define NODE(op, out, ...) add_node(FOV_OP_##op, out, (const char *[]){__VA_ARGS__, NULL})

static fov_error   err;
static test_random r = {11};

/* ---------------------------------------------------------------- small models */

static fov_graph *g; /* being built */

static fov_node *add_node(fov_op op, const char *out, const char *const *in)
{
    int ids[8], n = 0;
    for (; in[n]; n++) {
        ids[n] = *in[n] ? fov_graph_find(g, in[n]) : FOV_NONE;
        if (*in[n] && ids[n] == FOV_NONE) fail_msg("no value '%s'", in[n]);
    }
    int id = fov_graph_add_value(g, out, FOV_F32, NULL, &err);
    int node = fov_graph_add_node(g, out, op, ids, n, &id, 1, &err);
    assert_true(node >= 0);
    return &g->node[node];
}

/* Weights of normal sizes, a few of the channels far too small: 2^-13 to 2^-24. */
static void add_weights(const char *name, fov_shape shape, bool small_channels)
{
    float  data[8192];
    size_t count;
    assert_true(fov_shape_count(&shape, &count) && count <= 8192);
    const size_t per = count / (size_t)shape.dim[0];
    for (size_t i = 0; i < count; i++) {
        const float sign = test_random_u64(&r) & 1 ? 1 : -1;
        data[i] = sign * test_random_float(&r, 0.25F, 1);
        if (small_channels && i / per % 3 == 1) data[i] *= ldexpf(1, -13 - (int)(i / per % 12));
    }
    assert_true(fov_graph_add_constant(g, name, FOV_F32, &shape, data, name, &err) >= 0);
}

/* out = Conv(in), 3x3 or 1x1, weights "<out>.w", bias "<out>.b". */
static void add_conv(const char *out, const char *in, int64_t from, int64_t to, int64_t size, int64_t group, bool small_channels)
{
    char          w[32], b[32];
    const int64_t pad = size / 2, pads[] = {pad, pad, pad, pad};
    snprintf(w, sizeof w, "%s.w", out);
    snprintf(b, sizeof b, "%s.b", out);
    add_weights(w, SHAPE(to, from / group, size, size), small_channels);
    add_weights(b, SHAPE(to), small_channels);
    fov_node *node = NODE(Conv, out, in, w, b);
    assert_ok(fov_node_set_ints(node, "pads", pads, 4, &err));
    assert_ok(fov_node_set_int(node, "group", group, &err));
}

static void begin_graph(void)
{
    const fov_shape shape = SHAPE(-1, 3, -1, -1);
    g = fov_graph_new();
    assert_ok(fov_graph_add_input(g, fov_graph_add_value(g, "x", FOV_F32, &shape, &err), &err));
}

static fov_model *end_model(const char *output)
{
    struct fov_model *model = fov_model_new("small", "onnx");
    assert_ok(fov_graph_add_output(g, fov_graph_find(g, output), &err));
    model->graph = g;
    g = NULL;
    return model;
}

/* ---------------------------------------------------------------- the same function */

static float *outputs_of(const fov_graph *graph, int side, size_t *count)
{
    const fov_shape shape = {4, {1, 3, side, side}};
    float          *x = fov_alloc_array(3 * (size_t)side * (size_t)side, sizeof *x), *all = NULL;
    fov_view        input = fov_view_dense(FOV_F32, &shape, x), *values;
    test_random     pixels = {77};
    for (int i = 0; i < 3 * side * side; i++) x[i] = test_random_float(&pixels, -120, 140);
    assert_ok(fov_graph_evaluate(graph, &input, &values, &err));
    *count = 0;
    for (int i = 0; i < graph->n_output; i++) {
        const fov_view *y = &values[graph->output[i]];
        size_t          n;
        assert_true(fov_shape_count(&y->shape, &n));
        all = fov_realloc_array(all, *count + n, sizeof *all);
        memcpy(all + *count, y->data, n * sizeof *all);
        *count += n;
    }
    assert_non_null(all);
    fov_values_free(graph, values);
    fov_free(x);
    return all;
}

/* Largest difference of any output, by the largest output. */
static double difference(const fov_graph *a, const fov_graph *b)
{
    size_t n, m;
    float *x = outputs_of(a, 96, &n), *y = outputs_of(b, 96, &m);
    double largest = 0, worst = 0;
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs((double)x[i]));
        worst = fmax(worst, fabs((double)x[i] - (double)y[i]));
    }
    fov_free(x);
    fov_free(y);
    return worst / largest;
}

/* Powers of two are exact, so what differs is a second rounding of the folded weights, and weights that were set to zero. */
#define ROUNDING 2e-6

static json_t *repaired_of(const fov_model *model, fov_model **out)
{
    char *text;
    assert_ok(fov_model_repair(model, out, &text, &err));
    json_t *report = json_loads(text, 0, NULL);
    assert_non_null(report);
    fov_string_free(text);
    return report;
}

static int number(const json_t *report, const char *when, const char *key)
{
    const json_t *value = json_object_get(when ? json_object_get(report, when) : report, key);
    assert_true(json_is_integer(value));
    return (int)json_integer_value(value);
}

/* The weights of both, folded, are the same bits under the same names. */
static void check_same_weights(const fov_model *a, const fov_model *b)
{
    fov_graph *x, *y;
    int        compared = 0;
    assert_ok(fov_fold_copy(a->graph, &x, &err));
    assert_ok(fov_fold_copy(b->graph, &y, &err));
    for (int i = 0; i < x->n_value; i++) {
        const fov_value *v = &x->value[i], *w;
        size_t           n = 0;
        if (!v->data) continue;
        const int other = fov_graph_find(y, v->name);
        if (other == FOV_NONE) fail_msg("'%s' is gone", v->name);
        w = &y->value[other];
        assert_true(fov_shape_equal(&v->shape, &w->shape) && fov_shape_count(&v->shape, &n));
        if (memcmp(v->data, w->data, n * fov_dtype_size(v->dtype))) fail_msg("'%s' differs", v->name);
        compared++;
    }
    assert_true(compared > 0);
    fov_graph_free(x);
    fov_graph_free(y);
}

static void check_repeats(const fov_model *repaired)
{
    fov_model *again;
    json_t    *report = repaired_of(repaired, &again);
    assert_int_equal(number(report, NULL, "channels_scaled"), 0);
    assert_int_equal(number(report, NULL, "weights_zeroed"), 0);
    check_same_weights(repaired, again);
    json_decref(report);
    fov_model_free(again);
}

/* Everything that must hold of any repair. Hands over the report. */
static json_t *check_repair(const fov_model *model, fov_model **repaired)
{
    json_t      *report = repaired_of(model, repaired);
    const double d = difference(model->graph, (*repaired)->graph);
    if (!(d <= ROUNDING)) fail_msg("%s: outputs differ by %g", model->source, d);
    assert_int_equal(number(report, "after", "matter"), 0);
    assert_int_equal(number(report, "after", "overflow"), 0);
    assert_true(number(report, "after", "subnormal") <= number(report, "before", "subnormal"));
    check_repeats(*repaired);
    return report;
}

/* @param wholly no subnormal weight is left at all, whether it matters or not */
static void check_heals(fov_model *model, bool wholly)
{
    fov_model *repaired;
    json_t    *report = check_repair(model, &repaired);
    assert_true(number(report, "before", "matter") > 0);
    if (wholly) assert_int_equal(number(report, "after", "subnormal") + number(report, "after", "tiny"), 0);
    json_decref(report);
    fov_model_free(repaired);
    fov_model_free(model);
}

/* ---------------------------------------------------------------- ties */

static void a_chain_is_healed(void **state)
{
    (void)state;
    begin_graph();
    add_conv("a", "x", 3, 8, 3, 1, true);
    assert_ok(fov_node_set_float(NODE(LeakyRelu, "a1", "a"), "alpha", 0.1F, &err));
    add_conv("b", "a1", 8, 8, 3, 8, true); /* depthwise: a channel's input and output meet in its own weights only */
    NODE(Relu, "b1", "b");
    add_conv("c", "b1", 8, 12, 1, 1, true);
    add_weights("slope", SHAPE(12, 1, 1), false);
    NODE(PRelu, "c1", "c", "slope");
    fov_node *pool = NODE(MaxPool, "c2", "c1");
    assert_ok(fov_node_set_ints(pool, "kernel_shape", (const int64_t[]){2, 2}, 2, &err));
    assert_ok(fov_node_set_ints(pool, "strides", (const int64_t[]){2, 2}, 2, &err));
    add_conv("d", "c2", 12, 6, 3, 2, true); /* grouped */
    NODE(Identity, "d1", "d");
    add_conv("e", "d1", 6, 4, 1, 1, false);
    check_heals(end_model("e"), true);
}

static void residual_and_shared_inputs_are_scaled_together(void **state)
{
    (void)state;
    begin_graph();
    add_conv("a", "x", 3, 6, 3, 1, true);
    NODE(Relu, "a1", "a");
    add_conv("b", "a1", 6, 6, 3, 1, true);
    NODE(Add, "s", "b", "a1"); /* a1 has three readers */
    NODE(Relu, "s1", "s");
    add_conv("c", "s1", 6, 6, 1, 1, true);
    add_conv("d", "a1", 6, 6, 1, 1, true);
    NODE(Add, "t", "c", "d");
    add_conv("e", "t", 6, 4, 1, 1, false);
    fov_model  *model = end_model("e");
    fov_scaling s;
    assert_ok(fov_scaling_find(model->graph, &model->settings, &s, &err));
    for (int c = 0; c < 6; c++) {
        const int tied = fov_scaling_group(&s, fov_graph_find(model->graph, "a"), c);
        assert_int_equal(fov_scaling_group(&s, fov_graph_find(model->graph, "b"), c), tied);
        assert_int_equal(fov_scaling_group(&s, fov_graph_find(model->graph, "s1"), c), tied);
        assert_int_not_equal(fov_scaling_group(&s, fov_graph_find(model->graph, "c"), c), tied);
        assert_false(s.pinned[tied]);
    }
    assert_true(s.pinned[fov_scaling_group(&s, fov_graph_find(model->graph, "x"), 0)]);
    assert_true(s.pinned[fov_scaling_group(&s, fov_graph_find(model->graph, "e"), 0)]);
    fov_scaling_clear(&s);
    check_heals(model, false); /* a small channel that is added to a large one stays small beside it */
}

static void concat_and_enlargement_keep_channels_apart(void **state)
{
    static const float scales[4] = {1, 1, 2, 2};
    const fov_shape    four = SHAPE(4);
    (void)state;
    begin_graph();
    add_conv("a", "x", 3, 4, 3, 1, true);
    add_conv("b", "x", 3, 5, 3, 1, true);
    assert_ok(fov_node_set_int(NODE(Concat, "ab", "a", "b"), "axis", 1, &err));
    NODE(Relu, "ab1", "ab");
    assert_true(fov_graph_add_constant(g, "scales", FOV_F32, &four, scales, NULL, &err) >= 0);
    fov_node *resize = NODE(Resize, "up", "ab1", "", "scales");
    assert_ok(fov_node_set_string(resize, "mode", "nearest", &err));
    assert_ok(fov_node_set_string(resize, "coordinate_transformation_mode", "asymmetric", &err));
    assert_ok(fov_node_set_string(resize, "nearest_mode", "floor", &err));
    add_conv("c", "up", 9, 4, 3, 1, false);
    fov_model  *model = end_model("c");
    fov_scaling s;
    assert_ok(fov_scaling_find(model->graph, &model->settings, &s, &err));
    for (int c = 0; c < 5; c++) {
        const int tied = fov_scaling_group(&s, fov_graph_find(model->graph, "b"), c);
        assert_int_equal(fov_scaling_group(&s, fov_graph_find(model->graph, "up"), 4 + c), tied);
        assert_int_not_equal(fov_scaling_group(&s, fov_graph_find(model->graph, "a"), c % 4), tied);
    }
    fov_scaling_clear(&s);
    check_heals(model, true);
}

/* Sigmoid(s x) is not s Sigmoid(x): the channels in front of it keep their scale, and their small weights. */
static void what_is_not_homogeneous_is_left_alone(void **state)
{
    (void)state;
    begin_graph();
    add_conv("a", "x", 3, 6, 1, 1, true);
    NODE(Sigmoid, "s", "a");
    add_conv("b", "s", 6, 4, 1, 1, false);
    fov_model *model = end_model("b"), *repaired;
    json_t    *report = repaired_of(model, &repaired);
    assert_true(difference(model->graph, repaired->graph) <= ROUNDING);
    assert_int_equal(number(report, NULL, "channels_scaled"), 0);
    assert_int_equal(number(report, "after", "matter"), number(report, "before", "matter"));
    assert_true(number(report, "after", "matter") > 0);
    assert_true(json_array_size(json_object_get(report, "kept")) > 0);
    json_decref(report);
    fov_model_free(repaired);
    fov_model_free(model);
}

static float *weights(fov_model *model, const char *name, size_t *count)
{
    const int id = fov_graph_find(model->graph, name);
    if (id == FOV_NONE) fail_msg("no tensor '%s'", name);
    fov_shape_count(&model->graph->value[id].shape, count);
    return model->graph->value[id].data;
}

static void weights_out_of_range_come_back(void **state)
{
    size_t count;
    (void)state;
    begin_graph();
    add_conv("a", "x", 3, 4, 1, 1, false);
    add_conv("b", "a", 4, 4, 1, 1, false);
    fov_model *model = end_model("b"), *repaired;
    float     *w = weights(model, "b.w", &count);
    for (size_t o = 0; o < 4; o++) w[o * 4] *= 0x1p18F; /* all that reads channel 0 of a, */
    w = weights(model, "a.w", &count);
    for (size_t i = 0; i < 3; i++) w[i] *= 0x1p-10F;
    json_t *report = check_repair(model, &repaired);
    assert_int_equal(number(report, "before", "overflow"), 4);
    json_decref(report);
    fov_model_free(repaired);
    fov_model_free(model);
}

/* ---------------------------------------------------------------- hostile */

static void broken_weights_do_no_harm(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY, 3e38F, 0, 1e-45F};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int all = 0; all < 2; all++) {
            size_t count;
            begin_graph();
            add_conv("a", "x", 3, 4, 3, 1, true);
            NODE(Relu, "a1", "a");
            add_conv("b", "a1", 4, 4, 1, 1, true);
            fov_model *model = end_model("b"), *repaired;
            float     *w = weights(model, "a.w", &count);
            for (size_t j = 0; j < (all ? count : 5); j++) w[j] = bad[i];
            json_decref(repaired_of(model, &repaired));
            check_repeats(repaired);
            fov_model_free(repaired);
            fov_model_free(model);
        }
}

static void graphs_without_weights_are_returned(void **state)
{
    fov_model *repaired;
    char      *text = (char *)1;
    (void)state;
    begin_graph();
    fov_model *model = end_model("x");
    json_t    *report = repaired_of(model, &repaired);
    assert_int_equal(number(report, "after", "elements"), 0);
    json_decref(report);
    fov_model_free(repaired);
    model->graph->n_input = 0; /* no input at all: said, not crashed */
    assert_int_equal(fov_model_repair(model, &repaired, &text, &err), FOV_ERR_UNSUPPORTED);
    assert_null(repaired);
    assert_null(text);
    model->graph->n_input = 1;
    fov_model_free(model);
}

/* ---------------------------------------------------------------- the failure: a RetinaFace that FP16 spoils */

static fov_model *load(const char *path, const char *settings)
{
    fov_model *model;
    assert_ok(fov_model_load(path, &(fov_model_options){.settings = settings}, &model, &err));
    return model;
}

static void scale(float *data, size_t count, float by)
{
    for (size_t i = 0; i < count; i++) data[i] *= by;
}

/*
 * The same function in FP32, to the bit, with weights that FP16 cannot keep: in each block of the body every third channel
 * leaves the depthwise layer 2^-14 times as large, and the pointwise layer makes up for it.
 */
static void damage(fov_model *model)
{
    static const char *const blocks[] = {"stage1.1", "stage1.3", "stage1.5", "stage2.1", "stage2.3", "stage2.5", "stage3.1"};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        char   name[3][64];
        size_t channels, n;
        snprintf(name[0], sizeof name[0], "body.%s.1.weight", blocks[i]);
        snprintf(name[1], sizeof name[1], "body.%s.1.bias", blocks[i]);
        snprintf(name[2], sizeof name[2], "body.%s.3.weight", blocks[i]);
        float *gamma = weights(model, name[0], &channels), *beta = weights(model, name[1], &n), *w = weights(model, name[2], &n);
        for (size_t c = 0; c < channels; c += 3) {
            scale(gamma + c, 1, 0x1p-14F);
            scale(beta + c, 1, 0x1p-14F);
            for (size_t o = 0; o < n / channels; o++) scale(w + o * channels + c, 1, 0x1p14F);
        }
    }
}

typedef struct loss {
    double snr, score;
    int    faces, lost;
} loss;

static fov_status load_bundled(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    (void)index;
    return fov_photo_load(user, NULL, photo, e);
}

/* What flushed FP16 weights do on the bundled photo. */
static loss flushed_loss(const fov_model *model)
{
    char          path[4096], *text;
    loss          l = {.snr = 1000};
    size_t        i;
    const json_t *head;
    snprintf(path, sizeof path, "%s", source_path("photos/astronaut.png"));
    const fov_photo_source photos = {.count = 1, .load = load_bundled, .user = path};
    assert_ok(fov_model_health_effect_json(model, FOV_PRECISION_FP16, &photos, NULL, &text, &err));
    json_t       *json = json_loads(text, 0, NULL);
    const json_t *variant = json_array_get(json_object_get(json, "variants"), 1), *c = json_object_get(variant, "comparison");
    assert_string_equal(json_string_value(json_object_get(variant, "weights")), "flushed");
    json_array_foreach(json_object_get(c, "heads"), i, head) l.snr =
        fmin(l.snr, json_number_value(json_object_get(head, "snr_db")));
    l.score = json_number_value(json_object_get(json_object_get(c, "drift"), "score_max"));
    l.faces = (int)json_integer_value(json_object_get(json_object_get(c, "faces"), "a"));
    l.lost = (int)json_integer_value(json_object_get(json_object_get(c, "faces"), "lost"));
    json_decref(json);
    fov_string_free(text);
    return l;
}

static void subnormal_weights_spoil_the_network_until_it_is_repaired(void **state)
{
    (void)state;
    fov_model *sound = load("default", NULL), *model = load("default", NULL), *repaired;
    damage(model);
    assert_true(difference(sound->graph, model->graph) <= ROUNDING); /* FP32 notices nothing */
    const loss whole = flushed_loss(sound), before = flushed_loss(model);
    json_t    *report = check_repair(model, &repaired);
    const loss after = flushed_loss(repaired);
    print_message(
        "damaged: %d of %d faces lost, score drift %.3f, %.1f dB; repaired: %d lost, %.4f, %.1f dB; never damaged: %.1f dB\n",
        before.lost, before.faces, before.score, before.snr, after.lost, after.score, after.snr, whole.snr);
    assert_true(before.faces == 1 && before.score > 0.2 && before.snr < 10);
    assert_true(after.faces == 1 && after.lost == 0 && after.score < 0.005 && after.snr > 40 && after.snr >= whole.snr);
    assert_true(number(report, "before", "matter") > 1000);
    assert_int_equal(number(report, "before", "overflow"), 0); /* it is the small weights that do it */
    json_decref(report);
    fov_model_free(repaired);
    fov_model_free(model);
    fov_model_free(sound);
}

/* ---------------------------------------------------------------- checkpoints */

static void check_written(const fov_model *repaired, const char *ending)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/repaired.%s", test_folder(), ending);
    assert_ok(fov_model_save(repaired, path, &err));
    fov_model *back = load(path, NULL);
    assert_ptr_equal(back->family, repaired->family);
    check_same_weights(repaired, back);
    check_repeats(back);
    fov_model_free(back);
}

static void check_checkpoint(const char *path, const char *settings)
{
    fov_model *model = load(path, settings), *repaired;
    json_t    *report = check_repair(model, &repaired);
    assert_true(number(report, "before", "matter") > 0);
    assert_true(number(report, "after", "subnormal") * 3 < number(report, "before", "subnormal"));
    check_written(repaired, "wts");
    check_written(repaired, "safetensors");
    check_written(repaired, "onnx");
    json_decref(report);
    fov_model_free(repaired);
    fov_model_free(model);
}

static void bundled_model_is_healed_and_written(void **state)
{
    (void)state;
    check_checkpoint("default", NULL);
}

static void checkpoints_are_healed_and_written(void **state)
{
    static const char *const files[][2] = {{"models/retinaface/mobilenet0.25_Final.pth", NULL},
                                           {"models/retinaface/mnet025_official.wts", NULL},
                                           {"models/retinaface/mnet025_official_opset14.onnx", NULL},
                                           {"models/retinaface/mnet025_b.pth", NULL},
                                           {"models/retinaface/mnet025_relu.pth", "leaky = 0"}};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        NEED_SHARED(path, files[i][0]);
        check_checkpoint(path, files[i][1]);
    }
}

/* ---------------------------------------------------------------- memory */

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    fov_status st = FOV_ERR_MEMORY;
    begin_graph();
    add_conv("a", "x", 3, 4, 1, 1, true);
    NODE(Relu, "a1", "a");
    add_conv("b", "a1", 4, 4, 1, 1, true);
    fov_model *model = end_model("b"), *repaired = NULL;
    for (uint64_t n = 1; st; n++) {
        char *text = NULL;
        err = (fov_error){0};
        alloc_probe_start(n, 0);
        st = fov_model_repair(model, &repaired, &text, &err);
        if (!st) {
            fov_model_free(repaired);
            fov_string_free(text);
        }
        const alloc_probe after = alloc_probe_stop();
        if (after.blocks) fail_msg("allocation %llu refused: %lld blocks leaked", (unsigned long long)n, (long long)after.blocks);
        if (st && (st != FOV_ERR_MEMORY || repaired || text || !err.message[0]))
            fail_msg("allocation %llu refused: %s, %s", (unsigned long long)n, fov_status_name(st), err.message);
    }
    fov_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_healed),
        cmocka_unit_test(residual_and_shared_inputs_are_scaled_together),
        cmocka_unit_test(concat_and_enlargement_keep_channels_apart),
        cmocka_unit_test(what_is_not_homogeneous_is_left_alone),
        cmocka_unit_test(weights_out_of_range_come_back),
        cmocka_unit_test(broken_weights_do_no_harm),
        cmocka_unit_test(graphs_without_weights_are_returned),
        cmocka_unit_test(subnormal_weights_spoil_the_network_until_it_is_repaired),
        cmocka_unit_test(bundled_model_is_healed_and_written),
        cmocka_unit_test(checkpoints_are_healed_and_written),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
