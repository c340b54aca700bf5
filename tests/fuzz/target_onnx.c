// SPDX-License-Identifier: MIT
/* ONNX files, imported, made into an engine and run. */
#include "fuzz.h"

#include "engines.h"
#include "fields.h"
#include "onnx_forms.h"
#include "pictures.h"
#include "tails.h"

#include "export/onnx_write.h"

#include <unistd.h>

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_model  *model = NULL;
    fov_engine *engine = NULL;
    fov_status  st = fov_model_load_memory(data, bytes, name, NULL, &model, err);
    if (!st && fov_engine_build(model, NULL, &engine, NULL) == FOV_OK) engine_use(engine);
    fov_engine_free(engine);
    fov_model_free(model);
    return st;
}

static void seed_engine(fov_engine *engine)
{
    fov_error err;
    char      path[256];
    snprintf(path, sizeof path, "%s/seed.onnx", test_folder());
    assert_ok(fov_engine_export_onnx(engine, path, &err));
    fuzz_seed_file(path);
    unlink(path);
    fov_engine_free(engine);
}

static void seed_graph(fov_graph *g, void (*seed)(const void *file, size_t bytes))
{
    static const fov_onnx_note settings = {"fovea.settings", TAIL_SETTINGS};
    fov_error                  err;
    fov_buffer                 file;
    assert_ok(fov_onnx_write(g, &settings, 1, &file, &err));
    seed(file.data, file.size);
    fov_buffer_clear(&file);
    fov_graph_free(g);
}

/* As exporters end their graphs: rows of scores, boxes and landmarks, decoded or not, and what is refused for being otherwise. */
static void seed_tails(void)
{
    static const int channels[3] = {4, 8, 20};
    for (int way = 0; way < 4; way++) {
        int        head[TAIL_LEVELS][3], other;
        fov_graph *g = tail_network(channels, head);
        const int  scores = tail_rows(g, head, 0), boxes = tail_rows(g, head, 1);
        if (way == 2) tail_node(g, FOV_OP_Sigmoid, "sigmoid", &scores, 1, &other);
        else other = tail_softmax(g, scores);
        if (way == 1) other = tail_slice(g, "face", other, 1, 2);
        tail_output(g, other, way == 1 ? 1 : 2);
        tail_output(g, way ? tail_decoded(g, boxes, way == 3 ? 0 : 0.5F, 0.1F, 0.2F * (float)way) : boxes, 4);
        tail_output(g, tail_rows(g, head, 2), 10);
        seed_graph(g, fuzz_seed);
    }
}

/* Layers that stand between pixels and heads in graphs of others, and are made simpler when they are read. */
static void add_layers(fov_graph *g)
{
    const int stem = g->node[0].out[0], pads = tail_ints(g, "pads", 8, (const int64_t[]){0, 0, 0, 0, 0, 0, 0, 0}), pad = g->n_node;
    int       x, y;
    fov_error err;
    tail_node(g, FOV_OP_Pad, "pad", (const int[]){stem, pads, tail_scalar(g, "value", 0)}, 3, &x);
    tail_node(g, FOV_OP_Clip, "clip", (const int[]){x, tail_scalar(g, "low", 0), tail_scalar(g, "high", 6)}, 3, &y);
    tail_node(g, FOV_OP_PRelu, "prelu",
              (const int[]){y, tail_two(g, FOV_OP_Mul, "slope", tail_scalar(g, "a", 2), tail_scalar(g, "b", 3))}, 2, &x);
    fov_graph_replace_uses(g, stem, x);
    g->node[pad].in[0] = stem;
    assert_ok(fov_graph_sort(g, &err));
}

static void seed_layers(void)
{
    static const int channels[3] = {4, 8, 20};
    int              head[TAIL_LEVELS][3];
    fov_graph       *g = tail_network(channels, head);
    add_layers(g);
    tail_output(g, tail_softmax(g, tail_rows(g, head, 0)), 2);
    tail_output(g, tail_rows(g, head, 1), 4);
    tail_output(g, tail_rows(g, head, 2), 10);
    seed_graph(g, onnx_forms_seed);
}

static void seeds(void)
{
    for (int levels = 1; levels <= 3; levels++)
        seed_engine(headed_engine(
            &(headed_net){levels, .anchors = 1 + levels % 2, .channels = 4, .precision = FOV_PRECISION_FP32, .seed = 1}, NULL));
    seed_engine(small_engine(FOV_PRECISION_FP32, NULL));
    seed_tails();
    seed_layers();
}

const fuzz_target fuzz_target_here = {
    .name = "onnx",
    .sources = "src/import/onnx.c src/import/onnx_body.c src/import/onnx_graph.c src/import/onnx_names.c "
               "src/import/onnx_node.c src/import/onnx_tensor.c src/import/onnx_wire.c src/import/heads.c "
               "src/import/heads_anchors.c src/import/heads_columns.c src/import/heads_proof.c "
               "src/import/heads_tail.c",
    .run = run,
    .max_bytes = 64 << 20,
    .more_bytes = 4096,
    .seeds = seeds,
    .change = fields_change,
};
