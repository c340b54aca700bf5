// SPDX-License-Identifier: MIT
/* The graph itself: building, order, compaction, copies; and inference over whole graphs. */
#include "support.h"

#include "base/alloc.h"
#include "graph/op.h"

#include <stdlib.h>
#include <string.h>

#define SHAPE(...) fov_shape_make(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})
#define NODE(op, out, ...) add_node(FOV_OP_##op, out, (const char *[]){__VA_ARGS__, NULL})

static fov_graph *g;
static fov_error  err;

static int setup(void **state)
{
    (void)state;
    g = fov_graph_new();
    return g ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    fov_graph_free(g);
    return 0;
}

static void add_input(const char *name, fov_shape shape)
{
    assert_ok(fov_graph_add_input(g, fov_graph_add_value(g, name, FOV_F32, &shape, &err), &err));
}

static void add_ints(const char *name, const int64_t *data, int64_t count)
{
    fov_shape shape = SHAPE(count);
    assert_true(fov_graph_add_constant(g, name, FOV_I64, &shape, data, NULL, &err) >= 0);
}

static fov_node *add_node(fov_op op, const char *out, const char *const *in)
{
    int ids[8], n = 0;
    for (; in[n]; n++) {
        ids[n] = *in[n] ? fov_graph_find(g, in[n]) : FOV_NONE;
        if (*in[n] && ids[n] == FOV_NONE) fail_msg("no value '%s'", in[n]);
    }
    int id = fov_graph_find(g, out);
    if (id == FOV_NONE) id = fov_graph_add_value(g, out, FOV_F32, NULL, &err);
    int node = fov_graph_add_node(g, out, op, ids, n, &id, 1, &err);
    assert_true(node >= 0);
    return &g->node[node];
}

static void add_output(const char *name)
{
    assert_ok(fov_graph_add_output(g, fov_graph_find(g, name), &err));
}

static void check_dump(const fov_graph *graph, const char *expected)
{
    char *text = fov_graph_dump(graph);
    assert_string_equal(text, expected);
    fov_free(text);
}

/* ---------------------------------------------------------------- building */

static void attributes(void **state)
{
    (void)state;
    add_input("x", SHAPE(1));
    fov_node *node = NODE(Relu, "y", "x");
    assert_int_equal(fov_node_int(node, "a", 5), 5);
    assert_ok(fov_node_set_ints(node, "a", (int64_t[]){1, 2}, 2, &err));
    assert_int_equal(fov_node_int(node, "a", 5), 1);
    assert_int_equal(fov_node_int_at(node, "a", 1, 5), 2);
    assert_int_equal(fov_node_int_at(node, "a", 2, 5), 5);
    assert_true(fov_node_float(node, "a", 0.5F) == 0.5F); /* of another kind */
    assert_string_equal(fov_node_string(node, "a", "none"), "none");
    assert_ok(fov_node_set_string(node, "a", "text", &err)); /* replaces */
    assert_string_equal(fov_node_string(node, "a", "none"), "text");
    assert_int_equal(node->n_attr, 1);
    assert_ok(fov_node_set_ints(node, "empty", NULL, 0, &err));
    assert_int_equal(fov_node_int(node, "empty", 7), 7);
    add_output("y");
    check_dump(g, "input x\ny = Relu(x) {a=text empty=}\noutput y\n");
}

static void neighbours(void **state)
{
    (void)state;
    add_input("x", SHAPE(1));
    NODE(Relu, "a", "x");
    NODE(Add, "b", "a", "a");
    NODE(Exp, "c", "b");
    add_output("c");
    int a = fov_graph_find(g, "a"), b = fov_graph_find(g, "b"), c = fov_graph_find(g, "c");
    assert_int_equal(fov_graph_producer(g, g->input[0]), FOV_NONE);
    assert_int_equal(fov_graph_producer(g, b), 1);
    assert_int_equal(fov_graph_use_count(g, a), 2);
    assert_int_equal(fov_graph_only_user(g, a), FOV_NONE);
    assert_int_equal(fov_graph_only_user(g, b), 2);
    assert_int_equal(fov_graph_use_count(g, c), 1);
    assert_int_equal(fov_graph_only_user(g, c), FOV_NONE); /* the output reads it */
    fov_graph_replace_uses(g, b, a);
    assert_int_equal(fov_graph_use_count(g, b), 0);
    assert_int_equal(fov_graph_use_count(g, a), 3);
    assert_int_equal(fov_graph_find(g, "nothing"), FOV_NONE);
    char *name = fov_graph_unique_name(g, "a");
    assert_string_equal(name, "a_2");
    fov_free(name);
    for (int i = 2; i < 20; i++) {
        char next[16];
        snprintf(next, sizeof next, "a_%d", i);
        name = fov_graph_unique_name(g, "a");
        assert_string_equal(name, next);
        assert_true(fov_graph_add_value(g, name, FOV_F32, NULL, &err) >= 0);
        fov_free(name);
    }
}

