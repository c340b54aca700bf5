// SPDX-License-Identifier: MIT
/* Every operator of the CUDA column of ops.def, alone, on the emulated GPU against "reference", for random shapes, types and places
 * in memory. */
#include "layer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHAPE(...)                                                                                                                 \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[])                                                                \
    {                                                                                                                              \
        __VA_ARGS__                                                                                                                \
    }
#define INTS(node, name, ...)                                                                                                      \
    assert_ok(fov_node_set_ints(node, name, (int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), &err))

static fov_error         err;
static const layer_bound same = {0, 0};
static const fov_dtype   types[] = {FOV_F32, FOV_F16, FOV_BF16, FOV_U8};

static fov_dtype any_type(layer *l)
{
    return types[layer_pick(l, 0, 3)];
}

/* ---------------------------------------------------------------- Conv */

/* What a random convolution is made of. */
typedef struct conv_case {
    fov_dtype x, w, y;
    int64_t   n, cin, cout, group, h, wide, kernel[2], stride[2], dilation[2], pads[4];
} conv_case;

/* Floats as tensor cores take them, floats that differ, and bytes. */
static void pick_types(layer *l, conv_case *c)
{
    c->x = any_type(l);
    c->w = c->x == FOV_U8 ? FOV_I8 : layer_pick(l, 0, 3) ? c->x : types[layer_pick(l, 0, 2)];
    c->y = layer_pick(l, 0, 1) ? c->x : any_type(l);
}

/* Half of the channel counts, and of where tensors lie, are what products in chunks of 16 bytes want. */
static void pick_channels(layer *l, conv_case *c)
{
    static const int even[] = {8, 16, 24, 32, 64, 80, 128};
    l->align = layer_pick(l, 0, 2) ? 16 : 1;
    c->group = layer_pick(l, 0, 4) ? 1 : layer_pick(l, 2, 5);
    c->cin = c->group * (l->align > 1 ? even[layer_pick(l, 0, c->group > 1 ? 2 : 6)] : layer_pick(l, 1, 40));
    c->cout = c->group * (layer_pick(l, 0, 1) ? even[layer_pick(l, 0, c->group > 1 ? 2 : 6)] : layer_pick(l, 1, 70));
    if (layer_pick(l, 0, 7) == 0) c->group = c->cout = c->cin;
}

static void pick_window(layer *l, conv_case *c)
{
    for (int i = 0; i < 2; i++) {
        c->kernel[i] = layer_pick(l, 0, 1) ? 3 : layer_pick(l, 1, 7);
        c->stride[i] = layer_pick(l, 1, 3);
        c->dilation[i] = layer_pick(l, 0, 3) ? 1 : layer_pick(l, 2, 3);
    }
    if (layer_pick(l, 0, 2) == 0) c->kernel[0] = c->kernel[1] = 1;
    for (int i = 0; i < 4; i++) c->pads[i] = layer_pick(l, 0, (int)c->kernel[i % 2] - 1);
    c->n = layer_pick(l, 1, 3);
    c->h = (c->kernel[0] - 1) * c->dilation[0] + layer_pick(l, 1, 12);
    c->wide = (c->kernel[1] - 1) * c->dilation[1] + layer_pick(l, 1, layer_pick(l, 0, 3) ? 12 : 60);
}

static int64_t out_side(const conv_case *c, int i)
{
    const int64_t in = i ? c->wide : c->h;
    return (in + c->pads[i] + c->pads[i + 2] - (c->kernel[i] - 1) * c->dilation[i] - 1) / c->stride[i] + 1;
}

static void set_window(fov_node *node, const conv_case *c)
{
    assert_ok(fov_node_set_ints(node, "strides", c->stride, 2, &err));
    assert_ok(fov_node_set_ints(node, "dilations", c->dilation, 2, &err));
    assert_ok(fov_node_set_ints(node, "pads", c->pads, 4, &err));
    assert_ok(fov_node_set_int(node, "group", c->group, &err));
}

static int add_residual(layer *l, const conv_case *c, bool after, int64_t scale)
{
    const int64_t dim[4] = {c->n, c->cout, out_side(c, 0) / scale, out_side(c, 1) / scale};
    return after || layer_pick(l, 0, 1) ? layer_input(l, any_type(l), 4, dim, -1, 1) : FOV_NONE;
}

