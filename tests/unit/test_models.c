// SPDX-License-Identifier: MIT
/* Families: what is built from which tensors, what is refused, and recognition of a family in a graph. */
#include "support.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "graph/op.h"
#include "graph/passes.h"
#include "import/import.h"
#include "models/model.h"

#include <math.h>
#include <string.h>

static fov_error err;

/* ---------------------------------------------------------------- helpers */

static fov_graph *template_of(const fov_family *family, const fov_settings *settings)
{
    fov_graph *graph = NULL;
    assert_ok(family->build(settings, NULL, "template", &graph, &err));
    return graph;
}

static bool is_parameter(const fov_value *value)
{
    return !value->data && value->shape.rank >= 0 && fov_shape_closed(&value->shape);
}

/* Every tensor a family wants, with random numbers; BatchNorm variances positive. */
static fov_weights random_weights(const fov_family *family, const fov_settings *settings, const char *prefix, uint64_t seed)
{
    fov_graph  *graph = template_of(family, settings);
    fov_weights weights = {0};
    test_random r = {seed};
    for (int i = 0; i < graph->n_value; i++) {
        const fov_value *value = &graph->value[i];
        size_t           count;
        char             name[160];
        if (!is_parameter(value)) continue;
        assert_true(fov_shape_count(&value->shape, &count));
        float *data = fov_alloc_array(count, sizeof *data);
        float  low = strstr(value->name, "running_var") ? 0.5F : -0.3F;
        for (size_t k = 0; k < count; k++) data[k] = test_random_float(&r, low, low + 0.6F);
        snprintf(name, sizeof name, "%s%s", prefix, value->name);
        assert_ok(fov_weights_add(&weights, name, &value->shape, count, data, &err));
    }
    fov_graph_free(graph);
    return weights;
}

static struct fov_model *model_new(void)
{
    struct fov_model *model = fov_model_new("test.pth", "pth");
    assert_non_null(model);
    return model;
}

static struct fov_model *built(const fov_family *family, const char *prefix)
{
    struct fov_model *model = model_new();
    fov_weights       weights = random_weights(family, &model->settings, prefix, 1);
    assert_ok(fov_family_build(model, &weights, &err));
    fov_weights_clear(&weights);
    return model;
}

static int count_op(const fov_graph *graph, fov_op op)
{
    int count = 0;
    for (int i = 0; i < graph->n_node; i++) count += !graph->node[i].dead && graph->node[i].op == op;
    return count;
}

static size_t parameters(const fov_graph *graph)
{
    size_t total = 0, count;
    for (int i = 0; i < graph->n_value; i++) {
        const fov_value *value = &graph->value[i];
        if (value->shape.rank != 1 && value->shape.rank != 4) continue;
        if (strcmp(value->name, "upsample.scales") != 0 && fov_shape_count(&value->shape, &count)) total += count;
    }
    return total;
}

static void refuse(fov_weights *weights, fov_status code, const char *word)
{
    struct fov_model *model = model_new();
    fov_status        st = fov_family_build(model, weights, &err);
    if (st != code) fail_msg("status %d, expected %d: %s", st, code, st ? err.message : "no error");
    if (!strstr(err.message, word) || !strstr(err.message, "test.pth")) fail_msg("'%s' not in: %s", word, err.message);
    fov_model_free(model);
    fov_weights_clear(weights);
}

static float *zeros(size_t count)
{
    float *data = fov_calloc(count, sizeof *data);
    assert_non_null(data);
    return data;
}

static void remove_weight(fov_weights *weights, const char *name)
{
    fov_weight *weight = fov_weights_find(weights, name);
    assert_non_null(weight);
    weight->name[0] = '-';
}

/* ---------------------------------------------------------------- the graphs */

static void mobilenet_has_the_published_size(void **state)
{
    (void)state;
    const fov_settings settings = fov_settings_default();
    fov_graph         *graph = template_of(&fov_family_retinaface_mnet025, &settings);
    assert_int_equal(count_op(graph, FOV_OP_Conv), 56);
    assert_int_equal(count_op(graph, FOV_OP_BatchNormalization), 47);
    assert_int_equal(count_op(graph, FOV_OP_LeakyRelu), 38);
    assert_int_equal(count_op(graph, FOV_OP_Relu), 3);
    assert_int_equal(parameters(graph), 433296);
    assert_int_equal(graph->n_output, 9);
    for (int i = 0; i < 9; i++) {
        static const int64_t channels[3] = {4, 8, 20};
        assert_int_equal(graph->value[graph->output[i]].shape.dim[1], channels[i % 3]);
    }
    fov_graph_free(graph);
}

