// SPDX-License-Identifier: MIT
/* Engines of small hand-made networks against the plain definitions: residual adds in place, Concat as slices, and both where
 * a value must not be overwritten because somebody still reads it. */
#include "engine/engine.h"
#include "support.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

enum { N = 2, H = 12, W = 20 };

typedef struct net {
    fov_graph  *graph;
    test_random random;
    int         count;
} net;

static int value_of(net *n)
{
    fov_error err;
    char      name[16];
    snprintf(name, sizeof name, "v%d", n->count++);
    return fov_graph_add_value(n->graph, name, FOV_F32, NULL, &err);
}

static net net_new(int *input)
{
    fov_error err;
    net       n = {fov_graph_new(), {42}, 0};
    fov_shape open = fov_shape_make(4, (int64_t[]){-1, 3, -1, -1});
    *input = fov_graph_add_value(n.graph, "input", FOV_F32, &open, &err);
    fov_graph_add_input(n.graph, *input, &err);
    return n;
}

static int conv(net *n, int x, int from, int to, int side)
{
    fov_error err;
    char      name[16];
    float     data[64 * 64 * 9];
    fov_shape shape = fov_shape_make(4, (int64_t[]){to, from, side, side});
    for (int i = 0; i < to * from * side * side; i++) data[i] = test_random_float(&n->random, -0.4F, 0.4F);
    snprintf(name, sizeof name, "w%d", n->count);
    int w = fov_graph_add_constant(n->graph, name, FOV_F32, &shape, data, NULL, &err), y = value_of(n);
    int node = fov_graph_add_node(n->graph, name, FOV_OP_Conv, (int[]){x, w}, 2, &y, 1, &err);
    fov_node_set_ints(&n->graph->node[node], "pads", (int64_t[]){side / 2, side / 2, side / 2, side / 2}, 4, &err);
    return y;
}

static int apply(net *n, fov_op op, int a, int b)
{
    fov_error err;
    int       y = value_of(n), node = fov_graph_add_node(n->graph, "", op, (int[]){a, b}, b == FOV_NONE ? 1 : 2, &y, 1, &err);
    if (op == FOV_OP_Concat) fov_node_set_int(&n->graph->node[node], "axis", 1, &err);
    return y;
}

static void fill(test_random *r, float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) x[i] = test_random_float(r, -1, 1);
}

/* Graph output `index` of the engine against the definitions'. */
static void compare(const fov_view *expected, const fov_view *got)
{
    assert_true(fov_shape_equal(&expected->shape, &got->shape));
    const int64_t *d = expected->shape.dim;
    for (int64_t i = 0; i < d[0] * d[1] * d[2] * d[3]; i++) {
        int64_t at[4] = {i / d[3] / d[2] / d[1], i / d[3] / d[2] % d[1], i / d[3] % d[2], i % d[3]}, e = 0, g = 0;
        for (int j = 0; j < 4; j++) {
            e += at[j] * expected->stride[j];
            g += at[j] * got->stride[j];
        }
        float want = ((const float *)expected->data)[e];
        assert_float_equal(((const float *)got->data)[g], want, 1e-4F * (1 + fabsf(want)));
    }
}