/* @param x the value it reads; FOV_NONE: one is made */
static void add_conv(layer *l, const conv_case *c, int x, bool residual)
{
    static const float slopes[] = {1, 0, 0.1F, -0.5F};
    const int64_t      scale = out_side(c, 0) % 2 == 0 && out_side(c, 1) % 2 == 0 && layer_pick(l, 0, 1) ? 2 : 1;
    const bool         after = scale > 1 || layer_pick(l, 0, 1);
    if (x == FOV_NONE) x = layer_input(l, c->x, 4, (int64_t[]){c->n, c->cin, c->h, c->wide}, -1, 1);
    const int w = layer_constant(l, c->w, SHAPE(c->cout, c->cin / c->group, c->kernel[0], c->kernel[1]), NULL);
    const int bias = layer_pick(l, 0, 2) ? layer_constant(l, FOV_F32, SHAPE(c->cout), NULL) : FOV_NONE;
    const int r = residual ? add_residual(l, c, after, scale) : FOV_NONE;
    fov_node *node = layer_node(l, FOV_OP_Conv, (int[]){x, w, bias, r}, 4);
    set_window(node, c);
    assert_ok(fov_node_set_float(node, "fused_slope", slopes[layer_pick(l, 0, 3)], &err));
    if (r != FOV_NONE) {
        assert_ok(fov_node_set_string(node, "fused_residual", after ? "after" : "before", &err));
        assert_ok(fov_node_set_int(node, "fused_residual_scale", scale, &err));
    }
    layer_outputs(l, 1, c->y, FOV_NONE);
}

/* Integers are exact, and what follows them is rounded in a stated order: the same bits. Products of two halves or bfloat16 are
 * exact in floats, those of floats rounded once; sums of k of them are off by at most k roundings of what they could have been at
 * most, each of 2^-24, or on tensor cores, which may cut off, 2^-23. An output that is stored in fewer bits may then go to the
 * neighbour. */
static void check_conv(layer *l, const conv_case *c)
{
    const double terms = (double)(c->cin / c->group * c->kernel[0] * c->kernel[1]) + 4;
    double      *magnitude = c->x == FOV_U8 ? NULL : layer_conv_magnitude(l);
    layer_check(l, "cuda", same, magnitude, terms * 0x1p-23);
    free(magnitude);
}

static void convolutions(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 400; i++) {
        layer     l = layer_begin(1000 + i);
        conv_case c;
        pick_types(&l, &c);
        pick_channels(&l, &c);
        pick_window(&l, &c);
        add_conv(&l, &c, FOV_NONE, true);
        check_conv(&l, &c);
        layer_end(&l);
    }
}

/* More pixels and channels than a tile has, and a long sum. */
static void large_convolutions(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 8; i++) {
        layer     l = layer_begin(2000 + i);
        conv_case c = {types[i % 4], types[i % 4], types[i % 4], 2,      i < 4 ? 64 : 128, i < 4 ? 136 : 72, 1,
                       24,           21,           {3, 3},       {1, 1}, {1, 1},           {1, 1, 1, 1}};
        if (c.x == FOV_U8) c.w = FOV_I8;
        l.align = 16;
        add_conv(&l, &c, FOV_NONE, i % 2);
        check_conv(&l, &c);
        layer_end(&l);
    }
}

static void joined_convolutions(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        layer     l = layer_begin(3000 + i);
        conv_case c;
        const int count = layer_pick(&l, 2, FOV_STEP_NODES);
        int       x = FOV_NONE;
        pick_types(&l, &c);
        c.w = c.x == FOV_U8 ? FOV_I8 : c.x;
        pick_channels(&l, &c);
        pick_window(&l, &c);
        c.group = 1;
        for (int k = 0; k < count; k++) {
            c.cout = layer_pick(&l, 0, 1) ? 8 * layer_pick(&l, 1, 5) : layer_pick(&l, 1, 30);
            c.y = any_type(&l);
            add_conv(&l, &c, x, false);
            x = l.in[0].value;
        }
        /* all at once as each alone; of floats by a bound that serves all: at most 1 * 1 a term, and the bias */
        const double terms = (double)(c.cin * c.kernel[0] * c.kernel[1]) + 4;
        layer_check(&l, "cuda", (layer_bound){c.x == FOV_U8 ? 0 : terms * terms * 0x1p-23, 0}, NULL, 0);
        layer_end(&l);
    }
}

