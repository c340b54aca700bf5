// SPDX-License-Identifier: MIT
/* Passes: graph text before and after, and the same numbers. The bound on the numbers is derived, not guessed: definitions
 * sum in double and round once a node, and a pass rounds weight and bias once, so with T roundings on the way an output
 * differs by at most T * 2^-24 * S, where S is the output of the network of absolute values. */
#include "support.h"

#include "base/alloc.h"
#include "graph/op.h"
#include "graph/passes.h"

#include <math.h>
#include <string.h>

#define SHAPE(...) fov_shape_make(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})
#define NODE(op, out, ...) add_node(FOV_OP_##op, out, (const char *[]){__VA_ARGS__, NULL})

static fov_graph  *g;
static fov_error   err;
static test_random r;

/* ---------------------------------------------------------------- building; "" as an input: left out */

static int setup(void **state)
{
    (void)state;
    g = fov_graph_new();
    r.state = 7;
    return g ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    fov_graph_free(g);
    return 0;
}

static void add_input(const char *name, int64_t n, int64_t c, int64_t h, int64_t w)
{
    fov_shape shape = SHAPE(n, c, h, w);
    assert_ok(fov_graph_add_input(g, fov_graph_add_value(g, name, FOV_F32, &shape, &err), &err));
}

/** A constant of random numbers between low and high; its origin is "file:<name>". */
static void add_random(const char *name, fov_shape shape, float low, float high)
{
    float  data[4096];
    char   origin[64];
    size_t count;
    assert_true(fov_shape_count(&shape, &count));
    assert_true(count <= 4096);
    for (size_t i = 0; i < count; i++) data[i] = test_random_float(&r, low, high);
    snprintf(origin, sizeof origin, "file:%s", name);
    assert_true(fov_graph_add_constant(g, name, FOV_F32, &shape, data, origin, &err) >= 0);
}

static void add_floats(const char *name, const float *data, int64_t count)
{
    fov_shape shape = SHAPE(count);
    assert_true(fov_graph_add_constant(g, name, FOV_F32, &shape, data, NULL, &err) >= 0);
}

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

static void add_output(const char *name)
{
    assert_ok(fov_graph_add_output(g, fov_graph_find(g, name), &err));
}

/** out = Conv(in) with a `size` x `size` kernel that keeps height and width; weight "<out>.w". */
static fov_node *add_conv(const char *out, const char *in, int64_t from, int64_t to, int64_t size)
{
    char    w[32];
    int64_t pad = size / 2, pads[] = {pad, pad, pad, pad};
    snprintf(w, sizeof w, "%s.w", out);
    add_random(w, SHAPE(to, from, size, size), -1, 1);
    fov_node *node = NODE(Conv, out, in, w);
    assert_ok(fov_node_set_ints(node, "pads", pads, 4, &err));
    return node;
}

static void add_norm(const char *out, const char *in, int64_t channels)
{
    static const char *const part[] = {"g", "b", "m", "v"};
    char                     name[4][32];
    for (int i = 0; i < 4; i++) {
        snprintf(name[i], sizeof name[i], "%s.%s", out, part[i]);
        add_random(name[i], SHAPE(channels), i == 3 ? 0.1F : -1, i == 3 ? 2 : 1);
    }
    NODE(BatchNormalization, out, in, name[0], name[1], name[2], name[3]);
}

static void add_leaky(const char *out, const char *in, float alpha)
{
    assert_ok(fov_node_set_float(NODE(LeakyRelu, out, in), "alpha", alpha, &err));
}

static void along_channels(fov_node *concat)
{
    assert_ok(fov_node_set_int(concat, "axis", 1, &err));
}

static fov_node *add_resize(const char *out, const char *in, float scale, const char *coordinates, const char *nearest)
{
    char scales[32];
    snprintf(scales, sizeof scales, "%s.s", out);
    add_floats(scales, (float[]){1, 1, scale, scale}, 4);
    fov_node *node = NODE(Resize, out, in, "", scales);
    assert_ok(fov_node_set_string(node, "coordinate_transformation_mode", coordinates, &err));
    assert_ok(fov_node_set_string(node, "nearest_mode", nearest, &err));
    return node;
}

/* ---------------------------------------------------------------- comparing */

static void check_dump(const char *expected)
{
    char *text = fov_graph_dump(g);
    assert_string_equal(text, expected);
    fov_free(text);
}

