// SPDX-License-Identifier: MIT
/* Heads found in graphs of other people: a small network of two levels gets the tails that exporters write, is turned into
 * ONNX, and read back. */
#include "tails.h"

#include "base/alloc.h"
#include "export/onnx_write.h"
#include "graph/op.h"
#include "import/import.h"
#include "import/onnx_body.h"

#include <math.h>
#include <string.h>

static fov_error err;

/* ---------------------------------------------------------------- reading back */

static fov_status read_back(fov_graph *g, struct fov_model **model)
{
    fov_buffer file;
    assert_ok(fov_onnx_write(g, NULL, 0, &file, &err));
    fov_graph_free(g);
    fov_source source = {.data = file.data, .size = file.size, .name = "small.onnx", .settings = TAIL_SETTINGS};
    err = (fov_error){0};
    fov_status st = fov_import(&source, model, &err);
    fov_buffer_clear(&file);
    return st;
}

static void expect_heads(fov_graph *g)
{
    static const char *const names[] = {"s0", "b0", "m0", "s1", "b1", "m1"};
    struct fov_model        *model;
    assert_ok(read_back(g, &model));
    assert_int_equal(model->graph->n_output, 6);
    for (int i = 0; i < 6; i++) assert_string_equal(model->graph->value[model->graph->output[i]].name, names[i]);
    assert_int_equal(model->graph->n_node, 8); /* nothing of the tail is left */
    assert_null(model->family);
    assert_non_null(strstr(model->warnings, "only .onnx can be written"));
    fov_model_free(model);
}

static void expect_refusal(fov_graph *g, const char *words)
{
    struct fov_model *model;
    assert_int_equal(read_back(g, &model), FOV_ERR_UNSUPPORTED);
    assert_null(model);
    if (!strstr(err.message, words)) fail_msg("'%s' is not in '%s'", words, err.message);
    assert_non_null(strstr(err.message, "small.onnx: "));
}

static const int usual[3] = {4, 8, 20};

static void shuffled(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3];
    fov_graph *g = tail_network(usual, head);
    tail_output(g, tail_rows(g, head, 2), 10);
    tail_output(g, tail_softmax(g, tail_rows(g, head, 0)), 2);
    tail_output(g, tail_rows(g, head, 1), 4);
    expect_heads(g);
}

static void planes(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3];
    fov_graph *g = tail_network(usual, head);
    for (int i = 0; i < 6; i++) {
        g->value[head[i % 2][i / 2]].shape =
            (fov_shape){4, {1, usual[i / 2], TAIL_HEIGHT / (8 << i % 2), TAIL_WIDTH / (8 << i % 2)}};
        assert_ok(fov_graph_add_output(g, head[i % 2][i / 2], &err));
    }
    expect_heads(g);
}

static void face_and_decoded_boxes(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3];
    fov_graph *g = tail_network(usual, head);
    tail_output(g, tail_decoded(g, tail_rows(g, head, 1), 0.5F, 0.1F, 0.2F), 4);
    tail_output(g, tail_slice(g, "face", tail_softmax(g, tail_rows(g, head, 0)), 1, 2), 1);
    tail_output(g, tail_rows(g, head, 2), 10);
    expect_heads(g);
}

static void variances_are_read(void **state)
{
    (void)state;
    int               head[TAIL_LEVELS][3];
    struct fov_model *model;
    fov_graph        *g = tail_network(usual, head);
    tail_output(g, tail_decoded(g, tail_rows(g, head, 1), 0.5F, 0.25F, 0.4F), 4);
    tail_output(g, tail_rows(g, head, 0), 2);
    tail_output(g, tail_rows(g, head, 2), 10);
    assert_ok(read_back(g, &model));
    assert_float_equal(model->settings.variance[0], 0.25F, 0);
    assert_float_equal(model->settings.variance[1], 0.4F, 1e-7F);
    assert_float_equal(model->settings.level[1].side[1], 128, 0);
    assert_non_null(strstr(model->warnings, "these replace the settings"));
    fov_model_free(model);
}

static void other_centres(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3];
    fov_graph *g = tail_network(usual, head);
    tail_output(g, tail_decoded(g, tail_rows(g, head, 1), 0, 0.1F, 0.2F), 4);
    tail_output(g, tail_rows(g, head, 0), 2);
    tail_output(g, tail_rows(g, head, 2), 10);
    expect_refusal(g, "output 'decoded' (1x240x4) is decoded with other anchors or variances");
}

static void sigmoid_scores(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3], scores;
    fov_graph *g = tail_network(usual, head);
    int        rows = tail_rows(g, head, 0);
    tail_node(g, FOV_OP_Sigmoid, "sigmoid", &rows, 1, &scores);
    tail_output(g, scores, 2);
    tail_output(g, tail_rows(g, head, 1), 4);
    tail_output(g, tail_rows(g, head, 2), 10);
    expect_refusal(g, "output 'sigmoid' (1x240x2) is neither the two classes");
}