/* ---------------------------------------------------------------- element by element */

/* Shapes that are broadcast to `dim`: of any rank, any dimension 1. */
static int add_broadcast(layer *l, fov_dtype dtype, int rank, const int64_t *dim, bool constant, float low)
{
    int64_t   mine[FOV_MAX_RANK];
    const int mine_rank = rank == 4 ? 4 : layer_pick(l, constant ? 0 : 1, rank);
    for (int i = 0; i < mine_rank; i++) mine[i] = layer_pick(l, 0, 2) ? dim[rank - mine_rank + i] : 1;
    return constant ? layer_constant(l, dtype, mine_rank, mine, NULL) : layer_input(l, dtype, mine_rank, mine, low, 2);
}

static int pick_shape(layer *l, int64_t *dim)
{
    const int rank = layer_pick(l, 0, 2) ? 4 : layer_pick(l, 1, FOV_MAX_RANK);
    for (int i = 0; i < rank; i++) dim[i] = layer_pick(l, 1, rank > 4 ? 4 : 9);
    return rank;
}

/* Types other than F32 are those of activations, of rank 4. */
static fov_dtype type_for(layer *l, int rank)
{
    return rank == 4 ? any_type(l) : FOV_F32;
}

/* Of two floats: rounded once, as the definitions' doubles are. Stored in fewer bits, the same again. */
static void pairs(void **state)
{
    static const fov_op ops[] = {FOV_OP_Add, FOV_OP_Sub, FOV_OP_Mul, FOV_OP_Div};
    (void)state;
    for (uint64_t i = 0; i < 240; i++) {
        layer        l = layer_begin(4000 + i);
        int64_t      dim[FOV_MAX_RANK];
        const int    rank = pick_shape(&l, dim);
        const fov_op op = ops[i % 4];
        const float  low = op == FOV_OP_Div ? 0.1F : -2;
        int          in[2];
        const bool   swap = layer_pick(&l, 0, 1) && op != FOV_OP_Div, constant = layer_pick(&l, 0, 1) && op != FOV_OP_Div;
        in[swap] = layer_input(&l, type_for(&l, rank), rank, dim, -2, 2);
        in[!swap] = add_broadcast(&l, constant || op == FOV_OP_Div ? FOV_F32 : type_for(&l, rank), rank, dim, constant, low);
        layer_node(&l, op, in, 2);
        layer_outputs(&l, 1, type_for(&l, rank), FOV_NONE);
        layer_check(&l, "cuda", same, NULL, 0);
        layer_end(&l);
    }
}

static void set_parameters(layer *l, fov_node *node)
{
    if (node->op == FOV_OP_LeakyRelu && layer_pick(l, 0, 2)) assert_ok(fov_node_set_float(node, "alpha", 0.3F, &err));
}

/* exp and its sums are within a few units in the last place of floats, 2^-24 each. */
static void singles(void **state)
{
    static const fov_op ops[] = {FOV_OP_Relu, FOV_OP_LeakyRelu, FOV_OP_Sigmoid, FOV_OP_Exp,     FOV_OP_Floor,
                                 FOV_OP_Ceil, FOV_OP_Identity,  FOV_OP_Dropout, FOV_OP_Convert, FOV_OP_PRelu};
    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        layer        l = layer_begin(5000 + i);
        int64_t      dim[FOV_MAX_RANK];
        const int    rank = pick_shape(&l, dim);
        const fov_op op = ops[i % (sizeof ops / sizeof *ops)];
        const bool   rounds = op == FOV_OP_Sigmoid || op == FOV_OP_Exp;
        const int    x = layer_input(&l, type_for(&l, rank), rank, dim, -6, 6);
        const int    slope = op == FOV_OP_PRelu ? layer_constant(&l, FOV_F32, SHAPE(rank > 1 ? dim[rank - 1] : 1), NULL) : FOV_NONE;
        set_parameters(&l, layer_node(&l, op, (int[]){x, slope}, op == FOV_OP_PRelu ? 2 : 1));
        layer_outputs(&l, 1, type_for(&l, rank), FOV_NONE);
        layer_check(&l, "cuda", (layer_bound){0, rounds ? 0x1p-20 : 0}, NULL, 0);
        layer_end(&l);
    }
}