/* Every name leads to its value, whatever came and went. */
static void check_names(void)
{
    for (int i = 0; i < g->n_value; i++) assert_int_equal(fov_graph_find(g, g->value[i].name), i);
}

static void names_are_found(void **state)
{
    (void)state;
    add_input("x", SHAPE(1));
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "v%d", i);
        const int value = fov_graph_add_value(g, name, FOV_F32, NULL, &err);
        if (i % 3 == 0) assert_ok(fov_graph_add_output(g, value, &err));
        if (i % 7 == 0) assert_ok(fov_graph_rename(g, value, fov_graph_unique_name(g, "x"), &err));
        if (i % 7 == 0) assert_int_equal(fov_graph_find(g, name), FOV_NONE);
        check_names();
    }
    assert_ok(fov_graph_compact(g, &err));
    assert_int_equal(g->n_value, 1 + 334);
    check_names();
    assert_int_equal(fov_graph_find(g, "v1"), FOV_NONE);
    assert_int_equal(fov_graph_rename(g, 0, NULL, &err), FOV_ERR_MEMORY);
}

static void impossible_constant(void **state)
{
    fov_shape open = SHAPE(-1), huge = SHAPE(INT64_MAX, INT64_MAX);
    (void)state;
    assert_int_equal(fov_graph_add_constant(g, "c", FOV_F32, &open, NULL, NULL, &err), FOV_NONE);
    assert_int_equal(fov_graph_add_constant(g, "c", FOV_F32, &huge, NULL, NULL, &err), FOV_NONE);
    assert_non_null(strstr(err.message, "'c'"));
}

/* ---------------------------------------------------------------- surgery */

static void sort_and_compact(void **state)
{
    (void)state;
    add_input("x", SHAPE(2));
    fov_graph_add_value(g, "b", FOV_F32, NULL, &err);
    NODE(Exp, "c", "b");
    NODE(Relu, "dead", "x");
    NODE(Floor, "b", "x");
    add_ints("unused", (int64_t[]){1}, 1);
    add_output("c");
    g->node[1].dead = true;
    assert_ok(fov_graph_sort(g, &err));
    check_dump(g, "input x\nb = Floor(x)\nc = Exp(b)\noutput c\n");
    assert_ok(fov_graph_compact(g, &err));
    assert_int_equal(g->n_value, 3);
    assert_int_equal(g->n_node, 2);
    check_dump(g, "input x\nb = Floor(x)\nc = Exp(b)\noutput c\n");
}

static void sort_keeps_a_sorted_graph(void **state)
{
    (void)state;
    add_input("x", SHAPE(2));
    NODE(Exp, "a", "x");
    NODE(Floor, "b", "x");
    NODE(Add, "c", "a", "b");
    NODE(Ceil, "d", "a");
    add_output("c");
    assert_ok(fov_graph_sort(g, &err));
    check_dump(g, "input x\na = Exp(x)\nb = Floor(x)\nc = Add(a, b)\nd = Ceil(a)\noutput c\n");
}

static void sort_names_a_cycle(void **state)
{
    (void)state;
    add_input("x", SHAPE(2));
    fov_graph_add_value(g, "b", FOV_F32, NULL, &err);
    NODE(Add, "a", "x", "b");
    NODE(Relu, "b", "a");
    assert_int_equal(fov_graph_sort(g, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "'a' (Add) is on a cycle"));
}

/** A chain written backwards, as a hostile file may: every node is looked at once, and no recursion. */
static void sort_reversed_chain(void **state)
{
    enum { LENGTH = 100000 };
    (void)state;
    add_input("x", SHAPE(2));
    for (int i = 1; i <= LENGTH; i++) fov_graph_add_value(g, "v", FOV_F32, NULL, &err);
    for (int i = LENGTH; i >= 1; i--) assert_true(fov_graph_add_node(g, "n", FOV_OP_Relu, (int[]){i - 1}, 1, &i, 1, &err) >= 0);
    assert_ok(fov_graph_sort(g, &err));
    for (int i = 0; i < LENGTH; i++) assert_int_equal(g->node[i].out[0], i + 1);
}