static void missing_landmarks(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3];
    fov_graph *g = tail_network(usual, head);
    tail_output(g, tail_rows(g, head, 0), 2);
    tail_output(g, tail_rows(g, head, 1), 4);
    expect_refusal(g, "12x8 cells: 4, 8; 6x4 cells: 4, 8");
}

static void half_of_the_landmarks(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3];
    fov_graph *g = tail_network(usual, head);
    tail_output(g, tail_rows(g, head, 0), 2);
    tail_output(g, tail_rows(g, head, 1), 4);
    tail_output(g, tail_slice(g, "some", tail_rows(g, head, 2), 0, 4), 4);
    expect_refusal(g, "no output of the graph gives the ten numbers of the landmarks at stride 8");
}

static void other_anchor_count(void **state)
{
    (void)state;
    const int  three[3] = {6, 12, 30};
    int        head[TAIL_LEVELS][3];
    fov_graph *g = tail_network(three, head);
    for (int k = 0; k < 3; k++) tail_output(g, tail_rows(g, head, k), tail_width[k]);
    expect_refusal(g, "these anchors a cell: 3 at stride 8, 3 at stride 16; the settings have 2 at stride 8, 2 at stride 16");
}

/* Fewer images in the heads than in the input, and the tail repeats them: what checks the outputs must not believe it. */
static void images_that_vanish(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3], first;
    fov_graph *g = tail_network(usual, head);
    int x = g->input[0], from = tail_ints(g, "zero", 1, (const int64_t[]){0}), to = tail_ints(g, "one", 1, (const int64_t[]){1});
    g->value[x].shape.dim[0] = 1000;
    tail_node(g, FOV_OP_Slice, "first", (const int[]){x, from, to, from}, 4, &first);
    fov_graph_replace_uses(g, x, first);
    g->node[g->n_node - 1].in[0] = x;
    int times = tail_ints(g, "times", 3, (const int64_t[]){1000, 1, 1});
    for (int k = 0; k < 3; k++) {
        char name[16];
        snprintf(name, sizeof name, "tiled%d", k);
        tail_output(g, tail_two(g, FOV_OP_Tile, name, tail_rows(g, head, k), times), tail_width[k]);
    }
    expect_refusal(g, "before the outputs has 1 images of the input's 1000");
}

/* A window as large as its input, at every place of it: little to write down, a lot to do. */
static void endless_tail(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3], out;
    fov_graph *g = tail_network(usual, head);
    g->value[g->input[0]].shape = (fov_shape){4, {1, 3, 4096, 6144}};
    fov_node *n = tail_node(g, FOV_OP_MaxPool, "pool", &head[0][0], 1, &out);
    assert_ok(fov_node_set_ints(n, "kernel_shape", (const int64_t[]){511, 511}, 2, &err));
    assert_ok(fov_node_set_ints(n, "pads", (const int64_t[]){255, 255, 255, 255}, 4, &err));
    tail_output(g, out, 4);
    for (int i = 1; i < 6; i++) tail_output(g, head[i % 2][i / 2], 1);
    struct fov_model *model;
    assert_int_equal(read_back(g, &model), FOV_ERR_LIMIT);
    assert_non_null(strstr(err.message, "what the graph does with its heads is too large to check"));
}

static void all_rows(fov_graph *g, int head[TAIL_LEVELS][3])
{
    for (int k = 0; k < 3; k++) tail_output(g, tail_rows(g, head, k), tail_width[k]);
}

/* ---------------------------------------------------------------- bodies */

/* What the first Conv reads is now made of the pixels by `op` and, if there is one, a second input. */
static fov_node *before_stem(fov_graph *g, fov_op op, int second)
{
    int       x = g->input[0], out;
    fov_node *n = tail_node(g, op, "first", (const int[]){x, second}, second == FOV_NONE ? 1 : 2, &out);
    fov_graph_replace_uses(g, x, out);
    n->in[0] = x;
    return n;
}

static void infinite_weights_are_told(void **state)
{
    (void)state;
    int               head[TAIL_LEVELS][3];
    struct fov_model *model;
    fov_graph        *g = tail_network(usual, head);
    ((float *)g->value[fov_graph_find(g, "b1.weight")].data)[3] = INFINITY;
    all_rows(g, head);
    assert_ok(read_back(g, &model));
    assert_non_null(
        strstr(model->warnings, "1 tensors hold infinities or NaN, so the network's answers will be useless: b1.weight"));
    fov_model_free(model);
}