/* PRelu's slopes as networks have them, one a channel. */
static void slopes_of_channels(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 30; i++) {
        layer         l = layer_begin(5500 + i);
        const int64_t dim[4] = {2, layer_pick(&l, 1, 40), 3, 5};
        const int     x = layer_input(&l, any_type(&l), 4, dim, -2, 2);
        const int     slope = layer_constant(&l, FOV_F32, SHAPE(dim[1], 1, 1), NULL);
        layer_node(&l, FOV_OP_PRelu, (int[]){x, slope}, 2);
        layer_outputs(&l, 1, any_type(&l), FOV_NONE);
        layer_check(&l, "cuda", same, NULL, 0);
        layer_end(&l);
    }
}

static void numbers_that_are_none(void **state)
{
    (void)state;
    static const float  odd[] = {NAN, INFINITY, -INFINITY, -0.0F, 1e-42F, 3e38F, 65519, 65520, 0x1p-25F, -0x1.8p-25F, 3.389e38F, 1};
    static const fov_op ops[] = {FOV_OP_Relu, FOV_OP_LeakyRelu, FOV_OP_Sigmoid, FOV_OP_Exp, FOV_OP_Floor, FOV_OP_Convert};
    for (uint64_t i = 0; i < 24; i++) {
        layer         l = layer_begin(6000 + i);
        const int64_t dim[4] = {1, 3, 1, 4};
        const int     x = layer_input(&l, FOV_F32, 4, dim, 0, 1);
        for (int64_t k = 0; k < 12; k++) fov_view_store_one(&l.in[0].view, (int64_t[]){0, k / 4, 0, k % 4}, odd[k]);
        layer_node(&l, ops[i / 4], &x, 1);
        layer_outputs(&l, 1, types[i % 4], FOV_NONE);
        layer_check(&l, "cuda", (layer_bound){0x1p-120, 0x1p-20}, NULL, 0);
        layer_end(&l);
    }
}

static void clips(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 40; i++) {
        layer       l = layer_begin(6500 + i);
        int64_t     dim[FOV_MAX_RANK];
        const int   rank = pick_shape(&l, dim);
        const float low = -0.5F, high = i % 8 ? 0.75F : -2;
        const int   x = layer_input(&l, type_for(&l, rank), rank, dim, -2, 2);
        const int   from = i % 2 ? layer_constant(&l, FOV_F32, 0, NULL, &low) : FOV_NONE;
        const int   to = i / 2 % 2 ? layer_constant(&l, FOV_F32, 0, NULL, &high) : FOV_NONE;
        layer_node(&l, FOV_OP_Clip, (int[]){x, from, to}, 3);
        layer_outputs(&l, 1, type_for(&l, rank), FOV_NONE);
        layer_check(&l, "cuda", same, NULL, 0);
        layer_end(&l);
    }
}

static void normalizations(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 30; i++) {
        layer         l = layer_begin(7000 + i);
        const int64_t dim[4] = {2, layer_pick(&l, 1, 20), 3, 4};
        int           in[5];
        float         variance[20];
        in[0] = layer_input(&l, any_type(&l), 4, dim, -2, 2);
        for (int k = 1; k < 4; k++) in[k] = layer_constant(&l, FOV_F32, SHAPE(dim[1]), NULL);
        for (int k = 0; k < 20; k++) variance[k] = test_random_float(&l.random, 0.2F, 2);
        in[4] = layer_constant(&l, FOV_F32, SHAPE(dim[1]), variance);
        layer_node(&l, FOV_OP_BatchNormalization, in, 5);
        layer_outputs(&l, 1, FOV_F32, FOV_NONE);
        /* factor and offset rounded, a product and a sum: 4 roundings of at most 8 */
        layer_check(&l, "cuda", (layer_bound){4 * 8 * 0x1p-24, 0}, NULL, 0);
        layer_end(&l);
    }
}

static void softmax_along_each_axis(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        layer     l = layer_begin(7500 + i);
        int64_t   dim[FOV_MAX_RANK];
        const int rank = pick_shape(&l, dim), axis = layer_pick(&l, -rank, rank - 1);
        const int x = layer_input(&l, type_for(&l, rank), rank, dim, -8, 8);
        fov_node *node = layer_node(&l, FOV_OP_Softmax, &x, 1);
        assert_ok(fov_node_set_int(node, "axis", axis, &err));
        layer_outputs(&l, 1, type_for(&l, rank), FOV_NONE);
        layer_check(&l, "cuda", (layer_bound){0, 0x1p-19}, NULL, 0);
        layer_end(&l);
    }
}