static void resnet_has_the_published_size(void **state)
{
    (void)state;
    const fov_settings settings = fov_settings_default();
    fov_graph         *graph = template_of(&fov_family_retinaface_r50, &settings);
    assert_int_equal(count_op(graph, FOV_OP_Conv), 53 + 5 + 15 + 9);
    assert_int_equal(count_op(graph, FOV_OP_LeakyRelu), 0);
    assert_int_equal(count_op(graph, FOV_OP_MaxPool), 1);
    const size_t statistics = 2 * (26560 + 5 * 256 + 3 * (128 + 4 * 64));
    assert_int_equal(parameters(graph) - statistics, 27293600);
    fov_graph_free(graph);
}

static void slope_zero_is_relu(void **state)
{
    (void)state;
    fov_settings settings = fov_settings_default();
    settings.leaky = 0;
    fov_graph *graph = template_of(&fov_family_retinaface_mnet025, &settings);
    assert_int_equal(count_op(graph, FOV_OP_LeakyRelu), 0);
    assert_int_equal(count_op(graph, FOV_OP_Relu), 41);
    fov_graph_free(graph);
}

static void anchors_set_the_width_of_the_heads(void **state)
{
    (void)state;
    fov_settings settings = fov_settings_default();
    assert_ok(fov_settings_parse(&settings, "anchors = 16,24,32 / 64 / 256,512", "test", &err));
    fov_graph *graph = template_of(&fov_family_retinaface_mnet025, &settings);
    assert_int_equal(graph->value[graph->output[0]].shape.dim[1], 6);
    assert_int_equal(graph->value[graph->output[5]].shape.dim[1], 10);
    fov_graph_free(graph);
}

static void other_strides_are_refused(void **state)
{
    (void)state;
    fov_settings settings = fov_settings_default();
    fov_graph   *graph;
    assert_ok(fov_settings_parse(&settings, "strides = 4,8,16", "test", &err));
    assert_int_equal(fov_family_retinaface_r50.build(&settings, NULL, "m", &graph, &err), FOV_ERR_UNSUPPORTED);
    assert_null(graph);
    assert_non_null(strstr(err.message, "8,16,32"));
}

/* ---------------------------------------------------------------- bare weights */

static void names_come_with_and_without_prefixes(void **state)
{
    (void)state;
    static const char *const prefix[] = {"", "module.", "module.module."};
    for (size_t i = 0; i < sizeof prefix / sizeof *prefix; i++) {
        struct fov_model *model = built(&fov_family_retinaface_mnet025, prefix[i]);
        assert_ptr_equal(model->family, &fov_family_retinaface_mnet025);
        assert_string_equal(model->warnings, "");
        const fov_value *value = &model->graph->value[fov_graph_find(model->graph, "fpn.merge1.0.weight")];
        char             origin[80];
        snprintf(origin, sizeof origin, "%sfpn.merge1.0.weight", prefix[i]);
        assert_string_equal(value->origin, origin);
        fov_model_free(model);
    }
}

static void names_without_body_are_found(void **state)
{
    (void)state;
    struct fov_model *model = model_new();
    fov_weights       weights = random_weights(&fov_family_retinaface_mnet025, &model->settings, "", 1);
    for (size_t i = 0; i < weights.count; i++) {
        char *name = weights.item[i].name;
        if (strncmp(name, "body.", strlen("body.")) != 0) continue;
        weights.item[i].name = fov_strdup(strchr(name, '.') + 1);
        fov_free(name);
    }
    assert_ok(fov_family_build(model, &weights, &err));
    fov_weights_clear(&weights);
    fov_model_free(model);
}