/** The network whose every product and sum is that of absolute values; `before` has the norms still. */
static fov_graph *absolute(const fov_graph *before)
{
    fov_graph *copy;
    assert_ok(fov_graph_clone(before, &copy, &err));
    for (int i = 0; i < copy->n_value; i++) {
        size_t count = 0;
        fov_shape_count(&copy->value[i].shape, &count);
        for (size_t k = 0; copy->value[i].data && k < count; k++)
            ((float *)copy->value[i].data)[k] = fabsf(((float *)copy->value[i].data)[k]);
    }
    for (int i = 0; i < copy->n_node; i++) { /* the mean is subtracted */
        if (copy->node[i].op != FOV_OP_BatchNormalization) continue;
        fov_value *mean = &copy->value[copy->node[i].in[3]];
        for (int64_t k = 0; k < mean->shape.dim[0]; k++) ((float *)mean->data)[k] *= -1;
    }
    return copy;
}

static int count_nodes(const fov_graph *graph)
{
    int count = 0;
    for (int i = 0; i < graph->n_node; i++) count += !graph->node[i].dead;
    return count;
}

static float *random_input(const fov_graph *graph, fov_view *view, bool positive)
{
    size_t               count;
    test_random          same = {99};
    fov_shape            shape = graph->value[graph->input[0]].shape;
    static const int64_t closed[] = {1, 3, 8, 12};
    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] < 0) shape.dim[i] = closed[i];
    assert_true(fov_shape_count(&shape, &count));
    float *data = fov_alloc_array(count, sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = test_random_float(&same, -1, 1);
    for (size_t i = 0; i < count && positive; i++) data[i] = fabsf(data[i]);
    *view = fov_view_dense(FOV_F32, &shape, data);
    return data;
}

static fov_view *evaluate(const fov_graph *graph, bool positive)
{
    fov_view input, *values;
    float   *data = random_input(graph, &input, positive);
    assert_int_equal(graph->n_input, 1);
    assert_ok(fov_graph_evaluate(graph, &input, &values, &err));
    for (int i = 0; i < graph->n_output; i++) /* an output may be the input itself; nothing here tests that */
        assert_true(graph->output[i] != graph->input[0]);
    fov_free(data);
    return values;
}

static void check_same_numbers(const fov_graph *before, const fov_graph *after)
{
    fov_graph *bound = absolute(before);
    fov_view  *a = evaluate(before, false), *b = evaluate(after, false), *s = evaluate(bound, true);
    double     roundings = count_nodes(before) + 3 * count_nodes(after);
    assert_int_equal(before->n_output, after->n_output);
    for (int i = 0; i < before->n_output; i++) {
        const fov_view *x = &a[before->output[i]], *y = &b[after->output[i]], *m = &s[before->output[i]];
        size_t          count;
        assert_true(fov_shape_equal(&x->shape, &y->shape));
        assert_true(fov_shape_count(&x->shape, &count) && count > 0);
        for (size_t k = 0; k < count; k++) {
            double u = (double)((float *)x->data)[k], v = (double)((float *)y->data)[k];
            double allowed = roundings * 0x1p-24 * (double)((float *)m->data)[k];
            if (!(fabs(u - v) <= allowed)) fail_msg("output %d, element %zu: %.9g became %.9g, allowed %.3g", i, k, u, v, allowed);
        }
    }
    fov_values_free(before, a);
    fov_values_free(after, b);
    fov_values_free(bound, s);
    fov_graph_free(bound);
}

/** Run one pass: how often it should fire, what should come out, and that the numbers stay. */
static void check_pass(fov_pass *pass, int fires, const char *expected)
{
    fov_graph *before;
    int        count = 0;
    assert_ok(fov_graph_clone(g, &before, &err));
    assert_ok(pass(g, &count, &err));
    assert_ok(fov_graph_sort(g, &err));
    check_dump(expected);
    assert_int_equal(count, fires);
    check_same_numbers(before, g);
    fov_graph_free(before);
}

/** The pass must leave this graph alone. */
static void check_unchanged(fov_pass *pass)
{
    char *before = fov_graph_dump(g);
    int   count = 0;
    assert_ok(pass(g, &count, &err));
    assert_int_equal(count, 0);
    check_dump(before);
    fov_free(before);
}

