// SPDX-License-Identifier: MIT
/* What operators mean: hand-computed results, and numbers recorded from ONNX Runtime 1.32 (marked "recorded"). Every case
 * runs in three memory layouts, so strided views are tested throughout. */
#include "support.h"

#include "base/alloc.h"
#include "graph/op.h"

#include <math.h>
#include <string.h>

enum { MAX_ELEMENTS = 128, MAX_PORTS = 6, PADDED = 4096 };

typedef struct tensor {
    fov_dtype dtype;
    int       rank;
    int64_t   dim[FOV_MAX_RANK];
    double    v[MAX_ELEMENTS];
} tensor;

#define DIMS(...) .rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dim = {__VA_ARGS__}
#define SCALAR .rank = 0
#define F32(dims, ...) ((tensor){.dtype = FOV_F32, dims, .v = {__VA_ARGS__}})
#define I64(dims, ...) ((tensor){.dtype = FOV_I64, dims, .v = {__VA_ARGS__}})
#define BOOLS(dims, ...) ((tensor){.dtype = FOV_BOOL, dims, .v = {__VA_ARGS__}})
#define LIST(...) I64(DIMS(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), __VA_ARGS__)
/** Deterministic numbers without structure, exact in float: ((7 i) mod 11 - 5) / 4. */
#define PATTERN(...) pattern(F32(DIMS(__VA_ARGS__), 0))
#define INTS(name, ...) attr_ints(name, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

/* ---------------------------------------------------------------- the case being built */

static struct {
    fov_graph *graph;
    int64_t    opset;
    tensor     in[MAX_PORTS], out[MAX_PORTS];
    bool       left_out[MAX_PORTS], unknown[MAX_PORTS];
    int        n_in, n_out;
} now;

static fov_error err;

static tensor pattern(tensor t)
{
    int64_t count = 1;
    for (int i = 0; i < t.rank; i++) count *= t.dim[i];
    for (int64_t i = 0; i < count; i++) t.v[i] = (double)(i * 7 % 11 - 5) / 4;
    return t;
}

static void start(fov_op op, int64_t opset)
{
    fov_graph_free(now.graph);
    memset(&now, 0, sizeof now);
    now.opset = opset;
    now.graph = fov_graph_new();
    assert_int_equal(fov_graph_add_node(now.graph, "n", op, NULL, 0, NULL, 0, &err), 0);
}

static void attr_ints(const char *name, size_t count, const int64_t *ints)
{
    assert_ok(fov_node_set_ints(now.graph->node, name, ints, count, &err));
}

static void attr_float(const char *name, float value)
{
    assert_ok(fov_node_set_float(now.graph->node, name, value, &err));
}

static void attr_string(const char *name, const char *value)
{
    assert_ok(fov_node_set_string(now.graph->node, name, value, &err));
}

static void give(tensor t)
{
    now.in[now.n_in++] = t;
}

static void leave_out(void)
{
    now.left_out[now.n_in++] = true;
}

/** An input of which only the shape is known. */
static void give_unknown(tensor t)
{
    now.unknown[now.n_in] = true;
    give(t);
}

static void want(tensor t)
{
    now.out[now.n_out++] = t;
}

/* ---------------------------------------------------------------- memory layouts */

typedef struct block {
    _Alignas(8) unsigned char byte[PADDED * 8];
} block;

static void lay_out(fov_view *view, const tensor *t, int layout, block *memory)
{
    int     order[FOV_MAX_RANK] = {0};        /* from the fastest dimension */
    int64_t stride = layout ? layout + 1 : 1; /* a gap between elements, too */
    for (int i = 0; i < t->rank; i++) order[i] = layout == 1 ? i : t->rank - 1 - i;
    if (layout == 2 && t->rank == 4) { /* NHWC with a pixel every C + 5 elements */
        static const int nhwc[] = {1, 3, 2, 0};
        memcpy(order, nhwc, sizeof nhwc);
        stride = 1;
    }
    memset(memory, 0xa5, sizeof *memory);
    *view = (fov_view){.dtype = t->dtype, .shape = fov_shape_make(t->rank, t->dim), .data = memory->byte};
    for (int i = 0; i < t->rank; i++) {
        view->stride[order[i]] = stride;
        stride *= t->dim[order[i]];
        if (layout == 2 && i == 0) stride += 5;
    }
    assert_true(stride <= PADDED);
}

static int64_t element_offset(const fov_view *view, int64_t index)
{
    int64_t offset = 0;
    for (int i = view->shape.rank - 1; i >= 0; i--) {
        offset += index % view->shape.dim[i] * view->stride[i];
        index /= view->shape.dim[i];
    }
    return offset;
}

static int64_t element_count(const fov_view *view)
{
    size_t count;
    assert_true(fov_shape_count(&view->shape, &count));
    return (int64_t)count;
}

static double read_element(const fov_view *view, int64_t index)
{
    int64_t at = element_offset(view, index);
    if (view->dtype == FOV_F32) return (double)((float *)view->data)[at];
    return view->dtype == FOV_I64 ? (double)((int64_t *)view->data)[at] : (double)((bool *)view->data)[at];
}

static void write_element(const fov_view *view, int64_t index, double v)
{
    int64_t at = element_offset(view, index);
    if (view->dtype == FOV_F32) ((float *)view->data)[at] = (float)v;
    else if (view->dtype == FOV_I64) ((int64_t *)view->data)[at] = (int64_t)v;
    else ((bool *)view->data)[at] = v != 0;
}

/** Blank the elements themselves: what is left must be the guard pattern. */
static void check_guards(const fov_view *view, block *memory)
{
    size_t size = fov_dtype_size(view->dtype);
    for (int64_t i = 0; i < element_count(view); i++) memset(memory->byte + (size_t)element_offset(view, i) * size, 0xa5, size);
    for (size_t i = 0; i < sizeof memory->byte; i++) assert_int_equal(memory->byte[i], 0xa5);
}

/* ---------------------------------------------------------------- running it */

/** A call and all that it points to. */
typedef struct call_ports {
    fov_op_call     call;
    fov_node        node; /* the graph's, with the ports of this case */
    fov_view        in[MAX_PORTS];
    const fov_view *in_ptr[MAX_PORTS];
    int             in_id[MAX_PORTS], out_id[MAX_PORTS];
} call_ports;

static void make_call(call_ports *p, int layout, fov_view *out)
{
    static block in_memory[MAX_PORTS];
    memset(p, 0, sizeof *p);
    p->node = *now.graph->node;
    p->node.in = p->in_id, p->node.n_in = now.n_in;
    p->node.out = p->out_id, p->node.n_out = now.n_out;
    p->call =
        (fov_op_call){.node = &p->node, .opset = now.opset, .in = p->in_ptr, .out = out, .n_in = now.n_in, .n_out = now.n_out};
    for (int i = 0; i < now.n_in; i++) {
        if (now.left_out[i]) p->in_id[i] = FOV_NONE;
        if (now.left_out[i]) continue;
        lay_out(&p->in[i], &now.in[i], layout, &in_memory[i]);
        for (int64_t k = 0; k < element_count(&p->in[i]); k++) write_element(&p->in[i], k, now.in[i].v[k]);
        if (now.unknown[i]) p->in[i].data = NULL;
        p->in_ptr[i] = &p->in[i];
    }
}

static void check_inferred(const fov_view *out, const tensor *expected)
{
    fov_shape shape = fov_shape_make(expected->rank, expected->dim);
    char      got[96], text[96];
    if (!fov_shape_equal(&out->shape, &shape))
        fail_msg("an output is %s, expected %s", fov_shape_print(&out->shape, got, sizeof got),
                 fov_shape_print(&shape, text, sizeof text));
    assert_int_equal(out->dtype, expected->dtype);
    const fov_view dense = fov_view_dense(out->dtype, &out->shape, NULL);
    for (int i = 0; i < out->shape.rank; i++) assert_int_equal(out->stride[i], dense.stride[i]);
}

static fov_status run_case(int layout, fov_view *out, block *out_memory)
{
    call_ports ports;
    make_call(&ports, layout, out);
    fov_status st = fov_op_infer(&ports.call, &err);
    for (int i = 0; i < now.n_out && !st; i++) {
        check_inferred(&out[i], &now.out[i]);
        lay_out(&out[i], &now.out[i], layout, &out_memory[i]);
    }
    return st ? st : fov_op_def_of(now.graph->node->op)->run(&ports.call, &err);
}