static void weights_without_shapes_need_the_count(void **state)
{
    (void)state;
    struct fov_model *model = model_new();
    fov_weights       weights = random_weights(&fov_family_retinaface_mnet025, &model->settings, "", 1);
    for (size_t i = 0; i < weights.count; i++) weights.item[i].shape.rank = -1;
    assert_ok(fov_family_build(model, &weights, &err));
    fov_model_free(model);
    fov_weights_clear(&weights);
}

static void missing_and_misshapen_tensors_are_listed_together(void **state)
{
    (void)state;
    const fov_settings settings = fov_settings_default();
    fov_weights        weights = random_weights(&fov_family_retinaface_mnet025, &settings, "", 1);
    remove_weight(&weights, "ssh1.conv3X3.0.weight");
    fov_weights_find(&weights, "fpn.output1.0.weight")->shape.dim[2] = 3;
    fov_weights_find(&weights, "fpn.output2.0.weight")->shape.rank = -1;
    fov_weights_find(&weights, "fpn.output2.0.weight")->count = 17;
    refuse(&weights, FOV_ERR_FORMAT,
           "3 tensors do not fit RetinaFace MobileNet-0.25: 'fpn.output1.0.weight' is 64x64x3x1, needed is 64x64x1x1, "
           "'fpn.output2.0.weight' has 17 numbers, needed are 8192 (64x128x1x1), 'ssh1.conv3X3.0.weight' is missing.");
    weights = random_weights(&fov_family_retinaface_mnet025, &settings, "", 1);
    for (int i = 0; i < 9; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%d.conv1x1.bias", i < 3 ? "ClassHead" : i < 6 ? "BboxHead" : "LandmarkHead", i % 3);
        remove_weight(&weights, name);
    }
    refuse(&weights, FOV_ERR_FORMAT, "9 tensors do not fit");
    assert_non_null(strstr(err.message, ", ..."));
}

static void unknown_networks_name_what_is_known(void **state)
{
    (void)state;
    fov_weights weights = {0};
    assert_ok(fov_weights_add(&weights, "backbone.\x1b[2J", NULL, 1, zeros(1), &err));
    refuse(&weights, FOV_ERR_UNSUPPORTED, "RetinaFace ResNet-50 ('body.layer1.0.conv3.weight')");
    assert_non_null(strstr(err.message, "backbone.?[2J"));
    refuse(&weights, FOV_ERR_UNSUPPORTED, "0 tensors (none)");
}

static void harmless_tensors_are_a_warning(void **state)
{
    (void)state;
    struct fov_model *model = model_new();
    fov_weights       weights = random_weights(&fov_family_retinaface_mnet025, &model->settings, "module.", 1);
    assert_ok(fov_weights_add(&weights, "module.body.stage1.0.1.num_batches_tracked", NULL, 1, zeros(1), &err));
    assert_ok(fov_weights_add(&weights, "module.body.fc.weight", NULL, 4, zeros(4), &err));
    assert_ok(fov_weights_add(&weights, "epoch", NULL, 1, zeros(1), &err));
    assert_ok(fov_family_build(model, &weights, &err));
    assert_string_equal(model->warnings,
                        "2 tensors are not part of RetinaFace MobileNet-0.25 and were ignored: module.body.fc.weight, epoch");
    fov_weights out = {0};
    assert_ok(fov_model_weights(model, &out, &err));
    assert_null(fov_weights_find(&out, "body.stage1.0.1.num_batches_tracked"));
    fov_weights_clear(&out);
    fov_weights_clear(&weights);
    fov_model_free(model);
}

static void larger_networks_are_not_cut_down(void **state)
{
    (void)state;
    static const char *const extra[] = {"body.stage2.6.0.weight", "fpn.merge1.0.bias", "ClassHead.3.conv1x1.weight",
                                        "body.stage1.0.2.weight"};
    const fov_settings       settings = fov_settings_default();
    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++) {
        fov_weights weights = random_weights(&fov_family_retinaface_mnet025, &settings, "", 1);
        assert_ok(fov_weights_add(&weights, extra[i], NULL, 1, zeros(1), &err));
        refuse(&weights, FOV_ERR_UNSUPPORTED, extra[i]);
    }
}

