// SPDX-License-Identifier: MIT
/* From an FP32 graph to a typed one: where Convert nodes stand, which scales values get, and that it still means the same. */
#include "support.h"

#include "base/alloc.h"
#include "engine/engine.h"
#include "graph/op.h"
#include "quant/typed.h"

#include <math.h>
#include <string.h>

#define SHAPE(...) fov_shape_make(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})
#define NODE(op, out, ...) add_node(FOV_OP_##op, out, (const char *[]){__VA_ARGS__, NULL})

enum { SIDE = 16, PIXELS = SIDE * SIDE, MAX_NODES = 64 };

static fov_error        err;
static test_random      r = {4};
static fov_graph       *g; /* being built */
static float            picture[3 * PIXELS];
static const fov_dtype  kinds[] = {FOV_F32, FOV_BF16, FOV_F16, FOV_U8};
static fov_calibration *ranges;

/* ---------------------------------------------------------------- graphs */

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

/* Sums keep the size of what goes in. */
static void add_weights(const char *name, fov_shape shape)
{
    size_t count;
    assert_true(fov_shape_count(&shape, &count));
    const float most = sqrtf(3.0F * (float)shape.dim[0] / (float)count);
    float      *data = fov_alloc_array(count, sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = test_random_float(&r, -most, most);
    assert_true(fov_graph_add_constant(g, name, FOV_F32, &shape, data, name, &err) >= 0);
    fov_free(data);
}

/* out = ReLU(Conv(in) [+ residual]), weights "<out>.w", bias "<out>.b" */
static void add_conv(const char *out, const char *in, const char *residual, int from, int to, int size, int group)
{
    char          w[32], b[32];
    const int64_t pad = size / 2, pads[] = {pad, pad, pad, pad};
    snprintf(w, sizeof w, "%s.w", out);
    snprintf(b, sizeof b, "%s.b", out);
    add_weights(w, SHAPE(to, from / group, size, size));
    add_weights(b, SHAPE(to));
    fov_node *node = residual ? NODE(Conv, out, in, w, b, residual) : NODE(Conv, out, in, w, b);
    assert_ok(fov_node_set_ints(node, "pads", pads, 4, &err));
    assert_ok(fov_node_set_int(node, "group", group, &err));
    assert_ok(fov_node_set_float(node, "fused_slope", 0.1F, &err));
}

static void add_pool(const char *out, const char *in)
{
    fov_node *node = NODE(MaxPool, out, in);
    assert_ok(fov_node_set_ints(node, "kernel_shape", (int64_t[]){3, 3}, 2, &err));
    assert_ok(fov_node_set_ints(node, "pads", (int64_t[]){1, 1, 1, 1}, 4, &err));
}

static void add_resize(const char *out, const char *in, float scale)
{
    const fov_shape four = SHAPE(4);
    const float     scales[] = {1, 1, scale, scale};
    char            name[32];
    snprintf(name, sizeof name, "%s.scales", out);
    assert_true(fov_graph_add_constant(g, name, FOV_F32, &four, scales, NULL, &err) >= 0);
    fov_node *node = NODE(Resize, out, in, "", name);
    assert_ok(fov_node_set_string(node, "mode", "nearest", &err));
    assert_ok(fov_node_set_string(node, "coordinate_transformation_mode", "asymmetric", &err));
    assert_ok(fov_node_set_string(node, "nearest_mode", "floor", &err));
}

static void begin(void)
{
    const fov_shape shape = SHAPE(-1, 3, -1, -1);
    g = fov_graph_new();
    assert_ok(fov_graph_add_input(g, fov_graph_add_value(g, "x", FOV_F32, &shape, &err), &err));
}

static void output(const char *name)
{
    assert_ok(fov_graph_add_output(g, fov_graph_find(g, name), &err));
}

static fov_view input_view(float *data)
{
    const fov_shape shape = SHAPE(1, 3, SIDE, SIDE);
    return fov_view_dense(FOV_F32, &shape, data);
}

/* ---------------------------------------------------------------- what calibration would say */

static void add_range(const fov_view *value, const char *name)
{
    const int     channels = (int)value->shape.dim[1];
    const int64_t per = value->shape.dim[2] * value->shape.dim[3];
    const float  *data = value->data;
    fov_range    *range = fov_calibration_add(ranges, name, 0, 0, channels, &err);
    assert_non_null(range);
    range->lo = range->hi = 0;
    for (int c = 0; c < channels; c++) {
        double sum = 0;
        for (int64_t i = 0; i < per; i++, data++) {
            range->channel_lo[c] = fminf(range->channel_lo[c], *data);
            range->channel_hi[c] = fmaxf(range->channel_hi[c], *data);
            sum += (double)*data;
        }
        range->channel_mean[c] = (float)(sum / (double)per);
        range->lo = fminf(range->lo, range->channel_lo[c]);
        range->hi = fmaxf(range->hi, range->channel_hi[c]);
    }
}

/* Ranges of all values of `g` on `picture`. */
static void calibrate(void)
{
    const fov_view input = input_view(picture);
    fov_view      *values;
    assert_ok(fov_calibration_new(g, &ranges, &err));
    assert_ok(fov_graph_evaluate(g, &input, &values, &err));
    for (int i = 0; i < g->n_value; i++)
        if (fov_value_is_calibrated(g, i)) add_range(&values[i], g->value[i].name);
    fov_values_free(g, values);
}

static int paint(void **state)
{
    (void)state;
    const fov_settings s = fov_settings_default();
    for (int i = 0; i < 3 * PIXELS; i++) picture[i] = (float)test_random_int(&r, 0, 255) - s.mean[i / PIXELS];
    return 0;
}

static int forget(void **state)
{
    (void)state;
    fov_calibration_free(ranges);
    ranges = NULL;
    return 0;
}

/* ---------------------------------------------------------------- typing */

static fov_status try_types(fov_graph *graph, const fov_dtype *types)
{
    const fov_settings settings = fov_settings_default();
    const fov_typing   typing = {.node = types, .ranges = ranges, .settings = &settings};
    return fov_graph_set_types(graph, &typing, &err);
}

/* A copy of `g` whose nodes have these types. */
static fov_graph *typed(const fov_dtype *types)
{
    fov_graph *graph;
    assert_true(g->n_node <= MAX_NODES);
    assert_ok(fov_graph_clone(g, &graph, &err));
    assert_ok(try_types(graph, types));
    return graph;
}

static fov_graph *all_of(fov_dtype type)
{
    fov_dtype types[MAX_NODES];
    for (int i = 0; i < MAX_NODES; i++) types[i] = type;
    return typed(types);
}

static const fov_value *value_of(const fov_graph *graph, const char *name)
{
    const int id = fov_graph_find(graph, name);
    if (id == FOV_NONE) fail_msg("no value '%s'", name);
    return &graph->value[id];
}

static const fov_node *node_of(const fov_graph *graph, const char *out)
{
    return &graph->node[fov_graph_producer(graph, fov_graph_find(graph, out))];
}

static int count_of(const fov_graph *graph, fov_op op, int reading)
{
    int count = 0;
    for (int i = 0; i < graph->n_node; i++)
        count += graph->node[i].op == op && (reading == FOV_NONE || graph->node[i].in[0] == reading);
    return count;
}

/* What must be so in every typed graph, made of `g` with these types. */
static void check_typed(const fov_graph *graph, const fov_dtype *types)
{
    assert_int_equal(graph->value[graph->input[0]].dtype, FOV_F32);
    for (int i = 0; i < graph->n_output; i++) assert_int_equal(graph->value[graph->output[i]].dtype, FOV_F32);
    for (int i = 0; i < graph->n_value; i++) {
        const fov_dtype dtype = graph->value[i].dtype;
        assert_int_equal(graph->value[i].quant != NULL, dtype == FOV_U8 || dtype == FOV_I8);
    }
    for (int i = 0; i < g->n_node; i++) {
        const fov_node *node = node_of(graph, g->value[g->node[i].out[0]].name);
        assert_int_equal(node->op, g->node[i].op);
        if (node->op != FOV_OP_Conv) continue;
        assert_int_equal(graph->value[node->in[0]].dtype, types[i]);
        assert_int_equal(graph->value[node->in[1]].dtype, types[i] == FOV_U8 ? FOV_I8 : types[i]);
        assert_int_equal(graph->value[node->in[2]].dtype, FOV_F32);
    }
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *a = &graph->node[i];
        if (a->op != FOV_OP_Convert) continue;
        const fov_dtype to = graph->value[a->out[0]].dtype;
        assert_int_not_equal(graph->value[a->in[0]].dtype, to);
        for (int k = 0; k < i; k++) {
            const fov_node *b = &graph->node[k];
            if (b->op == FOV_OP_Convert && b->in[0] == a->in[0]) assert_int_not_equal(graph->value[b->out[0]].dtype, to);
        }
    }
}