/** @param tolerance absolute and relative: what an oracle in float may be off from ours in double */
static void verify_within(double tolerance)
{
    static block out_memory[MAX_PORTS];
    for (int layout = 0; layout < 3; layout++) {
        fov_view out[MAX_PORTS] = {0};
        assert_ok(run_case(layout, out, out_memory));
        for (int i = 0; i < now.n_out; i++) {
            for (int64_t k = 0; k < element_count(&out[i]); k++) {
                double got = read_element(&out[i], k), expected = now.out[i].v[k];
                if (!(fabs(got - expected) <= tolerance * (1 + fabs(expected))) && got != expected)
                    fail_msg("layout %d, output %d, element %lld is %.9g, expected %.9g", layout, i, (long long)k, got, expected);
            }
            check_guards(&out[i], &out_memory[i]);
        }
    }
}

static void verify(void)
{
    verify_within(0);
}

/** Neither infer nor run accepts the case; the message names the node and contains `words`. */
static void refuse(fov_status expected, const char *words)
{
    static block out_memory[MAX_PORTS];
    fov_view     out[MAX_PORTS] = {0};
    if (!now.n_out) now.n_out = 1;
    fov_status st = run_case(0, out, out_memory);
    if (st != expected) fail_msg("status %d, expected %d with '%s' (%s)", st, expected, words, err.message);
    assert_non_null(strstr(err.message, words));
    assert_non_null(strstr(err.message, "'n': "));
}

static int teardown(void **state)
{
    (void)state;
    fov_graph_free(now.graph);
    now.graph = NULL;
    return 0;
}

/* ---------------------------------------------------------------- Conv */

static void start_conv(tensor x, tensor w)
{
    start(FOV_OP_Conv, 13);
    give(x);
    give(w);
}

static void conv_recorded(void **state)
{
    (void)state;
    start_conv(PATTERN(1, 2, 4, 5), PATTERN(3, 2, 3, 3));
    give(PATTERN(3));
    INTS("pads", 1, 1, 1, 1);
    INTS("strides", 2, 2);
    INTS("kernel_shape", 3, 3);
    want(F32(DIMS(1, 3, 2, 3), -4.3125, 3.0625, 0.125, 1.9375, -6.375, -1, 2.75, -1.125, -0.8125, 1.25, -1.8125, -0.625, -3.9375,
             3.625, 0.3125, 3.3125, 0, -3));
    verify();

    start_conv(PATTERN(1, 4, 5, 4), PATTERN(2, 2, 3, 2));
    INTS("group", 2);
    INTS("dilations", 1, 2);
    INTS("strides", 2, 1);
    INTS("pads", 1, 1, 1, 1);
    want(F32(DIMS(1, 2, 3, 4), -0.5625, -2.5625, 2.375, 1.6875, 2.5, -3.25, 1.4375, 0.3125, 1.1875, -1.6875, -1.75, -0.3125, -0.125,
             -1.5, 1.125, 2.875, 0.25, -0.25, -2.125, 2.625, -0.1875, 1.25, -1.125, 1.8125));
    verify();

    start_conv(PATTERN(2, 2, 3, 3), PATTERN(2, 1, 3, 3));
    INTS("group", 2);
    INTS("pads", 0, 1, 2, 1);
    want(F32(DIMS(2, 2, 3, 3), -0.75, 6.25, -0.75, 0.75, 0.9375, -0.9375, 0.5, -0.75, -0.5, -1.6875, 5.875, -1.6875, -0.5625,
             0.6875, -1.5625, 0.875, -0.875, -0.8125, 0.125, -2.625, 1.4375, -0.5625, -1.0625, 3.4375, -0.875, 1.125, -1.4375,
             1.8125, -3.1875, 1.75, 0.5625, -2.125, 1.125, -0.3125, -0.4375, 0.5));
    verify();
}

static void conv_auto_pad(void **state)
{
    (void)state;
    start_conv(PATTERN(1, 1, 3, 4), PATTERN(1, 1, 2, 2)); /* recorded */
    attr_string("auto_pad", "SAME_LOWER");
    INTS("strides", 1, 2);
    want(F32(DIMS(1, 1, 3, 2), 1.25, 1.8125, 0.75, 0.75, 0.75, -2.6875));
    verify();

    start_conv(PATTERN(1, 1, 3, 4), PATTERN(1, 1, 2, 2)); /* recorded */
    attr_string("auto_pad", "SAME_UPPER");
    INTS("strides", 1, 2);
    want(F32(DIMS(1, 1, 3, 2), 0.75, 0.75, 0.75, -2.6875, 1.625, -0.3125));
    verify();

    start_conv(F32(DIMS(1, 1, 2, 2), 1, 2, 3, 4), F32(DIMS(1, 1, 2, 2), 1, 1, 1, 1));
    attr_string("auto_pad", "VALID");
    INTS("pads", 1, 1, 1, 1); /* VALID overrules them */
    want(F32(DIMS(1, 1, 1, 1), 10));
    verify();
}

static void conv_fused(void **state)
{
    (void)state;
    tensor x = F32(DIMS(1, 1, 2, 2), 1, -2, 3, -4), w = F32(DIMS(1, 1, 1, 1), 2), b = F32(DIMS(1), 1);
    tensor r = F32(DIMS(1, 1, 2, 2), 10, 1, -20, -1);

    start_conv(x, w); /* slope alone: 2x + 1 = 3, -3, 7, -7 */
    give(b);
    attr_float("fused_slope", 0.5F);
    want(F32(DIMS(1, 1, 2, 2), 3, -1.5, 7, -3.5));
    verify();

    start_conv(x, w); /* before: 13, -2, -13, -8 */
    give(b);
    give(r);
    attr_float("fused_slope", 0.5F);
    attr_string("fused_residual", "before");
    want(F32(DIMS(1, 1, 2, 2), 13, -1, -6.5, -4));
    verify();

    start_conv(x, w);
    leave_out();
    give(r);
    attr_float("fused_slope", 0);
    attr_string("fused_residual", "after");
    want(F32(DIMS(1, 1, 2, 2), 12, 1, -14, -1));
    verify();

    start_conv(x, w); /* the residual is one element for all four */
    give(b);
    give(F32(DIMS(1, 1, 1, 1), 100));
    attr_float("fused_slope", 0.5F);
    attr_string("fused_residual", "after");
    INTS("fused_residual_scale", 2);
    want(F32(DIMS(1, 1, 2, 2), 103, 98.5, 107, 96.5));
    verify();
}

static void conv_refuses(void **state)
{
    (void)state;
    start_conv(PATTERN(1, 3, 4, 4), PATTERN(2, 2, 3, 3));
    refuse(FOV_ERR_FORMAT, "do not go together");
    start_conv(PATTERN(1, 3, 4, 4), PATTERN(2, 3, 3, 3));
    give(PATTERN(3));
    refuse(FOV_ERR_FORMAT, "its bias has 3 elements, its weight 2");
    start_conv(PATTERN(1, 3, 4), PATTERN(2, 3, 3));
    refuse(FOV_ERR_UNSUPPORTED, "supported is rank 4");
    start_conv(PATTERN(1, 1, 2, 2), PATTERN(1, 1, 3, 3));
    refuse(FOV_ERR_FORMAT, "does not fit into 2");
    start_conv(PATTERN(1, 1, 4, 4), PATTERN(1, 1, 3, 3));
    INTS("kernel_shape", 5, 5);
    refuse(FOV_ERR_FORMAT, "kernel_shape is 5x5");
    start_conv(PATTERN(1, 1, 4, 4), PATTERN(1, 1, 3, 3));
    INTS("strides", 0, 1);
    refuse(FOV_ERR_FORMAT, "'strides' has 0");
    start_conv(PATTERN(1, 1, 4, 4), PATTERN(1, 1, 3, 3));
    INTS("pads", 1, 1, -1, 1);
    refuse(FOV_ERR_FORMAT, "'pads' has -1");
    start_conv(PATTERN(1, 1, 4, 4), PATTERN(1, 1, 3, 3));
    INTS("dilations", INT64_MAX, INT64_MAX);
    refuse(FOV_ERR_FORMAT, "'dilations' has 9223372036854775807");
    start_conv(PATTERN(1, 1, 4, 4), PATTERN(1, 1, 3, 3));
    INTS("group", INT64_MIN);
    refuse(FOV_ERR_FORMAT, "groups");
    start_conv(PATTERN(1, 1, 4, 4), PATTERN(1, 1, 1, 1));
    leave_out();
    give(PATTERN(1, 1, 3, 4));
    refuse(FOV_ERR_FORMAT, "does not fit an output of 1x1x4x4");
    start_conv(PATTERN(1, 1, 4, 4), PATTERN(1, 1, 1, 1));
    INTS("fused_residual_scale", INT64_MAX);
    refuse(FOV_ERR_FORMAT, "fused_residual_scale");
    start_conv(PATTERN(1, 1, 4, 4), I64(DIMS(1, 1, 1, 1), 1));
    refuse(FOV_ERR_UNSUPPORTED, "int64");
    start_conv(PATTERN(1, 0, 4, 4), PATTERN(0, 0, 1, 1)); /* nothing in, nothing out */
    want(F32(DIMS(1, 0, 4, 4), 0));
    verify();
}