static void clones(void **state)
{
    fov_graph *copy;
    (void)state;
    add_input("x", SHAPE(1, -1));
    add_ints("axes", (int64_t[]){0, 2}, 2);
    fov_node *node = NODE(Unsqueeze, "y", "x", "axes");
    assert_ok(fov_node_set_int(node, "i", 1, &err));
    assert_ok(fov_node_set_float(node, "f", 0.5F, &err));
    assert_ok(fov_node_set_string(node, "s", "t", &err));
    add_output("y");
    g->opset = 11;
    assert_ok(fov_graph_clone(g, &copy, &err));
    check_dump(copy, "input x\ny = Unsqueeze(x, axes[2]) {i=1 f=0.5 s=t}\noutput y\n");
    assert_int_equal(copy->opset, 11);
    assert_int_equal(copy->value[0].shape.dim[1], -1);
    assert_true(copy->value[1].data != g->value[1].data);
    assert_int_equal(((int64_t *)copy->value[1].data)[1], 2);
    fov_graph_free(copy);
}

/* ---------------------------------------------------------------- inference */

static fov_status infer(fov_shape shape, fov_view **values)
{
    fov_view input = fov_view_dense(FOV_F32, &shape, NULL);
    return fov_graph_infer(g, &input, values, &err);
}

static const fov_view *value_of(const fov_view *values, const char *name)
{
    int id = fov_graph_find(g, name);
    assert_true(id >= 0);
    return &values[id];
}

static void check_shape(const fov_view *values, const char *name, const char *expected)
{
    char text[96];
    assert_string_equal(fov_shape_print(&value_of(values, name)->shape, text, sizeof text), expected);
}

/** What PyTorch exports for x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, 2), and for interpolate(x, size=y.shape[2:]). */
static void build_exporter_chain(void)
{
    add_input("x", SHAPE(-1, 4, -1, -1));
    add_ints("0", (int64_t[]){0}, 1);
    add_ints("2", (int64_t[]){2}, 1);
    add_ints("4", (int64_t[]){4}, 1);
    add_ints("-1", (int64_t[]){-1}, 1);
    fov_shape scalar = {.rank = 0};
    assert_true(fov_graph_add_constant(g, "i0", FOV_I64, &scalar, (int64_t[]){0}, NULL, &err) >= 0);
    NODE(Shape, "shape", "x");
    NODE(Gather, "n", "shape", "i0");
    NODE(Unsqueeze, "n1", "n", "0");
    assert_ok(fov_node_set_int(NODE(Concat, "to", "n1", "-1", "2"), "axis", 0, &err));
    assert_ok(fov_node_set_ints(NODE(Transpose, "t", "x"), "perm", (int64_t[]){0, 2, 3, 1}, 4, &err));
    NODE(Reshape, "y", "t", "to");
    NODE(Slice, "hw", "shape", "2", "4", "0");
    NODE(Mul, "hw2", "hw", "2");
    NODE(Slice, "nc", "shape", "0", "2", "0");
    assert_ok(fov_node_set_int(NODE(Concat, "sizes", "nc", "hw2"), "axis", 0, &err));
    NODE(Resize, "z", "x", "", "", "sizes");
    add_output("y");
    add_output("z");
}

static void infer_closes_exporter_chains(void **state)
{
    fov_view *values;
    (void)state;
    build_exporter_chain();
    assert_ok(infer(SHAPE(3, 4, 5, 7), &values));
    check_shape(values, "y", "3x70x2");
    check_shape(values, "z", "3x4x10x14");
    const fov_view *sizes = value_of(values, "sizes");
    assert_memory_equal(sizes->data, ((int64_t[]){3, 4, 10, 14}), 4 * sizeof(int64_t));
    assert_null(value_of(values, "y")->data); /* depends on the input's numbers */
    assert_null(value_of(values, "x")->data);
    fov_values_free(g, values);
}

static void infer_fractions_of_shapes(void **state)
{
    fov_view *values;
    float     half = 0.5F;
    (void)state;
    add_input("x", SHAPE(-1));
    fov_shape one = SHAPE(1);
    assert_true(fov_graph_add_constant(g, "half", FOV_F32, &one, &half, NULL, &err) >= 0);
    NODE(Shape, "shape", "x");
    assert_ok(fov_node_set_int(NODE(Cast, "float", "shape"), "to", 1, &err));
    NODE(Mul, "mul", "float", "half");
    NODE(Floor, "floor", "mul");
    assert_ok(fov_node_set_int(NODE(Cast, "int", "floor"), "to", 7, &err));
    NODE(ConstantOfShape, "y", "int");
    add_output("y");
    assert_ok(infer(SHAPE(7), &values));
    check_shape(values, "y", "3");
    assert_non_null(value_of(values, "y")->data);
    fov_values_free(g, values);
}

