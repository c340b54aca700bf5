// SPDX-License-Identifier: MIT
#include "engines.h"

#include "base/alloc.h"
#include "engine/golden.h"
#include "engine_file/engine_file.h"
#include "engine_file/format.h"
#include "models/model.h"
#include "models/net.h"
#include "quant/typed.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Deep inside helpers there is no test to fail. */
static void must(fov_status status, const fov_error *err)
{
    if (!status) return;
    fprintf(stderr, "small engine: %s\n", err->message);
    abort();
}

/* ---------------------------------------------------------------- the network */

static int layer(fov_net *net, int x, const char *name, int in, int out, int kernel, int stride, int group, float slope)
{
    char         norm_name[80];
    fov_net_conv conv = fov_net_conv_params(net, name, in, out, kernel, stride, group, false);
    snprintf(norm_name, sizeof norm_name, "%s.norm", name);
    fov_net_norm norm = fov_net_norm_params(net, norm_name, out);
    int          y = fov_net_normalise(net, fov_net_convolve(net, x, &conv), &norm);
    snprintf(norm_name, sizeof norm_name, "%s.act", name);
    return slope == 1 ? y : fov_net_activate(net, y, norm_name, slope);
}

static int head(fov_net *net, int x, const char *name, int in, int channels)
{
    fov_net_conv conv = fov_net_conv_params(net, name, in, channels, 1, 1, 1, true);
    return fov_net_convolve(net, x, &conv);
}

static fov_graph *network(void)
{
    fov_error  err;
    fov_graph *graph;
    fov_net    net = fov_net_begin(NULL, &err);
    int        x = layer(&net, fov_net_input(&net, "input", 3), "first", 3, 8, 3, 2, 1, 0.1F);
    x = layer(&net, x, "depthwise", 8, 8, 3, 1, 8, 0);
    x = layer(&net, x, "pointwise", 8, 16, 1, 2, 1, 0);
    int narrow = layer(&net, x, "block.narrow", 16, 8, 1, 1, 1, 0);
    int wide = layer(&net, narrow, "block.wide", 8, 16, 3, 1, 1, 1);
    x = fov_net_activate(&net, fov_net_add(&net, wide, x, "block.add"), "block.act", 0);
    x = fov_net_max_pool(&net, x, "pool", 3, 2);
    const int parts[] = {layer(&net, x, "left", 16, 8, 3, 1, 1, 0.1F), layer(&net, x, "right", 16, 8, 1, 1, 1, 0.1F)};
    int       both = fov_net_concat(&net, parts, 2, "both");
    int       coarse = layer(&net, both, "coarse", 16, 16, 3, 2, 1, 0), side = layer(&net, both, "side", 16, 16, 1, 1, 1, 0.1F);
    x = fov_net_add(&net, fov_net_upsample2(&net, coarse, "up"), side, "merge");
    fov_net_output(&net, head(&net, x, "scores", 16, 4));
    fov_net_output(&net, head(&net, x, "boxes", 16, 8));
    fov_net_output(&net, head(&net, x, "landmarks", 16, 20));
    must(fov_net_finish(&net, "small engine", "small network", &graph), &err);
    return graph;
}

/* In an order of their own, and handed out as all models do. */
static void heads_of_level(fov_net *net, int x, int level, const headed_net *of)
{
    static const struct kind {
        const char *name;
        int         numbers;
    } kind[] = {{"scores", 2}, {"boxes", 4}, {"landmarks", 10}};
    int out[3];
    for (int i = 0; i < 3; i++) {
        const int k = (int)((of->seed + (uint64_t)(of->seed % 2 ? i : 3 - i)) % 3);
        char      name[32];
        snprintf(name, sizeof name, "%s%d", kind[k].name, level);
        out[k] = head(net, x, name, of->channels, kind[k].numbers * of->anchors);
    }
    for (int k = 0; k < 3; k++) fov_net_output(net, out[k]);
}

static fov_graph *headed_network(const headed_net *of)
{
    fov_error  err;
    fov_graph *graph;
    fov_net    net = fov_net_begin(NULL, &err);
    int        x = layer(&net, fov_net_input(&net, "input", 3), "first", 3, 8, 3, 2, 1, 0.1F);
    x = layer(&net, x, "second", 8, 16, 3, 2, 1, 0.1F);
    for (int k = 0; k < of->levels; k++) {
        char name[16];
        snprintf(name, sizeof name, "map%d", k);
        x = layer(&net, x, name, k ? of->channels : 16, of->channels, 3, 2, 1, 0.1F);
        heads_of_level(&net, x, k, of);
    }
    must(fov_net_finish(&net, "headed engine", "headed network", &graph), &err);
    return graph;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t a = strlen(name), b = strlen(end);
    return a >= b && !strcmp(name + a - b, end);
}