/* Signal to noise of all outputs, in dB. */
static double snr(const fov_graph *a, const fov_graph *b, float *pixels)
{
    const fov_view input = input_view(pixels);
    fov_view      *va, *vb;
    double         signal = 0, noise = 1e-30;
    assert_ok(fov_graph_evaluate(a, &input, &va, &err));
    assert_ok(fov_graph_evaluate(b, &input, &vb, &err));
    for (int i = 0; i < a->n_output; i++) {
        const fov_view *x = &va[a->output[i]], *y = &vb[b->output[i]];
        size_t          count = 0;
        assert_true(fov_shape_equal(&x->shape, &y->shape) && fov_shape_count(&x->shape, &count));
        for (size_t k = 0; k < count; k++) {
            const double p = (double)((const float *)x->data)[k], q = (double)((const float *)y->data)[k];
            signal += p * p;
            noise += (p - q) * (p - q);
        }
    }
    fov_values_free(a, va);
    fov_values_free(b, vb);
    return 10 * log10(signal / noise);
}

/* ---------------------------------------------------------------- Convert */

/* a is read by b, c and d; c and d want the same. */
static void one_convert_for_each_type(void **state)
{
    (void)state;
    begin();
    add_conv("a", "x", NULL, 3, 8, 3, 1);
    add_conv("b", "a", NULL, 8, 4, 1, 1);
    add_conv("c", "a", NULL, 8, 4, 3, 1);
    add_conv("d", "a", NULL, 8, 8, 3, 8);
    for (const char *name = "b\0c\0d\0"; *name; name += 2) output(name);
    calibrate();
    for (int i = 0; i < 64; i++) {
        const fov_dtype a = kinds[i & 3], b = kinds[i >> 2 & 3], c = kinds[i >> 4], types[] = {a, b, c, c};
        fov_graph      *graph = typed(types);
        const int       kept = fov_graph_find(graph, "a");
        const fov_dtype stored = b == c ? b : b == FOV_U8 ? c : c == FOV_U8 ? b : FOV_F32;
        check_typed(graph, types);
        assert_int_equal(graph->value[kept].dtype, stored);
        assert_int_equal(count_of(graph, FOV_OP_Convert, fov_graph_find(graph, "x")), a != FOV_F32);
        assert_int_equal(count_of(graph, FOV_OP_Convert, kept), (b != stored) + (c != stored && c != b));
        assert_int_equal(count_of(graph, FOV_OP_Convert, FOV_NONE), (a != FOV_F32) + (b != stored) + (c != stored && c != b));
        fov_graph_free(graph);
    }
    fov_graph_free(g);
}