static void weights_come_out_in_checkpoint_order(void **state)
{
    (void)state;
    struct fov_model  *model = built(&fov_family_retinaface_mnet025, "");
    const fov_settings settings = fov_settings_default();
    fov_weights        in = random_weights(&fov_family_retinaface_mnet025, &settings, "", 1), out = {0};
    assert_ok(fov_model_weights(model, &out, &err));
    assert_int_equal(out.count, in.count);
    assert_int_equal(out.count, 253);
    for (size_t i = 0; i < out.count; i++) {
        assert_string_equal(out.item[i].name, in.item[i].name);
        assert_memory_equal(out.item[i].data, in.item[i].data, in.item[i].count * sizeof(float));
    }
    assert_string_equal(out.item[0].name, "body.stage1.0.0.weight");
    assert_string_equal(out.item[252].name, "LandmarkHead.2.conv1x1.bias");
    fov_weights_clear(&in);
    fov_weights_clear(&out);
    fov_model_free(model);
}

/* Names with a hundred dots, each of which may be the place where a longer sequence goes on. */
static void thousands_of_strange_names_take_no_time(void **state)
{
    (void)state;
    struct fov_model *model = model_new();
    fov_weights       weights = random_weights(&fov_family_retinaface_mnet025, &model->settings, "", 1);
    for (int i = 0; i < 60000; i++) {
        char name[256];
        int  at = snprintf(name, sizeof name, "x%d", i);
        while (at < 230) at += snprintf(name + at, sizeof name - (size_t)at, ".1");
        assert_ok(fov_weights_add(&weights, name, NULL, 1, zeros(1), &err));
    }
    const double start = fov_clock_s();
    assert_ok(fov_family_build(model, &weights, &err));
    assert_true(fov_clock_s() - start < 100); /* not a speed: looked up one by one they took eight minutes; valgrind needs 30 s */
    assert_non_null(strstr(model->warnings, "60000 tensors are not part of"));
    fov_weights_clear(&weights);
    fov_model_free(model);
}

/* ---------------------------------------------------------------- models */

static void warnings_are_lines(void **state)
{
    (void)state;
    struct fov_model *model = model_new();
    assert_ok(fov_model_warn(model, &err, "first %d", 1));
    assert_ok(fov_model_warn(model, &err, "second"));
    assert_string_equal(model->warnings, "first 1\nsecond");
    fov_model_free(model);
    fov_model_free(NULL);
}

static void files_that_are_no_model_are_described(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *words;
    } file[] = {
        {"", "it is empty"},
        {"\xff\xd8\xff\xe0 JFIF", "JPEG"},
        {"<!DOCTYPE html>", "HTML"},
        {"version https://git-lfs.github.com/spec/v1", "git lfs pull"},
        {"\x01\x80zzzzzz", "01 80 7a"},
    };
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        const fov_source source = {
            .data = (const unsigned char *)file[i].bytes, .size = strlen(file[i].bytes), .name = "x.bin", .settings = ""};
        struct fov_model *model = (struct fov_model *)&err;
        assert_int_not_equal(fov_import(&source, &model, &err), FOV_OK);
        assert_null(model);
        if (!strstr(err.message, "x.bin") || !strstr(err.message, file[i].words) || !strstr(err.message, ".safetensors"))
            fail_msg("'%s' not in: %s", file[i].words, err.message);
    }
}

static void settings_are_layered(void **state)
{
    (void)state;
    const fov_source  source = {.data = NULL, .size = 0, .name = "m.pth", .settings = "leaky = 0\n"};
    struct fov_model *model = model_new();
    fov_weights       weights = random_weights(&fov_family_retinaface_mnet025, &model->settings, "", 1);
    assert_ok(fov_import_weights(&source, "leaky = 0.5\ncolor = rgb\n", &weights, model, &err));
    assert_float_equal(model->settings.leaky, 0, 0);
    assert_false(model->settings.bgr);
    assert_int_equal(count_op(model->graph, FOV_OP_LeakyRelu), 0);
    fov_model_free(model);
    fov_weights_clear(&weights);

    model = model_new();
    weights = random_weights(&fov_family_retinaface_mnet025, &model->settings, "", 1);
    assert_int_equal(fov_import_weights(&source, "slope = 1", &weights, model, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "settings inside m.pth:1"));
    fov_model_free(model);
    fov_weights_clear(&weights);
}