/* ---------------------------------------------------------------- drop_identity, drop_dead */

static void drop_identity(void **state)
{
    (void)state;
    add_input("x", 1, 2, 3, 3);
    NODE(Relu, "a", "x");
    NODE(Identity, "b", "a");
    NODE(Dropout, "c", "b");
    NODE(Relu, "y", "c");
    add_output("y");
    add_output("b");
    check_pass(fov_pass_drop_identity, 2, "input x\na = Relu(x)\ny = Relu(a)\noutput y, a\n");
}

static void drop_identity_keeps_masks(void **state)
{
    (void)state;
    add_input("x", 1, 2, 3, 3);
    int out[] = {fov_graph_add_value(g, "y", FOV_F32, NULL, &err), fov_graph_add_value(g, "mask", FOV_BOOL, NULL, &err)};
    assert_int_equal(fov_graph_add_node(g, "d", FOV_OP_Dropout, (int[]){0}, 1, out, 2, &err), 0);
    add_output("y");
    add_output("mask");
    check_unchanged(fov_pass_drop_identity);
    g->n_output = 1; /* nobody reads the mask any more */
    int count = 0;
    assert_ok(fov_pass_drop_identity(g, &count, &err));
    assert_int_equal(count, 1);
    check_dump("input x\noutput x\n");
}

static void drop_dead(void **state)
{
    (void)state;
    add_input("x", 1, 2, 3, 3);
    NODE(Relu, "a", "x");
    NODE(Exp, "b", "a");
    NODE(Exp, "c", "b");
    add_output("a");
    check_pass(fov_pass_drop_dead, 2, "input x\na = Relu(x)\noutput a\n");
}

/* ---------------------------------------------------------------- fold_batch_norm */

static const char *origin_of(const char *value)
{
    int id = fov_graph_find(g, value);
    assert_true(id >= 0);
    return g->value[id].origin;
}

static void fold_batch_norm(void **state)
{
    (void)state;
    add_input("x", 2, 3, 4, 5);
    add_conv("a", "x", 3, 4, 3);
    add_norm("y", "a", 4);
    add_output("y");
    check_pass(fov_pass_fold_batch_norm, 1, "input x\ny = Conv(x, a.w.folded[4x3x3x3], y.b.folded[4]) {pads=1,1,1,1}\noutput y\n");
    assert_string_equal(origin_of("a.w.folded"), "file:a.w, file:y.g, file:y.v");
    assert_string_equal(origin_of("y.b.folded"), "file:y.g, file:y.b, file:y.m, file:y.v");
    assert_null(g->value[fov_graph_find(g, "a.w")].data); /* nobody reads it any more */
}

static void fold_batch_norm_with_bias_and_groups(void **state)
{
    (void)state;
    add_input("x", 1, 4, 3, 3);
    add_random("w", SHAPE(4, 1, 3, 3), -1, 1);
    add_random("b", SHAPE(4), -1, 1);
    assert_ok(fov_node_set_int(NODE(Conv, "a", "x", "w", "b"), "group", 4, &err));
    add_norm("y", "a", 4);
    add_output("y");
    check_pass(fov_pass_fold_batch_norm, 1, "input x\ny = Conv(x, w.folded[4x1x3x3], b.folded[4]) {group=4}\noutput y\n");
    assert_string_equal(origin_of("b.folded"), "file:b, file:y.g, file:y.b, file:y.m, file:y.v");
}

static void fold_batch_norm_of_a_shared_weight(void **state)
{
    (void)state;
    add_input("x", 1, 2, 3, 3);
    add_conv("a", "x", 2, 2, 1);
    NODE(Conv, "c", "x", "a.w");
    add_norm("y", "a", 2);
    add_norm("z", "c", 2);
    add_output("y");
    add_output("z");
    check_pass(fov_pass_fold_batch_norm, 2,
               "input x\ny = Conv(x, a.w.folded[2x2x1x1], y.b.folded[2]) {pads=0,0,0,0}\n"
               "z = Conv(x, a.w.folded_2[2x2x1x1], z.b.folded[2])\noutput y, z\n");
}