/* ---------------------------------------------------------------- windows */

/* @param channels that are a multiple of it, as are those before them and of a pixel */
static void check_max_pool(layer *l, int channels, fov_dtype x_type, fov_dtype y_type)
{
    l->align = channels;
    const int64_t k[2] = {layer_pick(l, 1, 4), layer_pick(l, 1, 4)}, d = layer_pick(l, 1, 2);
    const int64_t dim[4] = {layer_pick(l, 1, 2), channels * layer_pick(l, 1, channels > 1 ? 3 : 40), 8 + layer_pick(l, 0, 5),
                            8 + layer_pick(l, 0, 9)};
    const int     x = layer_input(l, x_type, 4, dim, -2, 2);
    fov_node     *node = layer_node(l, FOV_OP_MaxPool, &x, 1);
    INTS(node, "kernel_shape", k[0], k[1]);
    INTS(node, "strides", layer_pick(l, 1, 3), layer_pick(l, 1, 3));
    INTS(node, "dilations", d, d);
    INTS(node, "pads", layer_pick(l, 0, (int)k[0] - 1), layer_pick(l, 0, (int)k[1] - 1), layer_pick(l, 0, (int)k[0] - 1), 0);
    assert_ok(fov_node_set_int(node, "ceil_mode", layer_pick(l, 0, 1), &err));
    layer_outputs(l, 1, y_type, layer_pick(l, 0, 2) || x_type != FOV_U8 ? FOV_NONE : x);
    layer_check(l, "cuda", same, NULL, 0);
}

static void max_pools(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 80; i++) {
        layer           l = layer_begin(8000 + i);
        const fov_dtype x = any_type(&l), y = any_type(&l);
        check_max_pool(&l, 1, x, y);
        layer_end(&l);
    }
}

/* Of one type, in channels that are loaded as one: by 16, 8 or 4. */
static void max_pools_in_chunks(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 120; i++) {
        layer           l = layer_begin(8100 + i);
        const fov_dtype type = types[i % 8 > 3 ? 3 : i % 4];
        check_max_pool(&l, 4 << layer_pick(&l, 0, 2), type, type);
        layer_end(&l);
    }
}

static void resizing(void **state)
{
    static const char *const coordinates[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"};
    static const char *const nearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        layer         l = layer_begin(8500 + i);
        const bool    linear = i % 2;
        const int64_t dim[4] = {layer_pick(&l, 1, 2), layer_pick(&l, 1, 20), layer_pick(&l, 1, 9), layer_pick(&l, 1, 9)};
        const int64_t sizes[4] = {dim[0], dim[1], layer_pick(&l, 1, 20), layer_pick(&l, 1, 20)};
        const float   scales[4] = {1, 1, 2, layer_pick(&l, 0, 1) ? 1.5F : 3};
        const bool    by_scales = layer_pick(&l, 0, 1);
        const int     x = layer_input(&l, any_type(&l), 4, dim, -2, 2);
        const int     s = by_scales ? layer_constant(&l, FOV_F32, SHAPE(4), scales) : layer_constant(&l, FOV_I64, SHAPE(4), sizes);
        fov_node *node = layer_node(&l, FOV_OP_Resize, (int[]){x, FOV_NONE, by_scales ? s : FOV_NONE, by_scales ? FOV_NONE : s}, 4);
        assert_ok(fov_node_set_string(node, "mode", linear ? "linear" : "nearest", &err));
        assert_ok(fov_node_set_string(node, "coordinate_transformation_mode", coordinates[i / 2 % 4], &err));
        assert_ok(fov_node_set_string(node, "nearest_mode", nearest[layer_pick(&l, 0, 3)], &err));
        layer_outputs(&l, 1, any_type(&l), FOV_NONE);
        /* weights and their products rounded, four sums; all of at most 6 (U8 that stand for up to 255 * 0.02) */
        layer_check(&l, "cuda", (layer_bound){linear ? 8 * 6 * 0x1p-24 : 0, 0}, NULL, 0);
        layer_end(&l);
    }
}