/* ---------------------------------------------------------------- element-wise */

static void batch_normalization(void **state)
{
    (void)state;
    start(FOV_OP_BatchNormalization, 13); /* recorded */
    give(PATTERN(2, 3, 1, 2));
    give(F32(DIMS(3), 1, 2, .5));
    give(F32(DIMS(3), 0, 1, -1));
    give(F32(DIMS(3), .5, -.25, 1));
    give(F32(DIMS(3), 1, .25, 4));
    attr_float("epsilon", 1e-3F);
    want(F32(DIMS(2, 3, 1, 2), -1.74912572, 0, 0.00199401379, 6.98803616, -1.18747663, -1.4374454, 0.499750197, -0.499750197,
             -1.99401808, 4.99202442, -1.3124609, -1.56242967));
    verify_within(1e-6);
    give(F32(DIMS(3), 0));
    refuse(FOV_ERR_FORMAT, "has 6 inputs");

    start(FOV_OP_BatchNormalization, 14);
    give(PATTERN(1, 2));
    for (int i = 0; i < 4; i++) give(F32(DIMS(3), 1, 1, 1));
    refuse(FOV_ERR_FORMAT, "input 1 has 3 elements for 2 channels");
}

static void map_case(fov_op op, tensor x, tensor y)
{
    start(op, 13);
    give(x);
    want(y);
}

static void activations(void **state)
{
    (void)state;
    map_case(FOV_OP_Relu, F32(DIMS(2, 2), -1, 0, 2, -INFINITY), F32(DIMS(2, 2), 0, 0, 2, 0));
    verify();
    map_case(FOV_OP_LeakyRelu, F32(DIMS(3), -4, 0, 4), F32(DIMS(3), -1, 0, 4));
    attr_float("alpha", 0.25F);
    verify();
    map_case(FOV_OP_LeakyRelu, F32(DIMS(1), -100), F32(DIMS(1), -1)); /* alpha is 0.01 unless given */
    verify_within(1e-6);
    start(FOV_OP_Sigmoid, 13); /* recorded */
    give(F32(DIMS(5), -30, -1, 0, .5, 3));
    want(F32(DIMS(5), 0, 0.268941432, 0.5, 0.622459292, 0.952574134));
    verify_within(1e-6);
    map_case(FOV_OP_Exp, F32(DIMS(4), -2, 0, 1, 3), F32(DIMS(4), exp(-2), 1, exp(1), exp(3)));
    verify_within(1e-7);
    map_case(FOV_OP_Floor, F32(DIMS(4), -1.5, 1.5, 2, -0.0), F32(DIMS(4), -2, 1, 2, 0));
    verify();
    map_case(FOV_OP_Ceil, F32(DIMS(4), -1.5, 1.5, 2, 0.25), F32(DIMS(4), -1, 2, 2, 1));
    verify();
    map_case(FOV_OP_Relu, I64(DIMS(1), 1), F32(DIMS(1), 1));
    refuse(FOV_ERR_UNSUPPORTED, "is int64");
    map_case(FOV_OP_Relu, F32(DIMS(2, 0, 3), 0), F32(DIMS(2, 0, 3), 0));
    verify();
    map_case(FOV_OP_Relu, F32(SCALAR, -3), F32(SCALAR, 0));
    verify();
}

static void prelu(void **state)
{
    (void)state;
    start(FOV_OP_PRelu, 13); /* recorded */
    give(PATTERN(1, 2, 2, 2));
    give(F32(DIMS(2, 1, 1), .5, .25));
    want(F32(DIMS(1, 2, 2, 2), -0.625, 0.5, -0.25, 1.25, 0.25, -0.1875, 1, 0));
    verify();
    start(FOV_OP_PRelu, 13);
    give(PATTERN(1, 2));
    give(PATTERN(2, 2));
    refuse(FOV_ERR_FORMAT, "slope");
}

static void clip(void **state)
{
    (void)state;
    start(FOV_OP_Clip, 10);
    give(PATTERN(6));
    attr_float("min", -.5F);
    attr_float("max", .75F);
    want(F32(DIMS(6), -0.5, 0.5, -0.5, 0.75, 0.25, -0.5));
    verify(); /* recorded */
    start(FOV_OP_Clip, 13);
    give(PATTERN(6));
    give(F32(SCALAR, -.5));
    give(F32(DIMS(1), .75));
    want(F32(DIMS(6), -0.5, 0.5, -0.5, 0.75, 0.25, -0.5));
    verify();
    start(FOV_OP_Clip, 13);
    give(F32(DIMS(2), -3, 9));
    leave_out();
    give(F32(SCALAR, 6));
    want(F32(DIMS(2), -3, 6));
    verify();
    start(FOV_OP_Clip, 13);
    give(F32(DIMS(2), -3, 9));
    give(F32(DIMS(2), 1, 2));
    refuse(FOV_ERR_FORMAT, "single float");
}

static void binary_case(fov_op op, tensor a, tensor b)
{
    start(op, 13);
    give(a);
    give(b);
}

static void binaries(void **state)
{
    (void)state;
    binary_case(FOV_OP_Add, F32(DIMS(2, 3), 1, 2, 3, 4, 5, 6), F32(DIMS(3), 10, 20, 30));
    want(F32(DIMS(2, 3), 11, 22, 33, 14, 25, 36));
    verify();
    binary_case(FOV_OP_Sub, F32(DIMS(2, 1), 1, 2), F32(DIMS(1, 3), 1, 2, 3));
    want(F32(DIMS(2, 3), 0, -1, -2, 1, 0, -1));
    verify();
    binary_case(FOV_OP_Mul, F32(SCALAR, 3), F32(DIMS(1, 2, 1, 2), 1, 2, 3, 4));
    want(F32(DIMS(1, 2, 1, 2), 3, 6, 9, 12));
    verify();
    binary_case(FOV_OP_Div, F32(DIMS(3), 1, -1, 3), F32(DIMS(3), 0, 0, 2));
    want(F32(DIMS(3), INFINITY, -INFINITY, 1.5));
    verify();
    binary_case(FOV_OP_Div, I64(DIMS(4), 7, -7, 7, 0), I64(DIMS(4), 2, 2, -2, 5));
    want(I64(DIMS(4), 3, -3, -3, 0));
    verify();
    binary_case(FOV_OP_Mul, I64(DIMS(2), 1 << 20, -3), I64(SCALAR, 1 << 20));
    want(I64(DIMS(2), 1LL << 40, -3 * (1 << 20)));
    verify();
    binary_case(FOV_OP_Add, F32(DIMS(0, 3), 0), F32(DIMS(1, 3), 1, 2, 3));
    want(F32(DIMS(0, 3), 0));
    verify();
}

static void binaries_refuse(void **state)
{
    (void)state;
    binary_case(FOV_OP_Add, PATTERN(2, 3), PATTERN(2));
    refuse(FOV_ERR_FORMAT, "shapes 2x3 and 2 cannot be broadcast");
    binary_case(FOV_OP_Add, PATTERN(2), I64(DIMS(2), 1, 2));
    refuse(FOV_ERR_FORMAT, "different element types");
    binary_case(FOV_OP_Add, BOOLS(DIMS(1), 1), BOOLS(DIMS(1), 1));
    refuse(FOV_ERR_UNSUPPORTED, "bool");
    binary_case(FOV_OP_Div, I64(DIMS(1), 1), I64(DIMS(1), 0));
    want(I64(DIMS(1), 0));
    refuse(FOV_ERR_LIMIT, "no 64-bit integer");
    binary_case(FOV_OP_Div, I64(DIMS(1), -0x1p63), I64(DIMS(1), -1));
    want(I64(DIMS(1), 0));
    refuse(FOV_ERR_LIMIT, "no 64-bit integer");
    binary_case(FOV_OP_Mul, I64(DIMS(1), 0x1p62), I64(DIMS(1), 4));
    want(I64(DIMS(1), 0));
    refuse(FOV_ERR_LIMIT, "no 64-bit integer");
    start(FOV_OP_Add, 13);
    give(PATTERN(2));
    refuse(FOV_ERR_FORMAT, "has 1 inputs, expected 2");
    leave_out();
    refuse(FOV_ERR_FORMAT, "input 1 is left out");
}