static void fold_batch_norm_keeps_away(void **state)
{
    (void)state;
    add_input("x", 1, 2, 3, 3);
    add_conv("a", "x", 2, 2, 1); /* read twice */
    add_norm("b", "a", 2);
    NODE(Relu, "c", "a");
    add_conv("d", "x", 2, 2, 1); /* an output of the graph */
    add_norm("e", "d", 2);
    NODE(Conv, "f", "x", "b"); /* a computed weight */
    add_norm("h", "f", 1);
    add_conv("i", "x", 2, 2, 1); /* a variance that makes it infinite */
    add_norm("j", "i", 2);
    ((float *)g->value[fov_graph_find(g, "j.v")].data)[1] = -1;
    assert_ok(fov_node_set_float(add_conv("k", "x", 2, 2, 1), "fused_slope", 0, &err));
    add_norm("l", "k", 2);
    add_output("d");
    check_unchanged(fov_pass_fold_batch_norm);
}

/* ---------------------------------------------------------------- activations */

static void fuse_activation(void **state)
{
    (void)state;
    add_input("x", 1, 2, 4, 4);
    add_conv("a", "x", 2, 2, 3);
    add_leaky("b", "a", 0.25F);
    add_conv("c", "b", 2, 2, 1);
    NODE(Relu, "y", "c");
    add_output("y");
    check_pass(fov_pass_fuse_activation, 2,
               "input x\nb = Conv(x, a.w[2x2x3x3]) {pads=1,1,1,1 fused_slope=0.25}\n"
               "y = Conv(b, c.w[2x2x1x1]) {pads=0,0,0,0 fused_slope=0}\noutput y\n");
}

static void fuse_activation_keeps_away(void **state)
{
    (void)state;
    add_input("x", 1, 2, 4, 4);
    add_conv("a", "x", 2, 2, 1); /* read twice */
    NODE(Relu, "b", "a");
    NODE(Add, "c", "a", "b");
    fov_node *conv = add_conv("d", "x", 2, 2, 1); /* activated already */
    assert_ok(fov_node_set_float(conv, "fused_slope", 0.5F, &err));
    NODE(Relu, "e", "d");
    add_conv("f", "x", 2, 2, 1); /* residual after its activation */
    conv = NODE(Conv, "h", "x", "f.w", "", "f");
    assert_ok(fov_node_set_string(conv, "fused_residual", "after", &err));
    NODE(Relu, "i", "h");
    NODE(Relu, "j", "x");
    add_output("i");
    check_unchanged(fov_pass_fuse_activation);
}

static void push_activation(void **state)
{
    (void)state;
    add_input("x", 1, 2, 4, 4);
    add_conv("a", "x", 2, 2, 3);
    add_conv("b", "x", 2, 1, 1);
    along_channels(NODE(Concat, "c", "a", "b"));
    add_leaky("y", "c", 0.5F);
    add_output("y");
    check_pass(fov_pass_push_activation, 1,
               "input x\na = Conv(x, a.w[2x2x3x3]) {pads=1,1,1,1}\nb = Conv(x, b.w[1x2x1x1]) {pads=0,0,0,0}\n"
               "a.act = LeakyRelu(a) {alpha=0.5}\nb.act = LeakyRelu(b) {alpha=0.5}\ny = Concat(a.act, b.act) {axis=1}\noutput y\n");
}

static void push_activation_keeps_away(void **state)
{
    (void)state;
    add_input("x", 1, 2, 4, 4);
    add_conv("a", "x", 2, 2, 3);
    add_conv("b", "x", 2, 2, 1);
    add_conv("c", "x", 2, 2, 1);
    along_channels(NODE(Concat, "d", "a", "x")); /* x is no Conv's */
    NODE(Relu, "e", "d");
    along_channels(NODE(Concat, "f", "b", "b")); /* b is read twice */
    NODE(Relu, "h", "f");
    along_channels(NODE(Concat, "i", "c")); /* i is read twice */
    NODE(Relu, "j", "i");
    NODE(Exp, "k", "i");
    add_output("k");
    check_unchanged(fov_pass_push_activation);
}

/* ---------------------------------------------------------------- fuse_residual */