/* Build, run on 1 and 3 threads, compare all outputs; returns how many adds ran in place. Takes over the graph. */
static int check(net *n)
{
    fov_error   err;
    fov_model   model = {.graph = n->graph, .settings = fov_settings_default()};
    fov_engine *engine = NULL;
    float       input[N * 3 * H * W];
    fov_shape   shape = fov_shape_make(4, (int64_t[]){N, 3, H, W});
    fov_view    dense = fov_view_dense(FOV_F32, &shape, input), *expected = NULL;
    fill(&n->random, input, sizeof input / sizeof *input);
    assert_ok(fov_graph_evaluate(n->graph, &dense, &expected, &err));
    assert_ok(fov_engine_build(&model, NULL, &engine, &err));
    for (int threads = 1; threads <= 3; threads += 2) {
        fov_plan *plan = NULL;
        fov_pool *pool = NULL;
        assert_ok(fov_plan_new(engine, N, H, W, threads, true, &plan, &err));
        assert_ok(fov_pool_new(threads, &pool, &err));
        unsigned char *arena = fov_alloc_aligned(plan->arena_bytes);
        memset(arena, 0x7f, plan->arena_bytes);
        fov_plan_bind(plan, arena);
        const fov_view *in = fov_plan_input(plan);
        for (int i = 0; i < N * 3 * H * W; i++) {
            int64_t at = i / (3 * H * W) * in->stride[0] + i / (H * W) % 3 * in->stride[1] + i / W % H * in->stride[2] +
                         i % W * in->stride[3];
            ((float *)in->data)[at] = input[i];
        }
        assert_ok(fov_plan_run(plan, pool, &err));
        for (int i = 0; i < n->graph->n_output; i++) compare(&expected[n->graph->output[i]], fov_plan_output(plan, i));
        fov_plan_free(plan);
        fov_pool_free(pool);
        fov_free_aligned(arena);
    }
    int in_place = engine->add_in_place;
    fov_values_free(n->graph, expected);
    fov_engine_free(engine);
    fov_graph_free(n->graph);
    return in_place;
}

static void a_chain_of_residual_blocks_is_in_place(void **state)
{
    fov_error err;
    int       x;
    net       n = net_new(&x);
    (void)state;
    int y = apply(&n, FOV_OP_Relu, conv(&n, x, 3, 16, 3), FOV_NONE);
    for (int i = 0; i < 3; i++) {
        int inner = apply(&n, FOV_OP_Relu, conv(&n, y, 16, 8, 1), FOV_NONE);
        y = apply(&n, FOV_OP_Relu, apply(&n, FOV_OP_Add, conv(&n, inner, 8, 16, 3), y), FOV_NONE);
    }
    fov_graph_add_output(n.graph, y, &err);
    assert_int_equal(check(&n), 3);
}

static void what_is_read_later_is_not_overwritten(void **state)
{
    fov_error err;
    int       x;
    net       n = net_new(&x);
    (void)state;
    int y = apply(&n, FOV_OP_Relu, conv(&n, x, 3, 16, 3), FOV_NONE);
    int sum = apply(&n, FOV_OP_Add, conv(&n, y, 16, 16, 1), y);    /* the conv itself reads y as its input */
    int late = apply(&n, FOV_OP_Add, conv(&n, sum, 16, 16, 3), y); /* y is an output too */
    fov_graph_add_output(n.graph, late, &err);
    fov_graph_add_output(n.graph, y, &err);
    assert_int_equal(check(&n), 0);
}

static void slices_are_not_overwritten(void **state)
{
    fov_error err;
    int       x;
    net       n = net_new(&x);
    (void)state;
    int a = apply(&n, FOV_OP_Relu, conv(&n, x, 3, 16, 3), FOV_NONE), b = apply(&n, FOV_OP_Relu, conv(&n, x, 3, 16, 1), FOV_NONE);
    int both = apply(&n, FOV_OP_Concat, a, b); /* 32 channels; a and b live in it */
    int onto_slice = apply(&n, FOV_OP_Add, conv(&n, both, 32, 16, 1), a);
    int onto_both = apply(&n, FOV_OP_Add, conv(&n, onto_slice, 16, 32, 3), both);
    fov_graph_add_output(n.graph, onto_both, &err);
    fov_graph_add_output(n.graph, b, &err);
    assert_int_equal(check(&n), 0);
}

static void a_sum_may_live_in_a_concat(void **state)
{
    fov_error err;
    int       x;
    net       n = net_new(&x);
    (void)state;
    int a = apply(&n, FOV_OP_Relu, conv(&n, x, 3, 16, 3), FOV_NONE), b = conv(&n, a, 16, 8, 1);
    int sum = apply(&n, FOV_OP_Add, conv(&n, b, 8, 16, 3), a);
    fov_graph_add_output(n.graph, apply(&n, FOV_OP_Concat, sum, b), &err);
    check(&n);
}