/* ---------------------------------------------------------------- moving elements */

static void concats(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        layer     l = layer_begin(9000 + i);
        int64_t   dim[FOV_MAX_RANK];
        int       in[4];
        const int rank = pick_shape(&l, dim), axis = layer_pick(&l, -rank, rank - 1), count = layer_pick(&l, 1, 4);
        for (int k = 0; k < count; k++) {
            dim[axis < 0 ? axis + rank : axis] = layer_pick(&l, 1, 6);
            in[k] = k && layer_pick(&l, 0, 4) == 0 ? layer_constant(&l, FOV_F32, rank, dim, NULL)
                                                   : layer_input(&l, type_for(&l, rank), rank, dim, -2, 2);
        }
        assert_ok(fov_node_set_int(layer_node(&l, FOV_OP_Concat, in, count), "axis", axis, &err));
        layer_outputs(&l, 1, type_for(&l, rank), FOV_NONE);
        layer_check(&l, "cuda", same, NULL, 0);
        layer_end(&l);
    }
}

/* A random tensor moved by an operator that takes lists of integers. @return its value */
static int moved(layer *l, int rank, const int64_t *dim)
{
    return layer_input(l, type_for(l, rank), rank, dim, -2, 2);
}

static int list(layer *l, int64_t count, const int64_t *ints)
{
    return layer_constant(l, FOV_I64, 1, &count, ints);
}

#define LIST(l, ...) list(l, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

static void finish(layer *l, int n_out, int rank)
{
    layer_outputs(l, n_out, type_for(l, rank), FOV_NONE);
    layer_check(l, "cuda", same, NULL, 0);
    layer_end(l);
}

static void splits_slices_and_gathers(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 30; i++) {
        const int64_t dim[4] = {2, 7, 6, 5};
        const int     axis = (int)i % 4;
        layer         l = layer_begin(9500 + i);
        int           x = moved(&l, 4, dim);
        assert_ok(fov_node_set_int(layer_node(&l, FOV_OP_Split, (int[]){x, LIST(&l, dim[axis] - 1, 1)}, 2), "axis", axis, &err));
        finish(&l, 2, 4);

        l = layer_begin(9600 + i);
        x = moved(&l, 4, dim);
        const int down = LIST(&l, -1, 1), begin = LIST(&l, 4, layer_pick(&l, 0, 1)), end = LIST(&l, 0, 4), axes = LIST(&l, 3, 1);
        layer_node(&l, FOV_OP_Slice, (int[]){x, begin, end, axes, down}, 5);
        finish(&l, 1, 4);

        l = layer_begin(9700 + i);
        x = moved(&l, 4, dim);
        assert_ok(fov_node_set_int(layer_node(&l, FOV_OP_Gather, (int[]){x, LIST(&l, 1, 0, 1, -1)}, 2), "axis", axis, &err));
        finish(&l, 1, 4);
    }
}

static void transposes(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 40; i++) {
        layer     l = layer_begin(9800 + i);
        int64_t   dim[FOV_MAX_RANK], order[FOV_MAX_RANK];
        const int rank = pick_shape(&l, dim), x = moved(&l, rank, dim);
        for (int k = 0; k < rank; k++) order[k] = k;
        for (int k = rank - 1; k > 0; k--) {
            const int     other = layer_pick(&l, 0, k);
            const int64_t kept = order[k];
            order[k] = order[other];
            order[other] = kept;
        }
        fov_node *node = layer_node(&l, FOV_OP_Transpose, &x, 1);
        if (i % 5) assert_ok(fov_node_set_ints(node, "perm", order, (size_t)rank, &err));
        finish(&l, 1, rank);
    }
}