static void infer_leaves_large_values(void **state)
{
    fov_view *values;
    (void)state;
    add_input("x", SHAPE(1));
    add_ints("4096", (int64_t[]){4096}, 1);
    add_ints("4097", (int64_t[]){4097}, 1);
    NODE(ConstantOfShape, "a", "4096");
    NODE(ConstantOfShape, "b", "4097");
    NODE(Relu, "c", "b");
    assert_ok(infer(SHAPE(1), &values));
    assert_non_null(value_of(values, "a")->data);
    assert_null(value_of(values, "b")->data);
    assert_null(value_of(values, "c")->data);
    check_shape(values, "c", "4097");
    fov_values_free(g, values);
}

/** Each node doubles what the one before made of constants: stopped by the budget, not by the machine's memory. */
static int count_computed(void)
{
    fov_view *values;
    int       computed = 0;
    assert_ok(infer(SHAPE(1), &values));
    for (int i = 2; i < g->n_value; i++) computed += values[i].data != NULL;
    fov_values_free(g, values);
    return computed;
}

static void infer_is_frugal(void **state)
{
    (void)state;
    add_input("x", SHAPE(1));
    fov_shape shape = SHAPE(1 << 20);
    assert_true(fov_graph_add_constant(g, "c", FOV_I64, &shape, NULL, NULL, &err) >= 0);
    g->value[1].dtype = FOV_F32;
    for (int i = 0; i < 80; i++) {
        int out = fov_graph_add_value(g, "v", FOV_F32, NULL, &err);
        assert_true(fov_graph_add_node(g, "n", FOV_OP_Identity, (int[]){1}, 1, &out, 1, &err) >= 0);
    }
    assert_int_equal(count_computed(), 64);
    g->most_known = FOV_MOST_KNOWN_SETTLED;
    assert_int_equal(count_computed(), 1);
    g->most_known = FOV_MOST_KNOWN;
    g->value[1].dtype = FOV_I64; /* twice as large */
    assert_int_equal(count_computed(), 32);
}

static void check_refused(fov_shape shape, fov_status expected, const char *words)
{
    fov_view *values;
    assert_int_equal(infer(shape, &values), expected);
    assert_null(values);
    if (!strstr(err.message, words)) fail_msg("'%s' is not in '%s'", words, err.message);
}

static void infer_refuses(void **state)
{
    (void)state;
    add_input("x", SHAPE(-1, -1));
    NODE(Transpose, "t", "x");
    check_refused(SHAPE(-1, 2), FOV_ERR_ARGUMENT, "input 'x': ?x2");
    check_refused(SHAPE(1LL << 40, 1LL << 40), FOV_ERR_ARGUMENT, "input 'x'");
    check_refused(SHAPE(0, INT64_MAX), FOV_ERR_ARGUMENT, "input 'x'");
    check_refused((fov_shape){.rank = -1}, FOV_ERR_ARGUMENT, "unknown");
    fov_shape shape = SHAPE(1);
    fov_view  wrong = fov_view_dense(FOV_I64, &shape, NULL), *values;
    assert_int_equal(fov_graph_infer(g, &wrong, &values, &err), FOV_ERR_ARGUMENT);
    assert_ok(infer(SHAPE(0, 3), &values));
    check_shape(values, "t", "3x0");
    fov_values_free(g, values);
}

static void infer_refuses_order(void **state)
{
    (void)state;
    add_input("x", SHAPE(2));
    fov_graph_add_value(g, "b", FOV_F32, NULL, &err);
    NODE(Relu, "a", "b");
    check_refused(SHAPE(2), FOV_ERR_FORMAT, "Relu 'a': input 0, 'b', is made by no node before it");
    g->node[0].dead = true;
    NODE(Relu, "c", "x");
    NODE(Exp, "c", "x");
    check_refused(SHAPE(2), FOV_ERR_FORMAT, "Exp 'c': its output 'c' exists already");
    g->node[2].dead = true;
    NODE(Exp, "x", "c");
    check_refused(SHAPE(2), FOV_ERR_FORMAT, "its output 'x' exists already");
}

static void infer_refuses_a_huge_constant(void **state)
{
    fov_shape shape = SHAPE(0, INT64_MAX, INT64_MAX); /* no elements, but strides that overflow */
    (void)state;
    add_input("x", SHAPE(2));
    assert_true(fov_graph_add_constant(g, "c", FOV_F32, &shape, NULL, NULL, &err) >= 0);
    check_refused(SHAPE(2), FOV_ERR_LIMIT, "constant 'c'");
}

