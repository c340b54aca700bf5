// SPDX-License-Identifier: MIT
#include "tails.h"

#include <stdio.h>

const int tail_width[3] = {2, 4, 10};

static const float side[TAIL_LEVELS][TAIL_ANCHORS] = {{16, 32}, {64, 128}};
static fov_error   err;

/* ---------------------------------------------------------------- a network */

static test_random random_numbers;

static int constant(fov_graph *g, const char *name, int rank, const int64_t *dim)
{
    fov_shape shape = fov_shape_make(rank, dim);
    size_t    count = 0;
    int       id = fov_graph_add_constant(g, name, FOV_F32, &shape, NULL, name, &err);
    assert_true(id >= 0 && fov_shape_count(&shape, &count));
    for (size_t i = 0; i < count; i++) ((float *)g->value[id].data)[i] = test_random_float(&random_numbers, -1, 1);
    return id;
}

int tail_ints(fov_graph *g, const char *name, int64_t count, const int64_t *data)
{
    fov_shape shape = {1, {count}};
    int       id = fov_graph_add_constant(g, name, FOV_I64, &shape, data, NULL, &err);
    assert_true(id >= 0);
    return id;
}

fov_node *tail_node(fov_graph *g, fov_op op, const char *name, const int *in, int n_in, int *out)
{
    *out = fov_graph_add_value(g, name, FOV_F32, NULL, &err);
    int id = fov_graph_add_node(g, name, op, in, n_in, out, 1, &err);
    assert_true(*out >= 0 && id >= 0);
    return &g->node[id];
}

int tail_two(fov_graph *g, fov_op op, const char *name, int a, int b)
{
    int out;
    tail_node(g, op, name, (const int[]){a, b}, 2, &out);
    return out;
}

static int conv(fov_graph *g, const char *name, int x, int64_t in, int64_t out, int64_t kernel)
{
    char weight[64];
    int  y;
    snprintf(weight, sizeof weight, "%s.weight", name);
    int       w = constant(g, weight, 4, (const int64_t[]){out, in, kernel, kernel});
    fov_node *n = tail_node(g, FOV_OP_Conv, name, (const int[]){x, w}, 2, &y);
    assert_ok(fov_node_set_ints(n, "strides", (const int64_t[]){kernel, kernel}, 2, &err));
    return y;
}

/* Heads named s0 b0 m0 s1 b1 m1; head[level][kind]. */
fov_graph *tail_network(const int channels[3], int head[TAIL_LEVELS][3])
{
    static const char *const kinds[3] = {"s", "b", "m"};
    fov_graph               *g = fov_graph_new();
    fov_shape                pixels = {4, {1, 3, TAIL_HEIGHT, TAIL_WIDTH}};
    random_numbers = (test_random){5};
    int x = fov_graph_add_value(g, "pixels", FOV_F32, &pixels, &err);
    assert_ok(fov_graph_add_input(g, x, &err));
    int f[TAIL_LEVELS] = {conv(g, "stem", x, 3, 4, 8), 0};
    f[1] = conv(g, "down", f[0], 4, 4, 2);
    for (int k = 0; k < 3; k++)
        for (int level = TAIL_LEVELS - 1; level >= 0; level--) {
            char name[8];
            snprintf(name, sizeof name, "%s%d", kinds[k], level);
            head[level][k] = conv(g, name, f[level], 4, channels[k], 1);
        }
    return g;
}

/* ---------------------------------------------------------------- tails */