/* Everything that reads a value in RetinaFace: convolutions, residuals, Concat, pooling, enlarging. */
static void make_web(void)
{
    begin();
    add_conv("a", "x", NULL, 3, 8, 3, 1);
    add_conv("deep", "a", NULL, 8, 8, 3, 8);
    add_conv("wide", "deep", NULL, 8, 8, 1, 1);
    add_conv("sum", "wide", "a", 8, 8, 3, 1);
    add_pool("pool", "sum");
    add_conv("left", "pool", NULL, 8, 4, 1, 1);
    add_conv("right", "pool", NULL, 8, 6, 3, 1);
    NODE(Concat, "both", "left", "right");
    assert_ok(fov_node_set_int(&g->node[g->n_node - 1], "axis", 1, &err));
    add_resize("large", "both", 2);
    add_conv("p", "large", NULL, 10, 6, 1, 1);
    add_conv("q", "large", NULL, 10, 6, 3, 1);
    add_conv("s", "both", NULL, 10, 5, 1, 1);
    NODE(Add, "added", "sum", "wide");
    add_conv("t", "added", "deep", 8, 8, 1, 1);
    for (const char *name = "p\0q\0s\0t\0"; *name; name += 2) output(name);
    calibrate();
}

static void any_assignment_means_the_same(void **state)
{
    (void)state;
    make_web();
    for (int i = 0; i < 60; i++) {
        fov_dtype types[MAX_NODES];
        bool      bytes = false;
        for (int k = 0; k < g->n_node; k++) {
            types[k] = kinds[test_random_int(&r, 0, i % 3 ? 3 : 2)];
            bytes = bytes || types[k] == FOV_U8;
        }
        fov_graph   *graph = typed(types);
        const double clean = snr(g, graph, picture);
        check_typed(graph, types);
        if (clean < (bytes ? 24 : 40)) fail_msg("assignment %d: %.1f dB", i, clean);
        fov_graph_free(graph);
    }
    fov_graph_free(g);
}