/* The template's parameters get numbers: the same ones everywhere. */
static void fill_parameters(fov_graph *graph, uint64_t seed)
{
    test_random random = {seed};
    for (int i = 0; i < graph->n_value; i++) {
        fov_value *value = &graph->value[i];
        size_t     count;
        if (value->data || i == graph->input[0] || fov_graph_producer(graph, i) != FOV_NONE) continue;
        if (!fov_shape_count(&value->shape, &count)) abort();
        float *data = fov_alloc_array(count, sizeof *data);
        for (size_t k = 0; k < count; k++)
            data[k] = ends_with(value->name, "running_var") ? test_random_float(&random, 0.5F, 2)
                      : value->shape.rank == 1              ? test_random_float(&random, -0.5F, 1)
                                                            : test_random_float(&random, -0.3F, 0.3F);
        value->data = data;
        value->origin = fov_strdup(value->name);
    }
}

static fov_settings small_settings(void)
{
    fov_error    err;
    fov_settings settings = fov_settings_default();
    must(fov_settings_parse(&settings, SMALL_ENGINE_SETTINGS, "small engine", &err), &err);
    return settings;
}

/* ---------------------------------------------------------------- precisions */

/* What the definitions make of a picture, as ranges of all values. */
static fov_calibration *calibrate(const fov_graph *graph)
{
    enum { W = SMALL_ENGINE_WIDTH, H = SMALL_ENGINE_HEIGHT };
    static float     input[3 * H * W];
    fov_error        err;
    fov_view        *values;
    fov_calibration *ranges;
    test_random      random = {1};
    must(fov_calibration_new(NULL, &ranges, &err), &err);
    snprintf(ranges->method, sizeof ranges->method, "min-max");
    ranges->photos = 1;
    for (int i = 0; i < 3 * H * W; i++) input[i] = test_random_float(&random, -123, 151);
    const fov_shape shape = fov_shape_make(4, (int64_t[]){1, 3, H, W});
    const fov_view  view = fov_view_dense(FOV_F32, &shape, input);
    must(fov_graph_evaluate(graph, &view, &values, &err), &err);
    for (int i = 0; i < graph->n_value; i++) {
        size_t count;
        if (graph->value[i].data || values[i].shape.rank != 4 || !fov_shape_count(&values[i].shape, &count)) continue;
        const float *data = values[i].data;
        float        lo = 0, hi = 0;
        for (size_t k = 0; k < count; k++) {
            if (data[k] < lo) lo = data[k];
            if (data[k] > hi) hi = data[k];
        }
        must(fov_calibration_add(ranges, graph->value[i].name, lo, hi, 0, &err) ? FOV_OK : err.code, &err);
    }
    fov_values_free(graph, values);
    return ranges;
}

static void set_types(fov_graph *graph, fov_precision precision, const fov_settings *settings)
{
    static const fov_dtype of_precision[] = {[FOV_PRECISION_FP32] = FOV_F32,
                                             [FOV_PRECISION_BF16] = FOV_BF16,
                                             [FOV_PRECISION_FP16] = FOV_F16,
                                             [FOV_PRECISION_INT8] = FOV_U8};
    static const fov_dtype mixed[] = {FOV_F32, FOV_U8, FOV_U8, FOV_BF16, FOV_U8, FOV_F16};
    fov_error              err;
    fov_dtype             *types = calloc((size_t)graph->n_node, sizeof *types);
    fov_calibration       *ranges = calibrate(graph);
    const fov_typing       typing = {.node = types, .ranges = ranges, .settings = settings};
    for (int i = 0; i < graph->n_node; i++)
        types[i] = precision == FOV_PRECISION_MIXED ? mixed[(size_t)i % (sizeof mixed / sizeof *mixed)] : of_precision[precision];
    must(fov_graph_set_types(graph, &typing, &err), &err);
    fov_calibration_free(ranges);
    free(types);
}

static fov_engine *engine_of(fov_graph *graph, uint64_t seed, fov_precision precision, const fov_settings *settings,
                             const char *backend)
{
    fov_error      err;
    fov_engine    *engine;
    fov_pass_count passes[FOV_PASS_COUNT];
    fill_parameters(graph, seed);
    must(fov_graph_optimize(graph, passes, &err), &err);
    set_types(graph, precision, settings);
    must(fov_engine_from_graph(graph, settings, backend, 0, true, &engine, &err), &err);
    memcpy(engine->passes, passes, sizeof passes);
    return engine;
}