static void duplicates_are_refused_and_nan_is_told(void **state)
{
    (void)state;
    const fov_source  source = {.data = NULL, .size = 0, .name = "m.pth", .settings = ""};
    struct fov_model *model = model_new();
    fov_weights       weights = random_weights(&fov_family_retinaface_mnet025, &model->settings, "", 1);
    weights.item[3].data[1] = NAN;
    weights.item[9].data[0] = -INFINITY;
    assert_ok(fov_import_weights(&source, NULL, &weights, model, &err));
    assert_non_null(strstr(model->warnings, "2 tensors hold infinities or NaN"));
    assert_non_null(strstr(model->warnings, weights.item[9].name));
    fov_model_free(model);

    model = model_new();
    memcpy(weights.item[7].name, "epoch", sizeof "epoch");
    memcpy(weights.item[2].name, "epoch", sizeof "epoch");
    assert_int_equal(fov_import_weights(&source, NULL, &weights, model, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "m.pth: tensors 3 and 8 have the same name 'epoch'"));
    fov_model_free(model);
    fov_weights_clear(&weights);
}

/* ---------------------------------------------------------------- recognising a family in a graph */

/* The graph as an importer of ONNX hands it over: no family, other names. */
static void disguise(struct fov_model *model)
{
    model->family = NULL;
    model->settings = fov_settings_default();
    for (int i = 0; i < model->graph->n_value; i++) {
        char name[32];
        snprintf(name, sizeof name, "v%d", i);
        fov_free(model->graph->value[i].name);
        model->graph->value[i].name = fov_strdup(name);
        fov_free(model->graph->value[i].origin);
        model->graph->value[i].origin = model->graph->value[i].data ? fov_strdup(name) : NULL;
    }
}

static void fold(fov_graph *graph)
{
    int count = 0;
    assert_ok(fov_pass_fold_batch_norm(graph, &count, &err));
    assert_true(count > 0);
    assert_ok(fov_graph_sort(graph, &err));
    assert_ok(fov_graph_compact(graph, &err));
    assert_int_equal(count_op(graph, FOV_OP_BatchNormalization), 0);
}

static void swap_adds(fov_graph *graph)
{
    for (int i = 0; i < graph->n_node; i++) {
        fov_node *node = &graph->node[i];
        if (node->op != FOV_OP_Add) continue;
        int first = node->in[0];
        node->in[0] = node->in[1];
        node->in[1] = first;
    }
}

static void match_keeps_what_it_finds(void **state)
{
    (void)state;
    static const fov_family *const family[] = {&fov_family_retinaface_mnet025, &fov_family_retinaface_r50};
    for (size_t i = 0; i < 2; i++) {
        struct fov_model *model = built(family[i], "");
        fov_weights       before = {0}, after = {0};
        assert_ok(fov_model_weights(model, &before, &err));
        disguise(model);
        swap_adds(model->graph);
        assert_ok(fov_family_match(model, &err));
        assert_ptr_equal(model->family, family[i]);
        assert_ok(fov_model_weights(model, &after, &err));
        assert_int_equal(before.count, after.count);
        for (size_t k = 0; k < after.count; k++) {
            assert_string_equal(before.item[k].name, after.item[k].name);
            assert_memory_equal(before.item[k].data, after.item[k].data, after.item[k].count * sizeof(float));
        }
        assert_int_equal(model->graph->value[fov_graph_find(model->graph, after.item[0].name)].origin[0], 'v');
        fov_weights_clear(&before);
        fov_weights_clear(&after);
        fov_model_free(model);
    }
}

/* Largest difference of any output between two graphs on one random input. */
static float output_distance(const fov_graph *a, const fov_graph *b)
{
    const fov_shape shape = {4, {1, 3, 64, 32}};
    float          *pixels = fov_alloc_array((size_t)3 * 64 * 32, sizeof *pixels);
    test_random     r = {5};
    float           worst = 0;
    for (int i = 0; i < 3 * 64 * 32; i++) pixels[i] = test_random_float(&r, -1, 1);
    const fov_view input = fov_view_dense(FOV_F32, &shape, pixels);
    fov_view      *va, *vb;
    assert_ok(fov_graph_evaluate(a, &input, &va, &err));
    assert_ok(fov_graph_evaluate(b, &input, &vb, &err));
    assert_int_equal(a->n_output, b->n_output);
    for (int i = 0; i < a->n_output; i++) {
        const fov_view *x = &va[a->output[i]], *y = &vb[b->output[i]];
        size_t          count;
        assert_true(fov_shape_equal(&x->shape, &y->shape));
        assert_true(fov_shape_count(&x->shape, &count));
        for (size_t k = 0; k < count; k++) worst = fmaxf(worst, fabsf(((float *)x->data)[k] - ((float *)y->data)[k]));
    }
    fov_values_free(a, va);
    fov_values_free(b, vb);
    fov_free(pixels);
    return worst;
}