static void shapes_that_change(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 12; i++) {
        layer l = layer_begin(10000 + i);
        int   x = moved(&l, SHAPE(2, 6, 3, 5));
        layer_node(&l, FOV_OP_Reshape, (int[]){x, i % 2 ? LIST(&l, 0, 2, -1) : LIST(&l, 3, 10, 2, -1)}, 2);
        finish(&l, 1, i % 2 ? 3 : 4);

        l = layer_begin(10100 + i);
        x = moved(&l, SHAPE(2, 6, 3, 5));
        assert_ok(fov_node_set_int(layer_node(&l, FOV_OP_Flatten, &x, 1), "axis", (int64_t)i % 5, &err));
        finish(&l, 1, 2);

        l = layer_begin(10200 + i);
        x = moved(&l, SHAPE(1, 6, 1, 5));
        layer_node(&l, FOV_OP_Squeeze, (int[]){x, LIST(&l, 2)}, 2);
        finish(&l, 1, 3);

        l = layer_begin(10300 + i);
        x = moved(&l, SHAPE(4, 3, 5));
        layer_node(&l, FOV_OP_Unsqueeze, (int[]){x, LIST(&l, 1)}, 2);
        finish(&l, 1, 4);

        l = layer_begin(10400 + i);
        x = moved(&l, SHAPE(1, 6, 1, 5));
        layer_node(&l, FOV_OP_Expand, (int[]){x, LIST(&l, 2, 1, 4, 5)}, 2);
        finish(&l, 1, 4);

        l = layer_begin(10500 + i);
        x = moved(&l, SHAPE(1, 3, 2, 5));
        layer_node(&l, FOV_OP_Tile, (int[]){x, LIST(&l, 2, 3, 1, 2)}, 2);
        finish(&l, 1, 4);
    }
}

/* What lies outside is the operator's constant, of its input or attribute, as the stored type has it. */
static void pads(void **state)
{
    static const char *const modes[] = {"constant", "edge", "reflect"};
    (void)state;
    for (uint64_t i = 0; i < 36; i++) {
        layer       l = layer_begin(10600 + i);
        const float value = i % 4 == 0 ? -INFINITY : i % 4 == 1 ? 0 : 1.25F;
        const bool  given = i % 4 != 3;
        const int   x = moved(&l, SHAPE(2, 5, 4, 6)), around = LIST(&l, 0, 1, 2, 0, 1, 0, 1, 3);
        const int   with = given ? layer_constant(&l, FOV_F32, 0, NULL, &value) : FOV_NONE;
        const char *mode = modes[i / 4 % 3];
        fov_node   *node;
        if (!strcmp(mode, "constant")) node = layer_node(&l, FOV_OP_Pad, (int[]){x, around, with}, given ? 3 : 2);
        else node = layer_node(&l, FOV_OP_Pad, (int[]){x, LIST(&l, 0, 1, 2, 0, 0, 0, 1, 3)}, 2);
        assert_ok(fov_node_set_string(node, "mode", mode, &err));
        finish(&l, 1, 4);
    }
}

/* ---------------------------------------------------------------- what does not run */

static void operators_for_shapes_are_refused(void **state)
{
    (void)state;
    layer         l = layer_begin(1);
    const int64_t dim[4] = {1, 3, 4, 5};
    int           a = layer_input(&l, FOV_F32, 4, dim, -1, 1), b = layer_input(&l, FOV_F32, 4, dim, -1, 1);
    layer_node(&l, FOV_OP_Equal, (int[]){a, b}, 2);
    layer_outputs(&l, 1, FOV_I64, FOV_NONE);
    layer_check_refused(&l, "cuda", FOV_ERR_UNSUPPORTED,
                        "Equal 'n0': this operator does not run where its inputs depend on the photo on a GPU; run this model with "
                        "--backend cpu");
    layer_end(&l);

    l = layer_begin(2);
    a = layer_input(&l, FOV_F32, 4, dim, -1, 1);
    fov_node *node = layer_node(&l, FOV_OP_Cast, &a, 1);
    assert_ok(fov_node_set_int(node, "to", 7, &err));
    layer_outputs(&l, 1, FOV_I64, FOV_NONE);
    layer_check_refused(&l, "cuda", FOV_ERR_UNSUPPORTED, "Cast 'n0': this operator does not run");
    layer_end(&l);
}