static void fuse_residual_resnet(void **state)
{
    (void)state;
    add_input("x", 1, 2, -1, -1); /* both sides of the Add are Convs: the later takes it */
    add_conv("a", "x", 2, 3, 3);
    add_conv("b", "x", 2, 3, 1);
    NODE(Add, "c", "a", "b");
    NODE(Relu, "d", "c");
    add_conv("e", "d", 3, 3, 3); /* identity shortcut */
    NODE(Add, "f", "e", "d");
    NODE(Relu, "y", "f");
    add_output("y");
    check_pass(fov_pass_fuse_residual, 2,
               "input x\na = Conv(x, a.w[3x2x3x3]) {pads=1,1,1,1}\n"
               "d = Conv(x, b.w[3x2x1x1], -, a) {pads=0,0,0,0 fused_residual=before fused_slope=0}\n"
               "y = Conv(d, e.w[3x3x3x3], -, d) {pads=1,1,1,1 fused_residual=before fused_slope=0}\noutput y\n");
}

static void fuse_residual_plain(void **state)
{
    (void)state;
    add_input("x", 1, 2, -1, -1);
    add_conv("a", "x", 2, 2, 3);
    NODE(Add, "b", "x", "a"); /* no activation, Conv on the right */
    assert_ok(fov_node_set_float(add_conv("c", "b", 2, 2, 1), "fused_slope", 0.5F, &err));
    NODE(Add, "d", "c", "b"); /* activated before */
    NODE(Relu, "y", "d");     /* so this one stays */
    add_output("y");
    check_pass(fov_pass_fuse_residual, 2,
               "input x\nb = Conv(x, a.w[2x2x3x3], -, x) {pads=1,1,1,1 fused_residual=before}\n"
               "d = Conv(b, c.w[2x2x1x1], -, b) {pads=0,0,0,0 fused_slope=0.5 fused_residual=after fused_residual_scale=1}\n"
               "y = Relu(d)\noutput y\n");
}

/** y = LeakyRelu(lateral(x)) + Resize(top), where top has half the size; the lateral Conv comes first. */
static void build_pyramid(float scale, const char *coordinates, const char *nearest)
{
    add_input("x", 1, 2, -1, -1);
    assert_ok(fov_node_set_float(add_conv("l", "x", 2, 3, 1), "fused_slope", 0.5F, &err));
    assert_ok(fov_node_set_ints(add_conv("t", "x", 2, 3, 1), "strides", (int64_t[]){(int64_t)scale, (int64_t)scale}, 2, &err));
    add_resize("u", "t", scale, coordinates, nearest);
    NODE(Add, "y", "l", "u");
    NODE(Exp, "z", "t");
    add_output("y");
    add_output("z");
}

static void fuse_residual_pyramid(void **state)
{
    (void)state;
    build_pyramid(2, "half_pixel", "round_prefer_floor");
    check_pass(fov_pass_fuse_residual, 1,
               "input x\nt = Conv(x, t.w[3x2x1x1]) {pads=0,0,0,0 strides=2,2}\n"
               "y = Conv(x, l.w[3x2x1x1], -, t) {pads=0,0,0,0 fused_slope=0.5 fused_residual=after fused_residual_scale=2}\n"
               "u = Resize(t, -, u.s[4]) {coordinate_transformation_mode=half_pixel nearest_mode=round_prefer_floor}\nz = Exp(t)\n"
               "output y, z\n");
}