fov_engine *small_engine(fov_precision precision, const char *backend)
{
    static const fov_golden_input inputs[] = {{SMALL_ENGINE_WIDTH, SMALL_ENGINE_HEIGHT, NULL}, {32, 64, NULL}};
    fov_error                     err;
    const fov_settings            settings = small_settings();
    fov_engine                   *engine = engine_of(network(), 2026, precision, &settings, backend);
    must(fov_golden_make(engine, inputs, sizeof inputs / sizeof *inputs, &engine->golden, &err), &err);
    engine->source = fov_strdup("small network");
    engine->certificate = fov_strdup("{\"verdict\":\"of a network that finds nothing\",\"photos\":0}");
    return engine;
}

fov_model *small_engine_model(void)
{
    struct fov_model *model = fov_model_new("small network", "onnx");
    if (!model) abort();
    model->graph = network();
    model->settings = small_settings();
    fill_parameters(model->graph, 2026);
    return model;
}

fov_engine *headed_engine(const headed_net *net, const char *backend)
{
    fov_settings settings = fov_settings_default();
    settings.n_level = net->levels;
    for (int k = 0; k < net->levels; k++) {
        settings.level[k] = (fov_level){.stride = 8 << k, .n_anchor = net->anchors};
        for (int a = 0; a < net->anchors; a++) settings.level[k].side[a] = (float)(16 << (2 * k + a));
    }
    return engine_of(headed_network(net), net->seed, net->precision, &settings, backend);
}

unsigned char *engine_bytes(const fov_engine *engine, size_t *size)
{
    fov_error err;
    fov_text  file = {0};
    must(fov_engine_file_write(engine, &file, &err), &err);
    *size = file.size;
    return (unsigned char *)fov_text_take(&file);
}

/* ---------------------------------------------------------------- files */

enum { SIZE_AT = 40, COUNT_AT = 20, CHECKSUM_AT = 8, ENTRY_OFFSET = 8, ENTRY_SIZE = 16, ENTRY_CHECKSUM = 24 };

static uint64_t get(const unsigned char *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static void put(unsigned char *to, uint64_t value)
{
    memcpy(to, &value, sizeof value);
}

void engine_seal(unsigned char *file, size_t size)
{
    if (size < FOV_FILE_HEADER_BYTES) return;
    const size_t fitting = (size - FOV_FILE_HEADER_BYTES) / FOV_FILE_ENTRY_BYTES;
    uint32_t     count;
    memcpy(&count, file + COUNT_AT, sizeof count);
    if (count > fitting) return;
    for (uint32_t i = 0; i < count; i++) {
        unsigned char *entry = file + FOV_FILE_HEADER_BYTES + i * FOV_FILE_ENTRY_BYTES;
        const uint64_t offset = get(entry + ENTRY_OFFSET), bytes = get(entry + ENTRY_SIZE);
        if (offset <= size && bytes <= size - offset) put(entry + ENTRY_CHECKSUM, XXH3_64bits(file + offset, bytes));
    }
    put(file + SIZE_AT, size);
    put(file + CHECKSUM_AT,
        XXH3_64bits(file + FOV_FILE_SUMMED_FROM, FOV_FILE_HEADER_BYTES + count * FOV_FILE_ENTRY_BYTES - FOV_FILE_SUMMED_FROM));
}

void engine_use(const fov_engine *engine)
{
    static const uint8_t pixels[48 * 64 * 3];
    const fov_image      image = {pixels, 64, 48, (ptrdiff_t)64 * 3, FOV_RGB8};
    fov_detector        *detector = NULL;
    fov_faces            faces;
    fov_raw              raw;
    char                *text = NULL;
    fov_engine_describe_json(engine, 64, 48, &text, NULL);
    fov_string_free(text);
    if (fov_detector_new(engine, &(fov_detector_options){.threads = 1}, &detector, NULL)) return;
    fov_detector_run(detector, &image, NULL, &faces, NULL);
    fov_detector_raw(detector, &image, NULL, &raw, NULL);
    fov_detector_free(detector);
}

void engine_verify(const fov_engine *engine)
{
    bool  pass;
    char *text = NULL;
    fov_engine_verify(engine, &pass, &text, NULL);
    fov_string_free(text);
}