/* Numbers that only come with the photo where the host must know them when it makes the program. */
static void parameters_from_the_photo_are_refused(void **state)
{
    (void)state;
    layer         l = layer_begin(3);
    const int64_t dim[4] = {1, 3, 4, 5}, one[1] = {1}, three[1] = {3};
    int           x = layer_input(&l, FOV_F32, 4, dim, -1, 1), in[5];
    int           low = layer_input(&l, FOV_F32, 1, one, -1, 1);
    layer_node(&l, FOV_OP_Clip, (int[]){x, low}, 2);
    layer_outputs(&l, 1, FOV_F32, FOV_NONE);
    layer_check_refused(&l, "cuda", FOV_ERR_UNSUPPORTED, "Clip 'n0': ");
    layer_end(&l);

    l = layer_begin(4);
    in[0] = layer_input(&l, FOV_F32, 4, dim, -1, 1);
    for (int i = 1; i < 5; i++) in[i] = layer_input(&l, FOV_F32, 1, three, 1, 2);
    layer_node(&l, FOV_OP_BatchNormalization, in, 5);
    layer_outputs(&l, 1, FOV_F32, FOV_NONE);
    layer_check_refused(&l, "cuda", FOV_ERR_UNSUPPORTED, "BatchNormalization 'n0': ");
    layer_end(&l);

    l = layer_begin(5);
    x = layer_input(&l, FOV_F32, 4, dim, -1, 1);
    const int around = LIST(&l, 0, 0, 1, 1, 0, 0, 1, 1);
    low = layer_input(&l, FOV_F32, 1, one, 1, 2);
    layer_node(&l, FOV_OP_Pad, (int[]){x, around, low}, 3);
    layer_outputs(&l, 1, FOV_F32, FOV_NONE);
    layer_check_refused(&l, "cuda", FOV_ERR_UNSUPPORTED, "Pad 'n0': ");
    layer_end(&l);

    l = layer_begin(6);
    x = layer_input(&l, FOV_F32, 4, dim, -1, 1);
    low = layer_input(&l, FOV_F32, SHAPE(2, 3, 1, 1), -1, 1);
    layer_node(&l, FOV_OP_Conv, (int[]){x, low}, 2);
    layer_outputs(&l, 1, FOV_F32, FOV_NONE);
    layer_check_refused(&l, "cuda", FOV_ERR_UNSUPPORTED, "Conv 'n0': a convolution whose weights are no constants");
    layer_end(&l);
}

static void what_does_not_run_is_said(void **state)
{
    (void)state;
    layer         l = layer_begin(7);
    const int64_t dim[4] = {1, 3, 4, 5};
    int           x = layer_input(&l, FOV_F32, 4, dim, -1, 1);
    l.graph->opset = 11;
    assert_ok(fov_node_set_int(layer_node(&l, FOV_OP_Softmax, &x, 1), "axis", 1, &err));
    layer_outputs(&l, 1, FOV_F32, FOV_NONE);
    layer_check_refused(&l, "cuda", FOV_ERR_UNSUPPORTED, "Softmax 'n0': a sum over several axes does not run on a GPU");
    layer_end(&l);

    l = layer_begin(8);
    x = layer_input(&l, FOV_F32, 4, dim, -1, 1);
    const int sizes = LIST(&l, 1, 6, 4, 5);
    fov_node *node = layer_node(&l, FOV_OP_Resize, (int[]){x, FOV_NONE, FOV_NONE, sizes}, 4);
    assert_ok(fov_node_set_string(node, "mode", "linear", &err));
    layer_outputs(&l, 1, FOV_F32, FOV_NONE);
    layer_check_refused(&l, "cuda", FOV_ERR_UNSUPPORTED, "Resize 'n0': linear resizing of other axes");
    layer_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(large_convolutions),
        cmocka_unit_test(joined_convolutions),
        cmocka_unit_test(pairs),
        cmocka_unit_test(singles),
        cmocka_unit_test(slopes_of_channels),
        cmocka_unit_test(numbers_that_are_none),
        cmocka_unit_test(clips),
        cmocka_unit_test(normalizations),
        cmocka_unit_test(softmax_along_each_axis),
        cmocka_unit_test(max_pools),
        cmocka_unit_test(max_pools_in_chunks),
        cmocka_unit_test(resizing),
        cmocka_unit_test(concats),
        cmocka_unit_test(splits_slices_and_gathers),
        cmocka_unit_test(transposes),
        cmocka_unit_test(shapes_that_change),
        cmocka_unit_test(pads),
        cmocka_unit_test(operators_for_shapes_are_refused),
        cmocka_unit_test(parameters_from_the_photo_are_refused),
        cmocka_unit_test(what_does_not_run_is_said),
    };
    return cmocka_run_group_tests_name("cuda_layers", tests, NULL, NULL);
}