static void match_of_a_folded_graph_computes_the_same(void **state)
{
    (void)state;
    struct fov_model *model = built(&fov_family_retinaface_mnet025, "");
    fov_graph        *folded;
    fold(model->graph);
    assert_int_equal(parameters(model->graph), 423264);
    disguise(model);
    assert_ok(fov_graph_clone(model->graph, &folded, &err));
    assert_ok(fov_family_match(model, &err));
    assert_ptr_equal(model->family, &fov_family_retinaface_mnet025);
    assert_int_equal(count_op(model->graph, FOV_OP_BatchNormalization), 47);
    const fov_value *var = &model->graph->value[fov_graph_find(model->graph, "body.stage1.0.1.running_var")];
    assert_true(((const float *)var->data)[0] + 1e-5F == 1.0F);
    assert_true(output_distance(model->graph, folded) < 1e-4F); /* one rounding more in each layer */

    fold(model->graph); /* what an engine does: back to the very weights of the file */
    assert_true(output_distance(model->graph, folded) == 0);
    fov_graph_free(folded);
    fov_model_free(model);
}

/* Relu(Concat(a, b, c)) -> Concat(Relu(a), Relu(b), Relu(c)), as some exporters write SSH. */
static void activate_parts(fov_graph *graph)
{
    for (int i = 0, n = graph->n_node; i < n; i++) {
        const int concat = graph->node[i].op == FOV_OP_Relu ? fov_graph_producer(graph, graph->node[i].in[0]) : FOV_NONE;
        if (concat == FOV_NONE || graph->node[concat].op != FOV_OP_Concat) continue;
        for (int k = 0; k < graph->node[concat].n_in; k++) {
            char name[64];
            snprintf(name, sizeof name, "part%d_%d", i, k);
            const int in = graph->node[concat].in[k];
            const int out = fov_graph_add_value(graph, name, FOV_F32, &graph->value[in].shape, &err);
            assert_true(out >= 0 && fov_graph_add_node(graph, name, FOV_OP_Relu, &in, 1, &out, 1, &err) >= 0);
            graph->node[concat].in[k] = out;
        }
        fov_graph_replace_uses(graph, graph->node[i].out[0], graph->node[concat].out[0]);
        graph->node[i].dead = true;
    }
    assert_ok(fov_graph_sort(graph, &err));
    assert_ok(fov_graph_compact(graph, &err));
}

static void match_sees_through_activated_parts(void **state)
{
    (void)state;
    for (int folded = 0; folded < 2; folded++) {
        struct fov_model *model = built(&fov_family_retinaface_mnet025, "");
        fov_graph        *before;
        if (folded) fold(model->graph);
        disguise(model);
        activate_parts(model->graph);
        assert_int_equal(count_op(model->graph, FOV_OP_Relu), 9);
        assert_ok(fov_graph_clone(model->graph, &before, &err));
        assert_ok(fov_family_match(model, &err));
        assert_ptr_equal(model->family, &fov_family_retinaface_mnet025);
        assert_int_equal(count_op(model->graph, FOV_OP_Relu), 3);
        assert_true(output_distance(model->graph, before) < (folded ? 1e-4F : 1e-30F));
        fov_graph_free(before);
        fov_model_free(model);
    }
}

static void match_reads_the_slope(void **state)
{
    (void)state;
    struct fov_model *model = model_new();
    fov_weights       weights = random_weights(&fov_family_retinaface_mnet025, &model->settings, "", 1);
    model->settings.leaky = 0;
    assert_ok(fov_family_build(model, &weights, &err));
    fov_weights_clear(&weights);
    disguise(model);
    assert_ok(fov_family_match(model, &err));
    assert_float_equal(model->settings.leaky, 0, 0);
    assert_int_equal(count_op(model->graph, FOV_OP_LeakyRelu), 0);
    fov_model_free(model);
}