static void each_precision_has_its_noise(void **state)
{
    (void)state;
    static const double least[] = {250, 40, 58, 28}, most[] = {INFINITY, 60, 80, 50}; /* the first: noise there is none */
    make_web();
    for (int i = 0; i < 4; i++) {
        fov_graph   *graph = all_of(kinds[i]);
        const double clean = snr(g, graph, picture);
        if (clean < least[i] || clean > most[i]) fail_msg("%s: %.1f dB", fov_dtype_name(kinds[i]), clean);
        fov_graph_free(graph);
    }
    fov_graph_free(g);
}

/* ---------------------------------------------------------------- scales */

static void depthwise_readers_get_each_channels_own_range(void **state)
{
    (void)state;
    begin();
    add_conv("a", "x", NULL, 3, 8, 3, 1);
    add_conv("own", "a", NULL, 8, 8, 3, 8);
    add_conv("balanced", "own", NULL, 8, 8, 1, 1);
    output("balanced");
    calibrate();
    fov_graph *graph = all_of(FOV_U8);
    for (int i = 0; i < 2; i++) {
        const char      *name = i ? "own" : "a";
        const fov_quant *quant = value_of(graph, name)->quant;
        const fov_range *range = fov_range_find(ranges, name);
        assert_int_equal(quant->count, 8);
        for (int c = 0; c < 8; c++) {
            const double common = (double)(range->hi - range->lo) / 255;
            const double own = (double)(range->channel_hi[c] - range->channel_lo[c]) / 255;
            const double want = i ? pow(own, 0.75) * pow(common, 0.25) : own;
            assert_true(fabs((double)quant->scale[c] / want - 1) < 1e-4);
            assert_in_range(quant->zero_point[c], 0, 255);
            const double zero = -(double)range->channel_lo[c] / own; /* what the ends share is shared as the channel needs it */
            assert_true(fabs((double)quant->zero_point[c] - zero) <= 1);
        }
    }
    fov_graph_free(graph);
    fov_graph_free(g);
}

static void a_tensorrt_cache_is_symmetric(void **state)
{
    (void)state;
    begin();
    add_conv("a", "x", NULL, 3, 8, 3, 1);
    add_conv("b", "a", NULL, 8, 8, 3, 8);
    output("b");
    assert_ok(fov_calibration_new(g, &ranges, &err));
    ranges->symmetric = true;
    fov_calibration_add(ranges, "x", -151, 151, 0, &err)->scale = 151.0F / 127;
    fov_calibration_add(ranges, "a", -3, 3, 0, &err)->scale = 0.0236F;
    fov_graph       *graph = all_of(FOV_U8);
    const fov_quant *quant = value_of(graph, "a")->quant;
    assert_int_equal(quant->count, 1);
    assert_int_equal(quant->zero_point[0], 128);
    assert_true(quant->scale[0] == 0.0236F);
    fov_graph_free(graph);
    fov_graph_free(g);
}