static void softmax(void **state)
{
    (void)state;
    start(FOV_OP_Softmax, 11); /* recorded; flattened from axis 1 */
    give(PATTERN(2, 2, 3));
    want(F32(DIMS(2, 2, 3), 0.0367856622, 0.211686864, 0.0778752491, 0.448141098, 0.164861903, 0.0606493019, 0.373982847,
             0.137580603, 0.0506130755, 0.291258126, 0.10714788, 0.0394175053));
    verify_within(1e-6);
    start(FOV_OP_Softmax, 13);
    give(PATTERN(2, 2, 3));
    want(F32(DIMS(2, 2, 3), 0.112719201, 0.648654222, 0.238626555, 0.665240943, 0.244728476, 0.0900305733, 0.665240943, 0.244728476,
             0.0900305733, 0.665240943, 0.244728476, 0.0900305733));
    verify_within(1e-6);
    start(FOV_OP_Softmax, 13);
    give(PATTERN(2, 2, 3));
    INTS("axis", 1);
    want(F32(DIMS(2, 2, 3), 0.0758581832, 0.562176526, 0.562176526, 0.924141824, 0.437823534, 0.437823534, 0.562176526, 0.562176526,
             0.562176526, 0.437823534, 0.437823534, 0.437823534));
    verify_within(1e-6);
    start(FOV_OP_Softmax, 13); /* no overflow */
    give(F32(DIMS(1, 2), 1e30, 1e30));
    want(F32(DIMS(1, 2), .5, .5));
    verify();
    start(FOV_OP_Softmax, 13);
    give(F32(SCALAR, 1));
    refuse(FOV_ERR_FORMAT, "axis -1 is outside of a tensor of rank 0");
}

/* ---------------------------------------------------------------- windows and resampling */

static void start_pool(tensor x, int64_t kernel_h, int64_t kernel_w)
{
    start(FOV_OP_MaxPool, 13);
    give(x);
    INTS("kernel_shape", kernel_h, kernel_w);
}

static void max_pool_recorded(void **state)
{
    (void)state;
    start_pool(PATTERN(1, 1, 5, 5), 2, 2);
    INTS("strides", 2, 2);
    INTS("ceil_mode", 1);
    want(F32(DIMS(1, 1, 3, 3), 1, 1.25, 0.75, 0.25, 1, 1.25, 0.75, 0.5, -0.5));
    verify();
    start_pool(PATTERN(1, 1, 5, 6), 2, 3);
    INTS("dilations", 2, 1);
    INTS("strides", 1, 2);
    want(F32(DIMS(1, 1, 3, 2), 1.25, 1.25, 1, 0.75, 1.25, 1.25));
    verify();
    start_pool(PATTERN(1, 1, 3, 4), 2, 2);
    attr_string("auto_pad", "SAME_UPPER");
    want(F32(DIMS(1, 1, 3, 4), 0.5, 1, 1.25, 1.25, 0.75, 1, 1, 0, 0.75, 0.75, -0.25, -1.25));
    verify();
    start_pool(PATTERN(1, 1, 3, 3), 2, 2); /* rounding up would add a window of padding alone */
    INTS("strides", 2, 2);
    INTS("pads", 1, 1, 1, 1);
    INTS("ceil_mode", 1);
    want(F32(DIMS(1, 1, 2, 2), -1.25, 0.5, 1.25, 0.25));
    verify();
}

static void max_pool(void **state)
{
    (void)state;
    start_pool(F32(DIMS(1, 2, 2, 2), -1, -2, -3, -4, -8, -7, -6, -5), 3, 3); /* padding never wins over negatives */
    INTS("strides", 2, 2);
    INTS("pads", 1, 1, 1, 1);
    want(F32(DIMS(1, 2, 1, 1), -1, -5));
    verify();
    start(FOV_OP_MaxPool, 13);
    give(PATTERN(1, 1, 4, 4));
    refuse(FOV_ERR_FORMAT, "a kernel of 0x0");
    start_pool(PATTERN(1, 1, 4, 4), 2, INT64_MAX);
    refuse(FOV_ERR_FORMAT, "kernel_shape");
    start_pool(PATTERN(1, 1, 0, 4), 1, 1);
    refuse(FOV_ERR_FORMAT, "does not fit into 0");
    start_pool(PATTERN(1, 1, 4, 4), 2, 2);
    attr_string("auto_pad", "SOME");
    refuse(FOV_ERR_UNSUPPORTED, "auto_pad 'SOME'");
    start_pool(PATTERN(1, 1, 4, 4), 2, 2);
    now.n_out = 2;
    refuse(FOV_ERR_UNSUPPORTED, "has 2 outputs");
}

static void start_resize(const char *mode, tensor x, const char *coordinates, const char *nearest, tensor sizes)
{
    start(FOV_OP_Resize, 13);
    give(x);
    leave_out();
    give(F32(DIMS(0), 0));
    give(sizes);
    attr_string("mode", mode);
    attr_string("coordinate_transformation_mode", coordinates);
    attr_string("nearest_mode", nearest);
}