static void a_mean_in_the_graph_is_told(void **state)
{
    (void)state;
    int               head[TAIL_LEVELS][3];
    struct fov_model *model;
    fov_graph        *g = tail_network(usual, head);
    before_stem(g, FOV_OP_Sub, tail_scalar(g, "mean", 127.5F));
    all_rows(g, head);
    assert_ok(read_back(g, &model));
    assert_non_null(strstr(model->warnings, "Sub 'first' changes the pixels before the first layer"));
    fov_model_free(model);
}

/* Two names that differ in a character that no terminal should see. */
static void names_are_printable(void **state)
{
    (void)state;
    static const char *const bad[2] = {"s0\033[2J", "s0\a[2J"};
    int                      head[TAIL_LEVELS][3];
    struct fov_model        *model;
    fov_graph               *g = tail_network(usual, head);
    all_rows(g, head);
    for (int i = 0; i < 2; i++) {
        fov_value *value = &g->value[head[0][i]];
        fov_free(value->name);
        value->name = fov_strdup(bad[i]);
    }
    assert_ok(read_back(g, &model));
    const fov_graph *graph = model->graph;
    assert_int_equal(strncmp(graph->value[graph->output[0]].name, "s0?[2J", 6), 0);
    assert_int_equal(strncmp(graph->value[graph->output[1]].name, "s0?[2J", 6), 0);
    assert_string_not_equal(graph->value[graph->output[0]].name, graph->value[graph->output[1]].name);
    fov_model_free(model);
}

/* Opset 18: the pads are of the axes -1 and 2. Written again, for opset 13, they are of all. */
static void pads_of_some_axes(void **state)
{
    (void)state;
    int        head[TAIL_LEVELS][3], out;
    fov_graph *g = tail_network(usual, head);
    int        x = g->input[0];
    g->value[x].shape = (fov_shape){4, {1, 3, TAIL_HEIGHT - 5, TAIL_WIDTH - 2}};
    int pads = tail_ints(g, "few", 4, (const int64_t[]){2, 1, 0, 4}), axes = tail_ints(g, "axes", 2, (const int64_t[]){-1, 2});
    tail_node(g, FOV_OP_Pad, "pad", (const int[]){x, pads, FOV_NONE, axes}, 4, &out);
    fov_graph_replace_uses(g, x, out);
    g->node[g->n_node - 1].in[0] = x;
    for (int i = 0; i < 6; i++) assert_ok(fov_graph_add_output(g, head[i % 2][i / 2], &err));
    g->opset = 18;
    const fov_view probe = fov_view_dense(FOV_F32, &g->value[x].shape, NULL);
    assert_ok(fov_graph_sort(g, &err));
    assert_ok(fov_onnx_settle_body(g, &probe, &err));
    const fov_node *pad = &g->node[0];
    assert_int_equal(pad->op, FOV_OP_Pad);
    assert_int_equal(pad->n_in, 3);
    static const int64_t all[8] = {0, 0, 1, 2, 0, 0, 4, 0};
    assert_memory_equal(g->value[pad->in[1]].data, all, sizeof all);
    fov_graph_free(g);
}

/* Thirty nodes that read their predecessor twice: the first tensor's name must not be written 2^30 times. */
static void origins_do_not_multiply(void **state)
{
    (void)state;
    int               head[TAIL_LEVELS][3];
    struct fov_model *model;
    fov_graph        *g = tail_network(usual, head);
    int               w = tail_scalar(g, "one", 1);
    for (int i = 0; i < 30; i++) {
        char name[16];
        snprintf(name, sizeof name, "twice%d", i);
        w = tail_two(g, FOV_OP_Mul, name, w, w);
    }
    before_stem(g, FOV_OP_Mul, w);
    all_rows(g, head);
    assert_ok(read_back(g, &model));
    const fov_value *last = &model->graph->value[fov_graph_find(model->graph, "twice29")];
    assert_string_equal(last->origin, "one");
    fov_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffled),
        cmocka_unit_test(planes),
        cmocka_unit_test(face_and_decoded_boxes),
        cmocka_unit_test(variances_are_read),
        cmocka_unit_test(other_centres),
        cmocka_unit_test(sigmoid_scores),
        cmocka_unit_test(missing_landmarks),
        cmocka_unit_test(half_of_the_landmarks),
        cmocka_unit_test(other_anchor_count),
        cmocka_unit_test(images_that_vanish),
        cmocka_unit_test(endless_tail),
        cmocka_unit_test(infinite_weights_are_told),
        cmocka_unit_test(a_mean_in_the_graph_is_told),
        cmocka_unit_test(names_are_printable),
        cmocka_unit_test(pads_of_some_axes),
        cmocka_unit_test(origins_do_not_multiply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