static void a_pixel_is_its_own_integer(void **state)
{
    (void)state;
    const fov_settings s = fov_settings_default();
    const fov_view     input = input_view(picture);
    fov_view          *values;
    begin();
    add_conv("a", "x", NULL, 3, 8, 3, 1);
    output("a");
    calibrate();
    fov_graph *graph = all_of(FOV_U8);
    assert_ok(fov_graph_evaluate(graph, &input, &values, &err));
    const uint8_t *q = values[node_of(graph, "a")->in[0]].data;
    for (int i = 0; i < 3 * PIXELS; i++) assert_int_equal(q[i], (int)lrintf(picture[i] + s.mean[i / PIXELS]));
    fov_values_free(graph, values);
    fov_graph_free(graph);
    fov_graph_free(g);
}

static void concat_keeps_the_scales_of_its_parts(void **state)
{
    (void)state;
    make_web();
    fov_graph       *graph = all_of(FOV_U8);
    const fov_quant *left = value_of(graph, "left")->quant, *right = value_of(graph, "right")->quant;
    const fov_quant *both = value_of(graph, "both")->quant, *large = value_of(graph, "large")->quant;
    const int        concat = fov_graph_producer(graph, fov_graph_find(graph, "both"));
    int64_t         *channels = fov_calloc((size_t)graph->n_value, sizeof *channels);
    fov_slice       *slice = fov_calloc((size_t)graph->n_value, sizeof *slice);
    bool            *in_place = fov_calloc((size_t)graph->n_node, sizeof *in_place);
    assert_int_equal(both->count, 10);
    assert_int_equal(large->count, 10);
    for (int c = 0; c < 10; c++) {
        const fov_quant *part = c < 4 ? left : right;
        assert_true(both->scale[c] == fov_quant_scale(part, c < 4 ? c : c - 4));
        assert_int_equal(both->zero_point[c], fov_quant_zero_point(part, c < 4 ? c : c - 4));
        assert_true(large->scale[c] == both->scale[c] && large->zero_point[c] == both->zero_point[c]);
    }
    channels[graph->node[concat].in[0]] = 4;
    channels[graph->node[concat].in[1]] = 6;
    channels[graph->node[concat].out[0]] = 10;
    fov_slices_assign(graph, channels, slice, in_place);
    assert_true(in_place[concat]); /* nothing is copied */
    fov_free(channels);
    fov_free(slice);
    fov_free(in_place);
    fov_graph_free(graph);
    fov_graph_free(g);
}

/* ---------------------------------------------------------------- biases */

/* Sum of the absolute mean errors of the channels of "b". */
static double mean_error(const fov_graph *graph)
{
    const fov_view input = input_view(picture);
    fov_view      *va, *vb;
    double         sum = 0;
    assert_ok(fov_graph_evaluate(g, &input, &va, &err));
    assert_ok(fov_graph_evaluate(graph, &input, &vb, &err));
    const float *a = va[g->output[0]].data, *b = vb[graph->output[0]].data;
    for (int c = 0; c < 16; c++) {
        double error = 0;
        for (int i = 0; i < PIXELS; i++) error += (double)(b[c * PIXELS + i] - a[c * PIXELS + i]) / PIXELS;
        sum += fabs(error);
    }
    fov_values_free(g, va);
    fov_values_free(graph, vb);
    return sum;
}