/* (1, A, k) over both levels, in prior order. */
int tail_rows(fov_graph *g, int head[TAIL_LEVELS][3], int kind)
{
    char name[32];
    int  part[TAIL_LEVELS], out;
    for (int level = 0; level < TAIL_LEVELS; level++) {
        int turned;
        snprintf(name, sizeof name, "turned%d_%d", kind, level);
        fov_node *n = tail_node(g, FOV_OP_Transpose, name, &head[level][kind], 1, &turned);
        assert_ok(fov_node_set_ints(n, "perm", (const int64_t[]){0, 2, 3, 1}, 4, &err));
        snprintf(name, sizeof name, "shape%d_%d", kind, level);
        int shape = tail_ints(g, name, 3, (const int64_t[]){1, -1, tail_width[kind]});
        snprintf(name, sizeof name, "rows%d_%d", kind, level);
        part[level] = tail_two(g, FOV_OP_Reshape, name, turned, shape);
    }
    snprintf(name, sizeof name, "rows%d", kind);
    fov_node *n = tail_node(g, FOV_OP_Concat, name, part, TAIL_LEVELS, &out);
    assert_ok(fov_node_set_int(n, "axis", 1, &err));
    return out;
}

int tail_softmax(fov_graph *g, int x)
{
    int out;
    assert_ok(fov_node_set_int(tail_node(g, FOV_OP_Softmax, "softmax", &x, 1, &out), "axis", 2, &err));
    return out;
}

int tail_slice(fov_graph *g, const char *name, int x, int64_t from, int64_t to)
{
    char label[64];
    int  in[4] = {x}, out;
    snprintf(label, sizeof label, "%s.from", name);
    in[1] = tail_ints(g, label, 1, &from);
    snprintf(label, sizeof label, "%s.to", name);
    in[2] = tail_ints(g, label, 1, &to);
    snprintf(label, sizeof label, "%s.axis", name);
    in[3] = tail_ints(g, label, 1, (const int64_t[]){2});
    tail_node(g, FOV_OP_Slice, name, in, 4, &out);
    return out;
}

/* (1, A, 2) of centres or sizes, in 0..1. @param shift of the centres, in cells */
static int priors(fov_graph *g, const char *name, bool sizes, float shift)
{
    fov_shape shape = {3, {1, TAIL_ROWS, 2}};
    int       id = fov_graph_add_constant(g, name, FOV_F32, &shape, NULL, NULL, &err);
    float    *at = g->value[id].data;
    for (int level = 0; level < TAIL_LEVELS; level++)
        for (int y = 0; y < TAIL_HEIGHT / (8 << level); y++)
            for (int x = 0; x < TAIL_WIDTH / (8 << level); x++)
                for (int a = 0; a < TAIL_ANCHORS; a++) {
                    float stride = (float)(8 << level);
                    *at++ = (sizes ? side[level][a] : ((float)x + shift) * stride) / TAIL_WIDTH;
                    *at++ = (sizes ? side[level][a] : ((float)y + shift) * stride) / TAIL_HEIGHT;
                }
    return id;
}

int tail_scalar(fov_graph *g, const char *name, float value)
{
    fov_shape shape = {.rank = 0};
    return fov_graph_add_constant(g, name, FOV_F32, &shape, &value, NULL, &err);
}

/* Centre and size of every box, in 0..1. */
int tail_decoded(fov_graph *g, int rows, float shift, float v0, float v1)
{
    int centre = priors(g, "centres", false, shift), size = priors(g, "sizes", true, 0);
    int moved = tail_two(g, FOV_OP_Mul, "moved", tail_slice(g, "loc", rows, 0, 2), tail_scalar(g, "v0", v0));
    int xy = tail_two(g, FOV_OP_Add, "xy", tail_two(g, FOV_OP_Mul, "scaled", moved, size), centre);
    int grown = tail_two(g, FOV_OP_Mul, "grown", tail_slice(g, "log", rows, 2, 4), tail_scalar(g, "v1", v1)), wh, out;
    tail_node(g, FOV_OP_Exp, "factor", &grown, 1, &wh);
    fov_node *n = tail_node(g, FOV_OP_Concat, "decoded", (const int[]){xy, tail_two(g, FOV_OP_Mul, "wh", wh, size)}, 2, &out);
    assert_ok(fov_node_set_int(n, "axis", 2, &err));
    return out;
}

void tail_output(fov_graph *g, int value, int64_t columns)
{
    g->value[value].shape = (fov_shape){3, {1, TAIL_ROWS, columns}};
    assert_ok(fov_graph_add_output(g, value, &err));
}