static fov_node *nth(fov_graph *graph, fov_op op, int n)
{
    for (int i = 0; i < graph->n_node; i++)
        if (graph->node[i].op == op && n-- == 0) return &graph->node[i];
    fail_msg("no such node");
    return NULL;
}

static void no_match(struct fov_model *model, const char *words)
{
    fov_graph *graph = model->graph;
    assert_int_equal(fov_family_match(model, &err), FOV_ERR_UNSUPPORTED);
    assert_ptr_equal(model->graph, graph);
    assert_null(model->family);
    if (!strstr(err.message, words) || !strstr(err.message, "closest is RetinaFace MobileNet-0.25"))
        fail_msg("'%s' not in: %s", words, err.message);
    fov_model_free(model);
}

static struct fov_model *disguised(void)
{
    struct fov_model *model = built(&fov_family_retinaface_mnet025, "");
    disguise(model);
    return model;
}

static void match_names_the_first_difference(void **state)
{
    (void)state;
    struct fov_model *model = disguised();
    assert_ok(fov_node_set_ints(nth(model->graph, FOV_OP_Conv, 0), "strides", (const int64_t[]){1, 1}, 2, &err));
    no_match(model, "Conv 'body.stage1.0.0' has strides 1 where body.stage1.0.0 has 2");

    model = disguised();
    assert_ok(fov_node_set_float(nth(model->graph, FOV_OP_LeakyRelu, 3), "alpha", 0.2F, &err));
    no_match(model, "slope 0.2");

    model = disguised();
    assert_ok(fov_node_set_float(nth(model->graph, FOV_OP_BatchNormalization, 3), "epsilon", 1e-3F, &err));
    no_match(model, "epsilon 0.001");

    model = disguised();
    nth(model->graph, FOV_OP_Relu, 1)->op = FOV_OP_Sigmoid;
    no_match(model, "Sigmoid 'ssh2.relu' stands where ssh2.relu is Relu");

    model = disguised();
    activate_parts(model->graph);
    nth(model->graph, FOV_OP_Relu, 4)->op = FOV_OP_Sigmoid;
    no_match(model, "stands where ssh2.relu is Relu");

    model = disguised();
    assert_ok(fov_node_set_string(nth(model->graph, FOV_OP_Resize, 0), "mode", "linear", &err));
    no_match(model, "Resize 'fpn.up2'");

    model = disguised();
    model->graph->n_output = 3;
    no_match(model, "it has 3 heads, the family has 9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mobilenet_has_the_published_size),
        cmocka_unit_test(resnet_has_the_published_size),
        cmocka_unit_test(slope_zero_is_relu),
        cmocka_unit_test(anchors_set_the_width_of_the_heads),
        cmocka_unit_test(other_strides_are_refused),
        cmocka_unit_test(names_come_with_and_without_prefixes),
        cmocka_unit_test(names_without_body_are_found),
        cmocka_unit_test(weights_without_shapes_need_the_count),
        cmocka_unit_test(missing_and_misshapen_tensors_are_listed_together),
        cmocka_unit_test(unknown_networks_name_what_is_known),
        cmocka_unit_test(harmless_tensors_are_a_warning),
        cmocka_unit_test(larger_networks_are_not_cut_down),
        cmocka_unit_test(weights_come_out_in_checkpoint_order),
        cmocka_unit_test(thousands_of_strange_names_take_no_time),
        cmocka_unit_test(warnings_are_lines),
        cmocka_unit_test(files_that_are_no_model_are_described),
        cmocka_unit_test(settings_are_layered),
        cmocka_unit_test(duplicates_are_refused_and_nan_is_told),
        cmocka_unit_test(match_keeps_what_it_finds),
        cmocka_unit_test(match_of_a_folded_graph_computes_the_same),
        cmocka_unit_test(match_sees_through_activated_parts),
        cmocka_unit_test(match_reads_the_slope),
        cmocka_unit_test(match_names_the_first_difference),
    };
    return cmocka_run_group_tests_name("models", tests, NULL, NULL);
}