/* With one large weight in each filter the small ones round badly; inputs are positive, so that errors do not cancel. */
static void biases_take_up_what_rounding_shifted(void **state)
{
    (void)state;
    begin();
    add_conv("a", "x", NULL, 3, 32, 1, 1);
    NODE(Relu, "r", "a");
    add_conv("b", "r", NULL, 32, 16, 1, 1);
    output("b");
    float *w = g->value[fov_graph_find(g, "b.w")].data;
    for (int i = 0; i < 16 * 32; i++) w[i] = i % 32 ? w[i] / 20 : 1;
    assert_ok(fov_node_set_float(&g->node[2], "fused_slope", 1, &err));
    calibrate();
    const fov_dtype types[] = {FOV_F32, FOV_F32, FOV_U8};
    fov_graph      *corrected = typed(types);
    for (size_t i = 0; i < ranges->count; i++) {
        fov_free(ranges->range[i].channel_mean);
        ranges->range[i].channel_mean = NULL;
    }
    fov_graph   *plain = typed(types);
    const double with = mean_error(corrected), without = mean_error(plain);
    if (with * 2 > without) fail_msg("mean error %g with correction, %g without", with, without);
    fov_graph_free(corrected);
    fov_graph_free(plain);
    fov_graph_free(g);
}

/* ---------------------------------------------------------------- refusals */

static void a_missing_range_is_named(void **state)
{
    (void)state;
    begin();
    add_conv("a", "x", NULL, 3, 8, 3, 1);
    add_conv("b", "a", NULL, 8, 8, 3, 1);
    output("b");
    assert_ok(fov_calibration_new(g, &ranges, &err));
    assert_int_equal(try_types(g, (const fov_dtype[]){FOV_U8, FOV_U8}), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "no range for 'a'"));
    fov_graph_free(g);
}

static void weights_beyond_fp16_are_refused(void **state)
{
    (void)state;
    begin();
    add_conv("a", "x", NULL, 3, 8, 3, 1);
    output("a");
    float *w = g->value[fov_graph_find(g, "a.w")].data;
    w[5] = nextafterf(65520, 0); /* rounds to 65504 */
    fov_graph *graph = all_of(FOV_F16);
    fov_graph_free(graph);
    w[7] = -65520;
    w[9] = 1e9F;
    fov_graph_free(all_of(FOV_BF16));
    assert_int_equal(try_types(g, (const fov_dtype[]){FOV_F16}), FOV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "layer 'a': 2 weights of 'a.w' are beyond 65504"));
    assert_non_null(strstr(err.message, "--repair"));
    fov_graph_free(g);
}

/* 66311 products of 255 and 127 fit 32 bits, 66312 do not. */
static void sums_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_true(66311LL * 255 * 127 <= INT32_MAX && 66312LL * 255 * 127 > INT32_MAX);
    for (int products = 66311; products <= 66312; products++) {
        begin();
        add_conv("a", "x", NULL, 3, products, 1, 1);
        add_conv("b", "a", NULL, products, 1, 1, 1);
        output("b");
        assert_ok(fov_calibration_new(g, &ranges, &err));
        assert_non_null(fov_calibration_add(ranges, "a", -1, 1, 0, &err));
        assert_int_equal(fov_node_fits_int8(g, &g->node[1]), products == 66311);
        const fov_status st = try_types(g, (const fov_dtype[]){FOV_F32, FOV_U8});
        assert_int_equal(st, products == 66311 ? FOV_OK : FOV_ERR_UNSUPPORTED);
        if (st) assert_non_null(strstr(err.message, "layer 'b' sums 66312 products"));
        fov_graph_free(g);
        forget(NULL);
    }
}

/* ---------------------------------------------------------------- backends */

/* A chain of layers of any kind, of any width. */
static void make_random(void)
{
    char name[2][16] = {"x", "first"};
    int  from = 3, to;
    begin();
    for (int i = 0; i < 6; i++) {
        const int kind = i ? test_random_int(&r, 0, 5) : 0, now = i & 1, before = !now;
        snprintf(name[before], sizeof name[0], "v%d", i);
        to = kind ? from : test_random_int(&r, 1, 40);
        if (kind == 0) add_conv(name[before], name[now], NULL, from, to, test_random_int(&r, 0, 1) ? 3 : 1, 1);
        else if (kind == 1) add_conv(name[before], name[now], NULL, from, to, 3, from);
        else if (kind == 2) add_conv(name[before], name[now], name[now], from, to, 1, 1);
        else if (kind == 3) add_pool(name[before], name[now]);
        else if (kind == 4) NODE(Relu, name[before], name[now]);
        else NODE(Add, name[before], name[now], name[now]);
        from = to;
    }
    add_conv("last", "v5", NULL, from, 7, 3, 1);
    output("last");
    calibrate();
}