/** Every sampling that the pass takes for replication must be it, and replication must be found. */
static void fuse_residual_samplings(void **state)
{
    static const char *const coordinates[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"};
    static const char *const nearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    int                      fused = 0;
    for (int i = 0; i < 32; i++) {
        fov_graph *before;
        int        count = 0, scale = i < 16 ? 2 : 4;
        build_pyramid((float)scale, coordinates[i / 4 % 4], nearest[i % 4]);
        assert_ok(fov_graph_clone(g, &before, &err));
        assert_ok(fov_pass_fuse_residual(g, &count, &err));
        assert_ok(fov_graph_sort(g, &err));
        assert_int_equal(count, 1); /* at least the Add itself, with the Resize in front */
        for (int n = 0; n < g->n_node; n++) fused += fov_node_int(&g->node[n], "fused_residual_scale", 1) == scale;
        check_same_numbers(before, g);
        fov_graph_free(before);
        fov_graph_free(g);
        setup(state);
    }
    assert_int_equal(fused, 10); /* two scales, times half_pixel x 2, pytorch_half_pixel x 2, asymmetric x floor */
}

static void fuse_residual_unknown_scales(void **state)
{
    (void)state;
    add_input("x", 1, 2, -1, -1);
    assert_ok(fov_node_set_float(add_conv("l", "x", 2, 3, 1), "fused_slope", 0.5F, &err));
    add_conv("t", "x", 2, 3, 1);
    add_floats("one", (float[]){1, 1, 1, 1}, 4);
    NODE(Exp, "s", "one"); /* e: not the constant that the pass could read */
    NODE(Div, "s1", "s", "s");
    NODE(Resize, "u", "t", "", "s1");
    NODE(Add, "y", "l", "u");
    add_output("y");
    int count = 0;
    assert_ok(fov_pass_fuse_residual(g, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(fov_graph_producer(g, fov_graph_find(g, "y")), 0);
    assert_int_equal(g->node[0].in[3], fov_graph_find(g, "u"));
}

static void fuse_residual_keeps_away(void **state)
{
    (void)state;
    add_input("x", 1, 2, -1, -1);
    add_conv("a", "x", 2, 2, 1); /* broadcast over channels */
    add_conv("b", "x", 2, 1, 1);
    NODE(Relu, "b1", "b");
    NODE(Add, "c", "a", "b1");
    add_conv("d", "x", 2, 2, 1); /* a constant of one pixel */
    add_random("k", SHAPE(1, 2, 1, 1), -1, 1);
    NODE(Add, "e", "d", "k");
    add_conv("f", "x", 2, 2, 1); /* added to itself */
    NODE(Add, "h", "f", "f");
    NODE(Add, "i", "x", "h"); /* no Conv at all */
    add_output("c");
    add_output("e");
    add_output("i");
    check_unchanged(fov_pass_fuse_residual);
}

static void fuse_residual_without_shapes(void **state)
{
    (void)state;
    fov_shape unknown = {.rank = -1};
    int       x = fov_graph_add_value(g, "x", FOV_F32, &unknown, &err);
    assert_ok(fov_graph_add_input(g, x, &err));
    add_conv("a", "x", 2, 2, 1);
    NODE(Add, "y", "a", "x");
    add_output("y");
    check_unchanged(fov_pass_fuse_residual);
}

/* ---------------------------------------------------------------- all of them */

static void optimize(void **state)
{
    (void)state;
    fov_graph     *before;
    fov_pass_count counts[FOV_PASS_COUNT];
    add_input("x", -1, 3, -1, -1);
    add_conv("c1", "x", 3, 4, 3);
    add_norm("n1", "c1", 4);
    add_leaky("a1", "n1", 0.25F);
    assert_ok(fov_node_set_ints(add_conv("c2", "a1", 4, 4, 3), "strides", (int64_t[]){2, 2}, 2, &err));
    add_norm("n2", "c2", 4);
    NODE(Identity, "i2", "n2");
    NODE(Relu, "a2", "i2");
    add_conv("c3", "a1", 4, 4, 1); /* pyramid */
    add_norm("n3", "c3", 4);
    add_leaky("a3", "n3", 0.5F);
    add_resize("u", "a2", 2, "asymmetric", "floor");
    NODE(Add, "p", "a3", "u");
    add_conv("h1", "p", 4, 2, 3); /* head */
    add_norm("m1", "h1", 2);
    add_conv("h2", "p", 4, 2, 1);
    add_norm("m2", "h2", 2);
    along_channels(NODE(Concat, "cat", "m1", "m2"));
    NODE(Relu, "y", "cat");
    NODE(Exp, "unused", "y");
    add_output("y");
    assert_ok(fov_graph_clone(g, &before, &err));
    assert_ok(fov_graph_optimize(g, counts, &err));
    check_dump("input x\n"
               "a1 = Conv(x, c1.w.folded[4x3x3x3], n1.b.folded[4]) {pads=1,1,1,1 fused_slope=0.25}\n"
               "a2 = Conv(a1, c2.w.folded[4x4x3x3], n2.b.folded[4]) {pads=1,1,1,1 strides=2,2 fused_slope=0}\n"
               "p = Conv(a1, c3.w.folded[4x4x1x1], n3.b.folded[4], a2) {pads=0,0,0,0 fused_slope=0.5 fused_residual=after "
               "fused_residual_scale=2}\n"
               "m1.act = Conv(p, h1.w.folded[2x4x3x3], m1.b.folded[2]) {pads=1,1,1,1 fused_slope=0}\n"
               "m2.act = Conv(p, h2.w.folded[2x4x1x1], m2.b.folded[2]) {pads=0,0,0,0 fused_slope=0}\n"
               "y = Concat(m1.act, m2.act) {axis=1}\noutput y\n");
    static const int fired[FOV_PASS_COUNT] = {
        [FOV_PASS_INDEX_drop_identity] = 1,   [FOV_PASS_INDEX_fold_batch_norm] = 5, [FOV_PASS_INDEX_push_activation] = 1,
        [FOV_PASS_INDEX_fuse_activation] = 5, [FOV_PASS_INDEX_fuse_residual] = 1,   [FOV_PASS_INDEX_drop_dead] = 2};
    for (int i = 0; i < FOV_PASS_COUNT; i++) {
        if (counts[i].count != fired[i]) fail_msg("%s fired %d times, expected %d", counts[i].name, counts[i].count, fired[i]);
    }
    assert_int_equal(g->n_value, 1 + 6 + 10); /* input, results, weights and biases: what was folded away is gone */
    check_same_numbers(before, g);
    fov_graph_free(before);
}

static void name_of(char *name, int i)
{
    snprintf(name, 16, "v%d", i);
}

/** Two channels throughout, so that any value may feed any node. */
static void build_random(void)
{
    int n = test_random_int(&r, 3, 14);
    add_input("v0", 1, 2, -1, -1);
    for (int i = 1; i <= n; i++) {
        char out[16], a[16], b[16];
        name_of(out, i);
        name_of(a, test_random_int(&r, i > 2 ? i - 2 : 0, i - 1));
        name_of(b, test_random_int(&r, 0, i - 1));
        switch (test_random_int(&r, 0, 9)) {
        case 0:
        case 1:
        case 2:
        case 3:
            add_conv(out, a, 2, 2, test_random_int(&r, 0, 1) ? 3 : 1);
            break;
        case 4:
            add_norm(out, a, 2);
            break;
        case 5:
            NODE(Relu, out, a);
            break;
        case 6:
            add_leaky(out, a, 0.125F);
            break;
        case 7:
            NODE(Identity, out, a);
            break;
        default:
            NODE(Add, out, a, b);
            break;
        }
    }
    char last[16];
    name_of(last, n);
    add_output(last);
    name_of(last, test_random_int(&r, 1, n));
    add_output(last);
}

static bool passes_input_through(void)
{
    for (int i = 0; i < g->n_output; i++)
        if (g->output[i] == g->input[0]) return true;
    return false;
}

static void optimize_random_graphs(void **state)
{
    uint64_t seed = 1;
    int      shrunk = 0;
    for (int i = 0; i < 400; i++) {
        fov_graph *before;
        r.state = seed++;
        build_random();
        assert_ok(fov_graph_clone(g, &before, &err));
        assert_ok(fov_graph_optimize(g, NULL, &err));
        shrunk += g->n_node < before->n_node;
        if (!passes_input_through()) check_same_numbers(before, g);
        fov_graph_free(before);
        fov_graph_free(g);
        setup(state);
    }
    assert_true(shrunk > 300);
}

static void optimize_refuses(void **state)
{
    (void)state;
    add_input("x", 1, 2, 4, 4);
    NODE(Identity, "y", "");
    add_output("y");
    assert_int_equal(fov_graph_optimize(g, NULL, &err), FOV_ERR_FORMAT);
    assert_string_equal(err.message, "Identity 'y': input 0 is left out but not optional");
    g->node[0].in[0] = g->node[0].out[0];
    assert_int_equal(fov_graph_optimize(g, NULL, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "cycle"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(drop_identity),
        T(drop_identity_keeps_masks),
        T(drop_dead),
        T(fold_batch_norm),
        T(fold_batch_norm_with_bias_and_groups),
        T(fold_batch_norm_of_a_shared_weight),
        T(fold_batch_norm_keeps_away),
        T(fuse_activation),
        T(fuse_activation_keeps_away),
        T(push_activation),
        T(push_activation_keeps_away),
        T(fuse_residual_resnet),
        T(fuse_residual_plain),
        T(fuse_residual_pyramid),
        T(fuse_residual_samplings),
        T(fuse_residual_unknown_scales),
        T(fuse_residual_keeps_away),
        T(fuse_residual_without_shapes),
        T(optimize),
        T(optimize_random_graphs),
        T(optimize_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