/* Three planes of H x W, told to be 16 pixels of as many channels as that makes. */
static int channels_of_rows(net *n, int x)
{
    fov_error err;
    char      name[16];
    int64_t   dims[] = {0, -1, 4, 4};
    fov_shape shape = fov_shape_make(1, (int64_t[]){4});
    snprintf(name, sizeof name, "s%d", n->count);
    int to = fov_graph_add_constant(n->graph, name, FOV_I64, &shape, dims, NULL, &err);
    return apply(n, FOV_OP_Reshape, x, to);
}

/* What files can ask for: the halves of a Concat would be written beside it, had they fewer channels than at the probe's size. */
static void channels_must_not_depend_on_the_size(void **state)
{
    fov_error    err;
    fov_plan    *plan;
    fov_engine  *engine;
    fov_settings settings = {0};
    int          x;
    net          n = net_new(&x);
    (void)state;
    int a = channels_of_rows(&n, x), b = channels_of_rows(&n, x);
    fov_graph_add_output(n.graph, apply(&n, FOV_OP_Concat, a, b), &err);
    assert_ok(fov_engine_from_graph(n.graph, &settings, "cpu", 0, false, &engine, &err));
    assert_ok(fov_plan_new(engine, 1, 128, 128, 1, true, &plan, &err)); /* as many as the engine found */
    fov_plan_free(plan);
    assert_int_equal(fov_plan_new(engine, 1, 32, 64, 1, true, &plan, &err), FOV_ERR_FORMAT);
    assert_null(plan);
    assert_non_null(strstr(err.message, "384 channels at 64x32 and 3072 at another size"));
    fov_engine_free(engine);
}

/* Kernels read whole vectors of five numbers: the memory of constants must stand that, which AddressSanitizer tells. */
static void constants_may_be_read_past_their_end(void **state)
{
    static const uint16_t numbers[] = {0x3c00, 0x4000, 0x4200, 0x4400, 0x4500}; /* 1 .. 5 */
    const fov_shape       shape = fov_shape_make(4, (int64_t[]){1, 5, 1, 1});
    fov_settings          settings = {0};
    fov_engine           *engine;
    fov_plan             *plan;
    fov_pool             *pool;
    fov_error             err;
    int                   x;
    net                   n = net_new(&x);
    (void)state;
    int constant = fov_graph_add_constant(n.graph, "constant", FOV_F16, &shape, numbers, NULL, &err);
    int y = apply(&n, FOV_OP_MaxPool, constant, FOV_NONE);
    fov_node_set_ints(&n.graph->node[n.graph->n_node - 1], "kernel_shape", (int64_t[]){1, 1}, 2, &err);
    fov_graph_add_output(n.graph, y, &err);
    assert_ok(fov_engine_from_graph(n.graph, &settings, "cpu", 0, false, &engine, &err));
    assert_ok(fov_plan_new(engine, 1, H, W, 1, true, &plan, &err));
    assert_ok(fov_pool_new(1, &pool, &err));
    unsigned char *arena = fov_alloc_aligned(plan->arena_bytes);
    fov_plan_bind(plan, arena);
    assert_ok(fov_plan_run(plan, pool, &err));
    for (int i = 0; i < 5; i++) assert_float_equal(((const float *)fov_plan_output(plan, 0)->data)[i], (float)(i + 1), 0);
    fov_plan_free(plan);
    fov_pool_free(pool);
    fov_free_aligned(arena);
    fov_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_residual_blocks_is_in_place),
        cmocka_unit_test(what_is_read_later_is_not_overwritten),
        cmocka_unit_test(slices_are_not_overwritten),
        cmocka_unit_test(a_sum_may_live_in_a_concat),
        cmocka_unit_test(channels_must_not_depend_on_the_size),
        cmocka_unit_test(constants_may_be_read_past_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