/* Recorded: ((7 i) mod 11 - 5) / 4 for i < 5 resized to 8, to 3 and to 1. */
static void resize_nearest(void **state)
{
    static const struct {
        const char *coordinates, *nearest;
        double      y[12];
    } cases[] = {
        {"half_pixel", "round_prefer_floor", {-1.25, -1.25, 0.5, -0.5, -0.5, 1.25, 0.25, 0.25, -1.25, -0.5, 0.25, -0.5}},
        {"half_pixel", "round_prefer_ceil", {-1.25, -1.25, 0.5, -0.5, -0.5, 1.25, 0.25, 0.25, -1.25, -0.5, 0.25, -0.5}},
        {"half_pixel", "floor", {-1.25, -1.25, 0.5, 0.5, -0.5, -0.5, 1.25, 0.25, -1.25, -0.5, 1.25, -0.5}},
        {"half_pixel", "ceil", {-1.25, 0.5, -0.5, -0.5, 1.25, 1.25, 0.25, 0.25, 0.5, -0.5, 0.25, -0.5}},
        {"pytorch_half_pixel", "round_prefer_floor", {-1.25, -1.25, 0.5, -0.5, -0.5, 1.25, 0.25, 0.25, -1.25, -0.5, 0.25, -1.25}},
        {"pytorch_half_pixel", "round_prefer_ceil", {-1.25, -1.25, 0.5, -0.5, -0.5, 1.25, 0.25, 0.25, -1.25, -0.5, 0.25, -1.25}},
        {"pytorch_half_pixel", "floor", {-1.25, -1.25, 0.5, 0.5, -0.5, -0.5, 1.25, 0.25, -1.25, -0.5, 1.25, -1.25}},
        {"pytorch_half_pixel", "ceil", {-1.25, 0.5, -0.5, -0.5, 1.25, 1.25, 0.25, 0.25, 0.5, -0.5, 0.25, -1.25}},
        {"align_corners", "round_prefer_floor", {-1.25, 0.5, 0.5, -0.5, -0.5, 1.25, 1.25, 0.25, -1.25, -0.5, 0.25, -1.25}},
        {"align_corners", "round_prefer_ceil", {-1.25, 0.5, 0.5, -0.5, -0.5, 1.25, 1.25, 0.25, -1.25, -0.5, 0.25, -1.25}},
        {"align_corners", "floor", {-1.25, -1.25, 0.5, 0.5, -0.5, -0.5, 1.25, 0.25, -1.25, -0.5, 0.25, -1.25}},
        {"align_corners", "ceil", {-1.25, 0.5, -0.5, -0.5, 1.25, 1.25, 0.25, 0.25, -1.25, -0.5, 0.25, -1.25}},
        {"asymmetric", "round_prefer_floor", {-1.25, 0.5, 0.5, -0.5, -0.5, 1.25, 0.25, 0.25, -1.25, -0.5, 1.25, -1.25}},
        {"asymmetric", "round_prefer_ceil", {-1.25, 0.5, 0.5, -0.5, 1.25, 1.25, 0.25, 0.25, -1.25, -0.5, 1.25, -1.25}},
        {"asymmetric", "floor", {-1.25, -1.25, 0.5, 0.5, -0.5, 1.25, 1.25, 0.25, -1.25, 0.5, 1.25, -1.25}},
        {"asymmetric", "ceil", {-1.25, 0.5, -0.5, -0.5, 1.25, 0.25, 0.25, 0.25, -1.25, -0.5, 0.25, -1.25}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const int sizes[] = {8, 3, 1};
        for (int s = 0, at = 0; s < 3; at += sizes[s++]) {
            tensor y = F32(DIMS(1, 1, 1, sizes[s]), 0);
            memcpy(y.v, cases[i].y + at, (size_t)sizes[s] * sizeof *y.v);
            start_resize("nearest", PATTERN(1, 1, 1, 5), cases[i].coordinates, cases[i].nearest, LIST(1, 1, 1, sizes[s]));
            want(y);
            verify();
        }
    }
}

/* Recorded: 2x3 to 3x5, and 4x5 to 1x3. */
static void resize_linear(void **state)
{
    static const struct {
        const char *coordinates;
        double      larger[15], smaller[3];
    } cases[] = {
        {"half_pixel",
         {-1.25, -0.549999952, 0.5, -0.100000143, -0.5, 0, 0.150000006, 0.375, -0.225000143, -0.625, 1.25, 0.849999964, 0.25,
          -0.350000143, -0.75},
         {-0.375, 0.25, 0.416666389}},
        {"pytorch_half_pixel",
         {-1.25, -0.549999952, 0.5, -0.100000143, -0.5, 0, 0.150000006, 0.375, -0.225000143, -0.625, 1.25, 0.849999964, 0.25,
          -0.350000143, -0.75},
         {-0.666666746, -0.5, 0.583333492}},
        {"align_corners",
         {-1.25, -0.375, 0.5, 0, -0.5, 0, 0.1875, 0.375, -0.125, -0.625, 1.25, 0.75, 0.25, -0.25, -0.75},
         {-1.25, -0.5, 0.25}},
        {"asymmetric",
         {-1.25, -0.199999958, 0.299999952, -0.300000072, -0.5, 0.416666746, 0.366666675, 0.133333266, -0.466666758, -0.666666627,
          1.25, 0.649999976, 0.0499999523, -0.550000072, -0.75},
         {-1.25, -0.166666627, 0.916666746}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tensor larger = F32(DIMS(1, 1, 3, 5), 0), smaller = F32(DIMS(1, 1, 1, 3), 0);
        memcpy(larger.v, cases[i].larger, sizeof cases[i].larger);
        memcpy(smaller.v, cases[i].smaller, sizeof cases[i].smaller);
        start_resize("linear", PATTERN(1, 1, 2, 3), cases[i].coordinates, "floor", LIST(1, 1, 3, 5));
        want(larger);
        verify_within(1e-6);
        start_resize("linear", PATTERN(1, 1, 4, 5), cases[i].coordinates, "floor", LIST(1, 1, 1, 3));
        want(smaller);
        verify_within(1e-6);
    }
}

static void resize_old(void **state)
{
    (void)state;
    start(FOV_OP_Resize, 10); /* recorded, all three */
    give(PATTERN(1, 1, 2, 3));
    give(F32(DIMS(4), 1, 1, 2, 1.5));
    want(F32(DIMS(1, 1, 4, 4), -1.25, -1.25, 0.5, -0.5, -1.25, -1.25, 0.5, -0.5, 1.25, 1.25, 0.25, -0.75, 1.25, 1.25, 0.25, -0.75));
    verify();
    start(FOV_OP_Resize, 10);
    give(PATTERN(1, 1, 1, 7));
    give(F32(DIMS(4), 1, 1, 1, .6));
    want(F32(DIMS(1, 1, 1, 4), -1.25, -0.5, 0.25, -0.75));
    verify();
    start(FOV_OP_Resize, 10);
    give(PATTERN(1, 1, 2, 3));
    give(F32(DIMS(4), 1, 1, 2, 1.5));
    attr_string("mode", "linear");
    want(F32(DIMS(1, 1, 4, 4), -1.25, -0.0833332837, 0.166666627, -0.5, 0, 0.25, 0.0416666269, -0.625, 1.25, 0.583333313,
             -0.0833333731, -0.75, 1.25, 0.583333313, -0.0833333731, -0.75));
    verify_within(1e-6);
}

static void resize_scales(void **state)
{
    (void)state;
    start(FOV_OP_Resize, 13); /* recorded; half_pixel and scales with a fraction */
    give(PATTERN(1, 1, 2, 3));
    give(F32(DIMS(0), 0));
    give(F32(DIMS(4), 1, 1, 2, 1.7));
    attr_string("mode", "linear");
    want(F32(DIMS(1, 1, 4, 5), -1.25, -0.58088243, 0.448529363, -0.0588235855, -0.5, -0.625, -0.218750045, 0.40624997, -0.121323586,
             -0.5625, 0.625, 0.505514741, 0.321691185, -0.246323586, -0.6875, 1.25, 0.867647111, 0.279411793, -0.308823586, -0.75));
    verify_within(1e-6);
    start(FOV_OP_Resize, 18); /* two axes out of four */
    give(F32(DIMS(1, 1, 1, 2), 1, 2));
    leave_out();
    give(F32(DIMS(2), 2, 3));
    INTS("axes", -1, 2);
    want(F32(DIMS(1, 1, 3, 4), 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2));
    verify();
}

static void resize_refuses(void **state)
{
    (void)state;
    start_resize("cubic", PATTERN(1, 1, 2, 2), "asymmetric", "floor", LIST(1, 1, 4, 4));
    refuse(FOV_ERR_UNSUPPORTED, "'mode' asks for 'cubic'");
    start_resize("nearest", PATTERN(1, 1, 2, 2), "tf_crop_and_resize", "floor", LIST(1, 1, 4, 4));
    refuse(FOV_ERR_UNSUPPORTED, "tf_crop_and_resize");
    start_resize("nearest", PATTERN(1, 1, 2, 2), "asymmetric", "floor", LIST(1, 4, 4));
    refuse(FOV_ERR_FORMAT, "3 elements for 4 dimensions");
    start_resize("nearest", PATTERN(1, 1, 2, 2), "asymmetric", "floor", LIST(1, 1, -4, 4));
    refuse(FOV_ERR_FORMAT, "cannot resize 2 to -4");
    start_resize("nearest", PATTERN(1, 1, 0, 2), "asymmetric", "floor", LIST(1, 1, 4, 4));
    refuse(FOV_ERR_FORMAT, "cannot resize 0 to 4");
    start_resize("nearest", PATTERN(1, 1, 2, 2), "asymmetric", "floor", LIST(1, 1, 1LL << 40, 1LL << 40));
    refuse(FOV_ERR_LIMIT, "would be");
    static const double bad[] = {0, -1, NAN, INFINITY, 1e30};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start(FOV_OP_Resize, 13);
        give(PATTERN(1, 1, 2, 2));
        leave_out();
        give(F32(DIMS(4), 1, 1, bad[i], 1));
        refuse(FOV_ERR_FORMAT, "cannot scale 2 by");
    }
    start(FOV_OP_Resize, 13);
    give(PATTERN(1, 1, 2, 2));
    refuse(FOV_ERR_FORMAT, "either scales or sizes");
    leave_out();
    give_unknown(F32(DIMS(4), 1, 1, 2, 2));
    refuse(FOV_ERR_UNSUPPORTED, "depends on the values of the graph's input");
}

static void pad(void **state)
{
    (void)state;
    start(FOV_OP_Pad, 13); /* recorded, all three */
    give(PATTERN(2, 3));
    give(LIST(1, 2, 0, 1));
    attr_string("mode", "reflect");
    want(F32(DIMS(3, 6), -0.75, 0.25, 1.25, 0.25, -0.75, 0.25, -0.5, 0.5, -1.25, 0.5, -0.5, 0.5, -0.75, 0.25, 1.25, 0.25, -0.75,
             0.25));
    verify();
    start(FOV_OP_Pad, 10);
    give(PATTERN(2, 3));
    INTS("pads", 1, 2, 0, 1);
    attr_string("mode", "edge");
    want(F32(DIMS(3, 6), -1.25, -1.25, -1.25, 0.5, -0.5, -0.5, -1.25, -1.25, -1.25, 0.5, -0.5, -0.5, 1.25, 1.25, 1.25, 0.25, -0.75,
             -0.75));
    verify();
    start(FOV_OP_Pad, 13);
    give(PATTERN(2, 3));
    give(LIST(1, -1, 0, 1));
    give(F32(SCALAR, 9));
    want(F32(DIMS(3, 3), 9, 9, 9, 0.5, -0.5, 9, 0.25, -0.75, 9));
    verify();
    start(FOV_OP_Pad, 18);
    give(I64(DIMS(2, 1), 1, 2));
    give(LIST(1, 0));
    leave_out();
    give(LIST(-1));
    want(I64(DIMS(2, 2), 0, 1, 0, 2));
    verify();
}

static void pad_refuses(void **state)
{
    (void)state;
    start(FOV_OP_Pad, 13);
    give(PATTERN(2, 3));
    give(LIST(1, 2, 0));
    refuse(FOV_ERR_FORMAT, "3 pads for 2 dimensions");
    start(FOV_OP_Pad, 13);
    give(PATTERN(3));
    give(LIST(-2, -2));
    refuse(FOV_ERR_FORMAT, "cannot pad 3");
    start(FOV_OP_Pad, 13);
    give(PATTERN(3));
    give(I64(DIMS(2), 0x1p62, 0x1p62));
    refuse(FOV_ERR_FORMAT, "cannot pad 3");
    start(FOV_OP_Pad, 13);
    give(PATTERN(3));
    give(LIST(1, 1));
    attr_string("mode", "wrap");
    refuse(FOV_ERR_UNSUPPORTED, "mode 'wrap'");
    start(FOV_OP_Pad, 13);
    give(PATTERN(0));
    give(LIST(1, 1));
    attr_string("mode", "edge");
    refuse(FOV_ERR_FORMAT, "no edge");
}

/* ---------------------------------------------------------------- moving elements */

static void concat(void **state)
{
    (void)state;
    start(FOV_OP_Concat, 13);
    give(F32(DIMS(1, 1, 1, 2), 1, 2));
    give(F32(DIMS(1, 2, 1, 2), 3, 4, 5, 6));
    give(F32(DIMS(1, 0, 1, 2), 0));
    INTS("axis", -3);
    want(F32(DIMS(1, 3, 1, 2), 1, 2, 3, 4, 5, 6));
    verify();
    start(FOV_OP_Concat, 13);
    give(LIST(1));
    give(LIST(2, 3));
    INTS("axis", 0);
    want(LIST(1, 2, 3));
    verify();
    start(FOV_OP_Concat, 13);
    give(PATTERN(2, 2));
    give(PATTERN(3, 2));
    refuse(FOV_ERR_FORMAT, "does not say along which axis");
    INTS("axis", 1);
    refuse(FOV_ERR_FORMAT, "input 1, 3x2, does not continue 2x2");
    start(FOV_OP_Concat, 13);
    give(PATTERN(2, 2));
    give(PATTERN(2));
    INTS("axis", 1);
    refuse(FOV_ERR_FORMAT, "does not continue");
    start(FOV_OP_Concat, 13);
    give(PATTERN(2, 2));
    leave_out();
    INTS("axis", 1);
    refuse(FOV_ERR_FORMAT, "input 1 is left out");
    start(FOV_OP_Concat, 13);
    refuse(FOV_ERR_FORMAT, "has 0 inputs");
    give(F32(SCALAR, 1));
    INTS("axis", 0);
    refuse(FOV_ERR_FORMAT, "rank 0");
}

static void split(void **state)
{
    (void)state;
    start(FOV_OP_Split, 11);
    give(F32(DIMS(2, 3), 1, 2, 3, 4, 5, 6));
    INTS("axis", 1);
    INTS("split", 1, 2);
    want(F32(DIMS(2, 1), 1, 4));
    want(F32(DIMS(2, 2), 2, 3, 5, 6));
    verify();
    start(FOV_OP_Split, 13);
    give(LIST(1, 2, 3, 4));
    want(LIST(1, 2));
    want(LIST(3, 4));
    verify();
    start(FOV_OP_Split, 18); /* recorded */
    give(PATTERN(7));
    INTS("num_outputs", 3);
    want(F32(DIMS(3), -1.25, 0.5, -0.5));
    want(F32(DIMS(3), 1.25, 0.25, -0.75));
    want(F32(DIMS(1), 1));
    verify();
    start(FOV_OP_Split, 13);
    give(PATTERN(4));
    give(LIST(3, 2));
    now.n_out = 2;
    refuse(FOV_ERR_FORMAT, "part 1 of 2 does not fit into the 1 left");
    start(FOV_OP_Split, 13);
    give(PATTERN(4));
    give(LIST(5, -1));
    now.n_out = 2;
    refuse(FOV_ERR_FORMAT, "part 0 of 5");
    start(FOV_OP_Split, 13);
    give(PATTERN(5));
    now.n_out = 2;
    refuse(FOV_ERR_FORMAT, "cannot cut 5 into 2");
}

static void slice(void **state)
{
    (void)state;
    start(FOV_OP_Slice, 9);
    give(F32(DIMS(2, 3), 1, 2, 3, 4, 5, 6));
    INTS("starts", 1, -2);
    INTS("ends", INT64_MAX, 3);
    want(F32(DIMS(1, 2), 5, 6));
    verify();
    start(FOV_OP_Slice, 13); /* recorded */
    give(PATTERN(3, 5));
    give(LIST(-1, 10));
    give(LIST(-100, -6));
    give(LIST(0, 1));
    give(LIST(-2, -2));
    want(F32(DIMS(2, 3), 1.25, 0.5, -0.25, 0.25, -0.5, -1.25));
    verify();
    start(FOV_OP_Slice, 13); /* reversed to the very beginning */
    give(LIST(1, 2, 3));
    give(LIST(-1));
    give(LIST(INT64_MIN));
    give(LIST(0));
    give(LIST(-1));
    want(LIST(3, 2, 1));
    verify();
    start(FOV_OP_Slice, 13);
    give(LIST(1, 2, 3));
    give(LIST(2));
    give(LIST(1));
    want(I64(DIMS(0), 0));
    verify();
    start(FOV_OP_Slice, 13);
    give(LIST(1, 2, 3));
    give(LIST(0));
    give(LIST(1));
    give(LIST(0));
    give(LIST(0));
    refuse(FOV_ERR_FORMAT, "step of 0");
    start(FOV_OP_Slice, 13);
    give(PATTERN(2, 2));
    give(LIST(0, 0));
    give(LIST(1, 1));
    give(LIST(1, -1));
    refuse(FOV_ERR_FORMAT, "axis 1 is given twice");
    start(FOV_OP_Slice, 13);
    give(PATTERN(2));
    give(LIST(0, 0));
    give(LIST(1, 1));
    refuse(FOV_ERR_FORMAT, "slices 2 axes");
    start(FOV_OP_Slice, 13);
    give(PATTERN(2));
    refuse(FOV_ERR_FORMAT, "starts");
}

static void gather(void **state)
{
    (void)state;
    start(FOV_OP_Gather, 13); /* recorded */
    give(PATTERN(3, 4));
    give(I64(DIMS(2, 2), 1, -1, 0, -4));
    INTS("axis", 1);
    want(F32(DIMS(3, 2, 2), 0.5, 1.25, -1.25, -1.25, -0.75, 0, 0.25, 0.25, 0.75, -1.25, -1, -1));
    verify();
    start(FOV_OP_Gather, 13);
    give(LIST(10, 20, 30));
    give(I64(SCALAR, -1));
    want(I64(SCALAR, 30));
    verify();
    start(FOV_OP_Gather, 13);
    give(LIST(10, 20));
    give(I64(SCALAR, 2));
    want(I64(SCALAR, 0));
    refuse(FOV_ERR_FORMAT, "index 2 is outside of a dimension of 2");
    start(FOV_OP_Gather, 13);
    give(PATTERN(1, 1, 1, 1));
    give(I64(DIMS(1, 1, 1, 1), 0));
    refuse(FOV_ERR_UNSUPPORTED, "rank 7");
    start(FOV_OP_Gather, 13);
    give(F32(SCALAR, 1));
    give(LIST(0));
    refuse(FOV_ERR_FORMAT, "rank 0");
}

static void transpose(void **state)
{
    (void)state;
    start(FOV_OP_Transpose, 13);
    give(F32(DIMS(1, 2, 1, 3), 1, 2, 3, 4, 5, 6));
    INTS("perm", 0, 2, 3, 1);
    want(F32(DIMS(1, 1, 3, 2), 1, 4, 2, 5, 3, 6));
    verify();
    start(FOV_OP_Transpose, 13);
    give(F32(DIMS(2, 3), 1, 2, 3, 4, 5, 6));
    want(F32(DIMS(3, 2), 1, 4, 2, 5, 3, 6));
    verify();
    start(FOV_OP_Transpose, 13);
    give(PATTERN(2, 3));
    INTS("perm", 0, 0);
    refuse(FOV_ERR_FORMAT, "axis 0 is given twice");
    start(FOV_OP_Transpose, 13);
    give(PATTERN(2, 3));
    INTS("perm", 0);
    refuse(FOV_ERR_FORMAT, "permutes 1 dimensions of 2");
    start(FOV_OP_Transpose, 13);
    give(PATTERN(2, 3));
    INTS("perm", 0, 2);
    refuse(FOV_ERR_FORMAT, "axis 2 is outside");
}

static void start_reshape(tensor x, tensor shape)
{
    start(FOV_OP_Reshape, 14);
    give(x);
    give(shape);
}

static void reshape(void **state)
{
    (void)state;
    start_reshape(PATTERN(2, 3, 2), LIST(0, -1));
    want(PATTERN(2, 6));
    verify();
    start_reshape(PATTERN(0, 3), LIST(3, 0));
    INTS("allowzero", 1);
    want(F32(DIMS(3, 0), 0));
    verify();
    start_reshape(PATTERN(1), I64(DIMS(0), 0));
    want(F32(SCALAR, -1.25));
    verify();
    start_reshape(PATTERN(2, 3), LIST(-1, -1));
    refuse(FOV_ERR_FORMAT, "dimension 1 cannot be -1");
    start_reshape(PATTERN(2, 3), LIST(4, -1));
    refuse(FOV_ERR_FORMAT, "cannot make 4x1 of 2x3");
    start_reshape(PATTERN(2, 3), LIST(7));
    refuse(FOV_ERR_FORMAT, "cannot make 7 of 2x3");
    start_reshape(PATTERN(2, 3), LIST(6, 1, 0));
    refuse(FOV_ERR_FORMAT, "dimension 2 is to be kept");
    start_reshape(PATTERN(2, 3), LIST(1LL << 40, 1LL << 40));
    refuse(FOV_ERR_LIMIT, "too many elements");
    start_reshape(PATTERN(2, 3), LIST(-2, 3));
    refuse(FOV_ERR_FORMAT, "cannot be -2");
    start_reshape(PATTERN(2, 3), LIST(1, 1, 1, 1, 1, 1, 6));
    refuse(FOV_ERR_UNSUPPORTED, "7 dimensions");
    start_reshape(PATTERN(0, 3), LIST(0, -1));
    refuse(FOV_ERR_FORMAT, "cannot make");
    start_reshape(PATTERN(2, 3), PATTERN(2));
    refuse(FOV_ERR_FORMAT, "list of integers");
    start(FOV_OP_Reshape, 14);
    give(PATTERN(2, 3));
    give_unknown(LIST(6));
    refuse(FOV_ERR_UNSUPPORTED, "follow from constants");
}

static void flatten(void **state)
{
    (void)state;
    start(FOV_OP_Flatten, 13);
    give(PATTERN(2, 3, 2));
    want(PATTERN(2, 6));
    verify();
    start(FOV_OP_Flatten, 13);
    give(PATTERN(2, 3, 2));
    INTS("axis", 0);
    want(PATTERN(1, 12));
    verify();
    start(FOV_OP_Flatten, 13);
    give(PATTERN(2, 3, 2));
    INTS("axis", -1);
    want(PATTERN(6, 2));
    verify();
    start(FOV_OP_Flatten, 13);
    give(PATTERN(2));
    INTS("axis", 2);
    refuse(FOV_ERR_FORMAT, "axis 2");
}

static void squeeze_unsqueeze(void **state)
{
    (void)state;
    start(FOV_OP_Squeeze, 11);
    give(PATTERN(1, 2, 1));
    INTS("axes", -1);
    want(PATTERN(1, 2));
    verify();
    start(FOV_OP_Squeeze, 13);
    give(PATTERN(1, 2, 1));
    want(PATTERN(2));
    verify();
    start(FOV_OP_Squeeze, 13);
    give(PATTERN(1, 2, 1));
    give(LIST(1));
    refuse(FOV_ERR_FORMAT, "cannot drop dimension 1");
    start(FOV_OP_Unsqueeze, 11);
    give(PATTERN(2));
    INTS("axes", 0, 2);
    want(PATTERN(1, 2, 1));
    verify();
    start(FOV_OP_Unsqueeze, 13);
    give(I64(SCALAR, 5));
    give(LIST(-1));
    want(LIST(5));
    verify();
    start(FOV_OP_Unsqueeze, 13);
    give(PATTERN(2));
    give(LIST(0, -3));
    refuse(FOV_ERR_FORMAT, "axis 0 is given twice");
    start(FOV_OP_Unsqueeze, 13);
    give(PATTERN(2));
    give(LIST(0, 1, 2, 3, 4, 5));
    refuse(FOV_ERR_UNSUPPORTED, "at most 6");
    start(FOV_OP_Unsqueeze, 13);
    give(PATTERN(2));
    refuse(FOV_ERR_UNSUPPORTED, "inserts 0");
}

static void expand(void **state)
{
    (void)state;
    start(FOV_OP_Expand, 13);
    give(F32(DIMS(2, 1), 1, 2));
    give(LIST(2, 1, 3));
    want(F32(DIMS(2, 2, 3), 1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2));
    verify();
    start(FOV_OP_Expand, 13);
    give(PATTERN(2));
    give(LIST(3));
    refuse(FOV_ERR_FORMAT, "cannot be broadcast");
    start(FOV_OP_Expand, 13);
    give(PATTERN(1));
    give(LIST(1LL << 20, 1LL << 20, 1LL << 30));
    refuse(FOV_ERR_LIMIT, "would be");
    start(FOV_OP_Expand, 13);
    give(PATTERN(1));
    give(LIST(-5));
    refuse(FOV_ERR_LIMIT, "would be");
}

static void tile(void **state)
{
    (void)state;
    start(FOV_OP_Tile, 13);
    give(F32(DIMS(1, 2), 1, 2));
    give(LIST(2, 2));
    want(F32(DIMS(2, 4), 1, 2, 1, 2, 1, 2, 1, 2));
    verify();
    start(FOV_OP_Tile, 13);
    give(PATTERN(2, 3));
    give(LIST(2));
    refuse(FOV_ERR_FORMAT, "1 repeats for 2 dimensions");
    start(FOV_OP_Tile, 13);
    give(PATTERN(4));
    give(LIST(1LL << 62));
    refuse(FOV_ERR_FORMAT, "cannot repeat");
}

static void equal_where(void **state)
{
    (void)state;
    start(FOV_OP_Equal, 13);
    give(I64(DIMS(3), -1, 4, 5));
    give(I64(DIMS(1), -1));
    want(BOOLS(DIMS(3), 1, 0, 0));
    verify();
    start(FOV_OP_Equal, 13);
    give(F32(DIMS(2), 1, 2));
    give(F32(DIMS(2, 1), 1, 2));
    want(BOOLS(DIMS(2, 2), 1, 0, 0, 1));
    verify();
    start(FOV_OP_Where, 13);
    give(BOOLS(DIMS(3), 1, 0, 0));
    give(I64(DIMS(1), 7));
    give(I64(DIMS(2, 1), 1, 2));
    want(I64(DIMS(2, 3), 7, 1, 1, 7, 2, 2));
    verify();
    start(FOV_OP_Where, 13);
    give(BOOLS(DIMS(1), 1));
    give(PATTERN(1));
    give(I64(DIMS(1), 1));
    refuse(FOV_ERR_FORMAT, "different element types");
}

/* ---------------------------------------------------------------- shapes and types */

static void shapes(void **state)
{
    (void)state;
    start(FOV_OP_Shape, 13);
    give_unknown(PATTERN(2, 3, 4));
    want(LIST(2, 3, 4));
    verify();
    start(FOV_OP_Shape, 15);
    give_unknown(PATTERN(2, 3, 4));
    INTS("start", -2);
    INTS("end", 100);
    want(LIST(3, 4));
    verify();
    start(FOV_OP_Shape, 15);
    give_unknown(PATTERN(2, 3, 4));
    INTS("start", INT64_MAX);
    INTS("end", INT64_MIN);
    want(I64(DIMS(0), 0));
    verify();
    start(FOV_OP_ConstantOfShape, 13);
    give(LIST(2, 2));
    want(F32(DIMS(2, 2), 0, 0, 0, 0));
    verify();
    start(FOV_OP_ConstantOfShape, 13);
    give(LIST(2));
    INTS("value", 7);
    want(LIST(7, 7));
    verify();
    start(FOV_OP_ConstantOfShape, 13);
    give(LIST(1LL << 32));
    refuse(FOV_ERR_LIMIT, "would be 4294967296");
}

static void start_range(tensor first, tensor limit, tensor delta)
{
    start(FOV_OP_Range, 13);
    give(first);
    give(limit);
    give(delta);
}

static void ranges(void **state)
{
    (void)state;
    start_range(I64(SCALAR, 2), I64(SCALAR, 9), I64(SCALAR, 3));
    want(LIST(2, 5, 8));
    verify();
    start_range(F32(SCALAR, 1), F32(SCALAR, 0), F32(SCALAR, -.25));
    want(F32(DIMS(4), 1, .75, .5, .25));
    verify();
    start_range(I64(SCALAR, 2), I64(SCALAR, 2), I64(SCALAR, 1));
    want(I64(DIMS(0), 0));
    verify();
    start_range(I64(SCALAR, 0), I64(SCALAR, 9), I64(SCALAR, 0));
    refuse(FOV_ERR_LIMIT, "steps of 0");
    start_range(I64(SCALAR, 0), I64(SCALAR, 0x1p40), I64(SCALAR, 1));
    refuse(FOV_ERR_LIMIT, "cannot count");
    start_range(F32(SCALAR, 0), F32(SCALAR, NAN), F32(SCALAR, 1));
    refuse(FOV_ERR_LIMIT, "cannot count");
    start_range(I64(SCALAR, 0), F32(SCALAR, 3), I64(SCALAR, 1));
    refuse(FOV_ERR_FORMAT, "one type");
}

static void start_cast(int64_t to, tensor x)
{
    start(FOV_OP_Cast, 13);
    give(x);
    INTS("to", to);
}

static void casts(void **state)
{
    (void)state;
    start_cast(7, F32(DIMS(5), 1.9, -1.9, NAN, 1e30, -1e30));
    want(I64(DIMS(5), 1, -1, 0, 0x1p63, -0x1p63)); /* INT64_MAX reads as 2^63 in double */
    verify();
    start_cast(6, F32(DIMS(1), 3));
    want(LIST(3));
    verify();
    start_cast(11, LIST(-3, 4));
    want(F32(DIMS(2), -3, 4));
    verify();
    start_cast(9, F32(DIMS(3), 0, -0.5, 2));
    want(BOOLS(DIMS(3), 0, 1, 1));
    verify();
    start_cast(1, BOOLS(DIMS(2), 0, 1));
    want(F32(DIMS(2), 0, 1));
    verify();
    start_cast(10, F32(DIMS(1), 1));
    refuse(FOV_ERR_UNSUPPORTED, "type 10");
    start_cast(INT64_MIN, F32(DIMS(1), 1));
    refuse(FOV_ERR_UNSUPPORTED, "none of float");
}

static void identity_dropout(void **state)
{
    (void)state;
    map_case(FOV_OP_Identity, PATTERN(2, 3), PATTERN(2, 3));
    verify();
    map_case(FOV_OP_Dropout, PATTERN(2, 1), PATTERN(2, 1));
    want(BOOLS(DIMS(2, 1), 1, 1));
    verify();
    start(FOV_OP_Dropout, 13);
    give(PATTERN(2));
    leave_out();
    give(BOOLS(SCALAR, 1));
    refuse(FOV_ERR_UNSUPPORTED, "training");
}

/* ---------------------------------------------------------------- the table */

static void every_row_has_its_definition(void **state)
{
    static const char *const names[] = {
#define FOV_OP(name, definition, cpu, cuda) #name,
#include "graph/ops.def"
#undef FOV_OP
    };
    (void)state;
    for (int i = 0; i < FOV_OP_COUNT; i++) {
        const fov_op_def *def = fov_op_def_of((fov_op)i);
        assert_string_equal(def->name, names[i]);
        assert_int_equal(fov_op_find(names[i]), i);
        assert_non_null(def->infer);
        assert_non_null(def->run);
        assert_true(def->min_in >= 1 && def->max_in >= def->min_in && def->max_out >= 1);
    }
    assert_int_equal(fov_op_find("Gelu"), FOV_OP_COUNT);
}

static tensor random_tensor(test_random *r, bool may_be_list)
{
    tensor t = {.dtype = FOV_F32};
    if (test_random_int(r, 0, 3) == 0) t.dtype = (fov_dtype)test_random_int(r, 0, 2);
    if (may_be_list && test_random_int(r, 0, 1)) t.dtype = FOV_I64;
    t.rank = may_be_list && t.dtype == FOV_I64 ? 1 : test_random_int(r, 0, 4);
    for (int d = 0; d < t.rank; d++) t.dim[d] = test_random_int(r, test_random_int(r, 0, 1), 3);
    for (int v = 0; v < 81; v++) t.v[v] = test_random_int(r, -3, 6);
    return t;
}

static void random_case(test_random *r, fov_op op)
{
    static const char *const attrs[] = {"axis",  "axes",   "perm", "pads",        "strides",   "split", "kernel_shape",
                                        "group", "starts", "ends", "num_outputs", "dilations", "to",    "fused_residual_scale"};
    start(op, test_random_int(r, 9, 21));
    for (int k = 0, n_in = test_random_int(r, 0, 5); k < n_in; k++) {
        if (test_random_int(r, 0, 9) == 0) leave_out();
        else give(random_tensor(r, k > 0));
    }
    for (int k = test_random_int(r, 0, 2); k > 0; k--) {
        int64_t ints[] = {test_random_int(r, -4, 6), test_random_int(r, 0, 3), test_random_int(r, 0, 3), 1};
        attr_ints(attrs[test_random_int(r, 0, (int)(sizeof attrs / sizeof *attrs) - 1)], (size_t)test_random_int(r, 0, 4), ints);
    }
}

/** Every operator, with random types, ranks, shapes and attributes: an error or a result, never a crash. */
static void random_calls(void **state)
{
    static block out_memory;
    test_random  r = {2024};
    int          accepted = 0;
    (void)state;
    for (int i = 0; i < 40000; i++) {
        call_ports ports;
        fov_view   out = {0};
        size_t     count = 0;
        random_case(&r, (fov_op)(i % FOV_OP_COUNT));
        now.n_out = 1;
        make_call(&ports, 0, &out);
        if (fov_op_infer(&ports.call, &err)) continue;
        assert_true(fov_op_shape_allowed(&out.shape));
        assert_true(fov_shape_count(&out.shape, &count));
        if (count > PADDED) continue;
        out.data = out_memory.byte;
        accepted += fov_op_def_of(now.graph->node->op)->run(&ports.call, &err) == FOV_OK;
    }
    assert_true(accepted > 2000);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
    static const struct CMUnitTest tests[] = {
        T(conv_recorded),
        T(conv_auto_pad),
        T(conv_fused),
        T(conv_refuses),
        T(batch_normalization),
        T(activations),
        T(prelu),
        T(clip),
        T(binaries),
        T(binaries_refuse),
        T(softmax),
        T(max_pool_recorded),
        T(max_pool),
        T(resize_nearest),
        T(resize_linear),
        T(resize_old),
        T(resize_scales),
        T(resize_refuses),
        T(pad),
        T(pad_refuses),
        T(concat),
        T(split),
        T(slice),
        T(gather),
        T(transpose),
        T(reshape),
        T(flatten),
        T(squeeze_unsqueeze),
        T(expand),
        T(tile),
        T(equal_where),
        T(shapes),
        T(ranges),
        T(casts),
        T(identity_dropout),
        T(every_row_has_its_definition),
        T(random_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