static void run_engine(fov_graph *graph, const char *backend, float *out, size_t count)
{
    const fov_settings settings = fov_settings_default();
    fov_engine        *engine;
    fov_plan          *plan;
    fov_pool          *pool;
    assert_ok(fov_engine_from_graph(graph, &settings, backend, 0, false, &engine, &err));
    assert_ok(fov_plan_new(engine, 1, SIDE, SIDE, 2, true, &plan, &err));
    assert_ok(fov_pool_new(2, &pool, &err));
    unsigned char *arena = fov_alloc_aligned(plan->arena_bytes);
    assert_non_null(arena);
    fov_plan_bind(plan, arena);
    const fov_view input = input_view(picture);
    fov_view_store_f32(&input, fov_plan_input(plan));
    assert_ok(fov_plan_run(plan, pool, &err));
    const fov_view *y = fov_plan_output(plan, 0);
    fov_view        dense = fov_view_dense(FOV_F32, &y->shape, out);
    size_t          n;
    assert_true(fov_shape_count(&y->shape, &n) && n == count);
    fov_view_load_f32(y, &dense);
    fov_free_aligned(arena);
    fov_pool_free(pool);
    fov_plan_free(plan);
    fov_engine_free(engine);
}

static void backends_agree_to_the_bit_in_int8(void **state)
{
    (void)state;
    enum { COUNT = 7 * PIXELS, LEVELS = 9 };
    static const char *const levels[LEVELS] = {"generic",    "avx2",       "avxvnni", "avx512", "avx512vnni",
                                               "avx512bf16", "avx512fp16", "amx",     NULL};
    static float             want[COUNT], got[COUNT];
    for (int i = 0; i < 20; i++) {
        make_random();
        fov_graph   *graph = all_of(FOV_U8), *copy;
        const double clean = snr(g, graph, picture);
        if (clean < 15) fail_msg("graph %d: %.1f dB", i, clean);
        assert_ok(fov_graph_clone(graph, &copy, &err));
        run_engine(copy, "reference", want, COUNT);
        for (int k = 0; k < LEVELS; k++) {
            assert_ok(fov_cpu_limit(levels[k], &err));
            assert_ok(fov_graph_clone(graph, &copy, &err));
            run_engine(copy, "cpu", got, COUNT);
            for (int p = 0; p < COUNT; p++)
                if (memcmp(&want[p], &got[p], sizeof *got))
                    fail_msg("graph %d, %s, element %d: %.9g, by definition %.9g", i, levels[k] ? levels[k] : "all", p,
                             (double)got[p], (double)want[p]);
        }
        fov_graph_free(graph);
        fov_graph_free(g);
        forget(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_convert_for_each_type, forget),
        cmocka_unit_test_teardown(any_assignment_means_the_same, forget),
        cmocka_unit_test_teardown(each_precision_has_its_noise, forget),
        cmocka_unit_test_teardown(depthwise_readers_get_each_channels_own_range, forget),
        cmocka_unit_test_teardown(a_tensorrt_cache_is_symmetric, forget),
        cmocka_unit_test_teardown(a_pixel_is_its_own_integer, forget),
        cmocka_unit_test_teardown(concat_keeps_the_scales_of_its_parts, forget),
        cmocka_unit_test_teardown(biases_take_up_what_rounding_shifted, forget),
        cmocka_unit_test_teardown(a_missing_range_is_named, forget),
        cmocka_unit_test_teardown(weights_beyond_fp16_are_refused, forget),
        cmocka_unit_test_teardown(sums_that_overflow_are_refused, forget),
        cmocka_unit_test_teardown(backends_agree_to_the_bit_in_int8, forget),
    };
    return cmocka_run_group_tests_name("typed", tests, paint, NULL);
}