static void a_node_with_one_output_twice(void **state)
{
    fov_view *values;
    float     data[4] = {1, 2, 3, 4};
    (void)state;
    add_input("x", SHAPE(4));
    int y = fov_graph_add_value(g, "y", FOV_F32, NULL, &err);
    assert_int_equal(fov_graph_add_node(g, "s", FOV_OP_Split, (int[]){0}, 1, (int[]){y, y}, 2, &err), 0);
    fov_view input = fov_view_dense(FOV_F32, &g->value[0].shape, data);
    if (fov_graph_evaluate(g, &input, &values, &err) == FOV_OK) fov_values_free(g, values); /* no leak, no double free */
}

/* ---------------------------------------------------------------- evaluation */

static void evaluates(void **state)
{
    fov_view    *values;
    float        data[2 * 4 * 2 * 3];
    const float *z;
    (void)state;
    build_exporter_chain();
    for (int i = 0; i < 48; i++) data[i] = (float)i;
    fov_shape shape = SHAPE(2, 4, 2, 3);
    fov_view  input = fov_view_dense(FOV_F32, &shape, data);
    assert_ok(fov_graph_evaluate(g, &input, &values, &err));
    const fov_view *y = value_of(values, "y");
    check_shape(values, "y", "2x12x2");
    for (int n = 0; n < 2; n++)
        for (int p = 0; p < 6; p++)
            for (int c = 0; c < 4; c++) assert_true(((float *)y->data)[(n * 6 + p) * 4 + c] == (float)((n * 4 + c) * 6 + p));
    z = value_of(values, "z")->data;
    assert_true(z[0] == 0 && z[1] == 0 && z[5] == 2 && z[12] == 3 && z[191] == 47);
    assert_ptr_equal(value_of(values, "x")->data, data);
    fov_values_free(g, values);
}

static void evaluates_without_the_optional_outputs(void **state)
{
    fov_view *values;
    float     data[2] = {1, 2};
    (void)state;
    add_input("x", SHAPE(2));
    int out[] = {fov_graph_add_value(g, "y", FOV_F32, NULL, &err), FOV_NONE};
    assert_int_equal(fov_graph_add_node(g, "d", FOV_OP_Dropout, (int[]){0}, 1, out, 2, &err), 0);
    add_output("y");
    fov_view input = fov_view_dense(FOV_F32, &g->value[0].shape, data);
    assert_ok(fov_graph_evaluate(g, &input, &values, &err));
    assert_memory_equal(value_of(values, "y")->data, data, sizeof data);
    fov_values_free(g, values);
}

static int budget;

static void *short_alloc(void *user, size_t bytes)
{
    (void)user;
    return budget-- > 0 ? malloc(bytes) : NULL;
}

static void *short_realloc(void *user, void *block, size_t bytes)
{
    (void)user;
    return budget-- > 0 ? realloc(block, bytes) : NULL;
}

static void plain_free(void *user, void *block)
{
    (void)user;
    free(block);
}

static void every_allocation_may_fail(void **state)
{
    static const fov_allocator hooks = {short_alloc, short_realloc, plain_free, NULL};
    fov_view                  *values = NULL;
    fov_shape                  shape = SHAPE(1, 4, 2, 2);
    float                      data[16] = {0};
    fov_status                 st = FOV_ERR_MEMORY;
    (void)state;
    build_exporter_chain();
    fov_view input = fov_view_dense(FOV_F32, &shape, data);
    fov_allocator_set(&hooks);
    for (int allowed = 0; st == FOV_ERR_MEMORY && allowed < 100; allowed++) {
        budget = allowed;
        st = fov_graph_evaluate(g, &input, &values, &err);
        assert_true(st == FOV_OK || (st == FOV_ERR_MEMORY && !values));
    }
    fov_allocator_set(NULL);
    assert_int_equal(st, FOV_OK);
    fov_values_free(g, values);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(attributes),
        T(neighbours),
        T(names_are_found),
        T(impossible_constant),
        T(sort_and_compact),
        T(sort_keeps_a_sorted_graph),
        T(sort_names_a_cycle),
        T(sort_reversed_chain),
        T(clones),
        T(infer_closes_exporter_chains),
        T(infer_fractions_of_shapes),
        T(infer_leaves_large_values),
        T(infer_is_frugal),
        T(infer_refuses),
        T(infer_refuses_order),
        T(infer_refuses_a_huge_constant),
        T(a_node_with_one_output_twice),
        T(evaluates),
        T(evaluates_without_the_optional_outputs),
        T(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
