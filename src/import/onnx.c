// SPDX-License-Identifier: MIT
/* The ONNX importer: file -> graph as it is -> heads found and proven -> canonical graph (models/model.h) -> family. */
#include "base/alloc.h"
#include "graph/op.h"
#include "graph/passes.h"
#include "import/heads.h"
#include "import/onnx_body.h"
#include "import/onnx_graph.h"
#include "import/onnx_plugin.h"
#include "import/onnx_wire.h"

#include <stdio.h>
#include <string.h>

/* The size that shapes are inferred at where the file leaves it open: small, not square, a multiple of 32. */
enum { PROBE_HEIGHT = 128, PROBE_WIDTH = 160, CHANNELS = 3 };

/* Inner messages name the place in the file; here the file's name comes before it. */
static fov_status name_file(fov_status st, const char *name, fov_error *err)
{
    char message[sizeof err->message];
    if (!st || !err) return st;
    memcpy(message, err->message, sizeof message);
    return fov_fail(err, st, "%s: %s", name, message);
}

/* ---------------------------------------------------------------- reading */

/* Settings that an earlier fov_exporter_onnx left in the file; NULL without any. */
static fov_status copy_settings(const Onnx__ModelProto *model, char **carried, fov_error *err)
{
    *carried = NULL;
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *entry = model->metadata_props[i];
        if (*carried || !entry->key || !entry->value || strcmp(entry->key, "fovea.settings") != 0) continue;
        *carried = fov_strdup(entry->value);
        if (!*carried) return fov_fail_memory(err, "the settings");
    }
    return FOV_OK;
}

static fov_status read_file(const fov_source *source, fov_graph **graph, char **carried, fov_error *err)
{
    fov_onnx_file file;
    fov_status    st = fov_onnx_open(source, &file, err);
    if (!st) st = copy_settings(file.model, carried, err);
    if (!st) st = fov_onnx_graph(file.model, source->plugins, graph, err);
    fov_onnx_close(&file);
    return st;
}

/* ---------------------------------------------------------------- the input */

static fov_status fail_input(const fov_value *value, fov_error *err)
{
    char shape[160];
    fov_shape_print(&value->shape, shape, sizeof shape);
    if (value->shape.rank == 4 && value->shape.dim[3] == CHANNELS)
        return fov_fail(
            err, FOV_ERR_UNSUPPORTED,
            "input '%s' is %s, with the channels last (NHWC): export the graph with channels first (NCHW), such as 1x3x640x640",
            value->name, shape);
    return fov_fail(err, FOV_ERR_UNSUPPORTED,
                    "input '%s' is %s%s; a detector of faces takes float pixels as NCHW with 3 channels, such as 1x3x640x640",
                    value->name, shape, value->dtype == FOV_F32 ? "" : ", not float");
}

static fov_status probe_input(const fov_graph *graph, fov_view *probe, fov_error *err)
{
    static const int64_t open[4] = {1, CHANNELS, PROBE_HEIGHT, PROBE_WIDTH};
    fov_shape            shape = {4, {-1, -1, -1, -1}};
    if (graph->n_input != 1)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "the graph has %d inputs%s%s%s; a detector of faces has one, the pixels",
                        graph->n_input, graph->n_input ? ", the first '" : "",
                        graph->n_input ? graph->value[graph->input[0]].name : "", graph->n_input ? "'" : "");
    const fov_value *value = &graph->value[graph->input[0]];
    if (value->shape.rank >= 0) shape = value->shape;
    if (value->dtype != FOV_F32 || shape.rank != 4 || (shape.dim[1] != CHANNELS && shape.dim[1] != -1))
        return fail_input(value, err);
    for (int i = 0; i < 4; i++)
        if (shape.dim[i] < 0) shape.dim[i] = open[i];
    *probe = fov_view_dense(FOV_F32, &shape, NULL);
    return FOV_OK;
}

/* ---------------------------------------------------------------- making it canonical */

static fov_status warn_adopted(struct fov_model *model, const fov_settings *before, fov_error *err)
{
    fov_text   text = {0};
    fov_status st = FOV_OK;
    if (fov_settings_equal(before, &model->settings)) return FOV_OK;
    for (int i = 0; i < model->settings.n_level; i++) {
        const fov_level *level = &model->settings.level[i];
        fov_text_print(&text, "%s", i ? " /" : "");
        for (int k = 0; k < level->n_anchor; k++) fov_text_print(&text, "%s%g", k ? "," : " ", (double)level->side[k]);
    }
    st = text.failed
             ? fov_fail_memory(err, "a warning")
             : fov_model_warn(model, err,
                              "the graph decodes its boxes with anchors%s and variances %g,%g: these replace the settings",
                              text.data ? text.data : "", (double)model->settings.variance[0], (double)model->settings.variance[1]);
    fov_text_clear(&text);
    return st;
}

static fov_status find_heads(const fov_graph *graph, const fov_view *probe, struct fov_model *model, fov_heads *heads,
                             fov_error *err)
{
    fov_settings before = model->settings;
    fov_view    *values;
    fov_status   st = fov_graph_infer(graph, probe, &values, err);
    if (st) return st;
    st = fov_heads_find(graph, values, probe, heads, err);
    if (!st) st = fov_heads_prove(graph, values, heads, &model->settings, err);
    fov_values_free(graph, values);
    return st ? st : warn_adopted(model, &before, err);
}

static fov_status drop_dead(fov_graph *graph, fov_error *err)
{
    int        count = 0;
    fov_status st = fov_pass_drop_dead(graph, &count, err);
    return st ? st : fov_graph_compact(graph, err);
}

static fov_status cut_at_heads(fov_graph *graph, const fov_heads *heads, fov_error *err)
{
    fov_status st = FOV_OK;
    graph->n_output = 0;
    for (int k = 0; k < heads->n_level; k++)
        for (int kind = 0; kind < FOV_HEAD_KINDS && !st; kind++) st = fov_graph_add_output(graph, heads->level[k].value[kind], err);
    return st ? st : drop_dead(graph, err);
}

/* Some exporters put the subtraction of the mean into the graph; ours would then be the second. */
static fov_status warn_preprocessing(const fov_graph *graph, struct fov_model *model, fov_error *err)
{
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        const bool shifts = node->op == FOV_OP_Sub || node->op == FOV_OP_Add || node->op == FOV_OP_Mul || node->op == FOV_OP_Div ||
                            node->op == FOV_OP_BatchNormalization;
        for (int j = 0; shifts && j < node->n_in; j++)
            if (node->in[j] == graph->input[0])
                return fov_model_warn(model, err,
                                      "%s '%.100s' changes the pixels before the first layer: if it subtracts the mean or scales, "
                                      "pass `mean = 0,0,0` and `scale = 1,1,1`, lest this be done twice",
                                      fov_op_def_of(node->op)->name, node->name);
    }
    return FOV_OK;
}

static fov_status cut_tail(fov_graph *graph, const fov_view *probe, struct fov_model *model, fov_error *err)
{
    fov_heads  heads;
    fov_status st = find_heads(graph, probe, model, &heads, err);
    return st ? st : cut_at_heads(graph, &heads, err);
}

/* A plugin that decodes the heads knows which ones they are, so there is nothing to look for.
 * @param tail out: of the plugin; release with fov_plugin_tail_clear() */
static fov_status make_canonical(fov_graph *graph, struct fov_model *model, fov_plugin_tail *tail, fov_error *err)
{
    const uint64_t held = fov_graph_constant_bytes(graph); /* before there are others, which the file computes */
    fov_view       probe;
    fov_status     st = probe_input(graph, &probe, err);
    if (!st) st = fov_plugin_tail_take(graph, tail, err);
    if (!st) st = tail->node.plugin ? drop_dead(graph, err) : cut_tail(graph, &probe, model, err);
    if (!st) st = fov_onnx_settle_body(graph, &probe, err);
    if (!st) st = fov_graph_check_sharing(graph, held, err);
    if (!st) graph->value[graph->input[0]].shape = (fov_shape){4, {-1, CHANNELS, -1, -1}};
    return st ? st : warn_preprocessing(graph, model, err);
}

static fov_status match_family(struct fov_model *model, fov_error *err)
{
    fov_error  why = {0};
    fov_status st = fov_family_match(model, &why);
    if (st == FOV_ERR_UNSUPPORTED)
        return fov_model_warn(model, err, "%s. The graph runs as it is; only .onnx can be written from it", why.message);
    return st ? fov_fail(err, st, "%s", why.message) : FOV_OK;
}

static fov_status import(const fov_source *source, struct fov_model *model, fov_error *err)
{
    char           *carried = NULL;
    fov_plugin_tail tail = {0};
    fov_status      st = name_file(read_file(source, &model->graph, &carried, err), source->name, err);
    if (!st) st = fov_import_settings(source, carried, &model->settings, err);
    if (!st) st = name_file(make_canonical(model->graph, model, &tail, err), source->name, err);
    if (!st) st = fov_import_warn_non_finite(model, err);
    if (!st) st = match_family(model, err);
    if (!st && tail.node.plugin) st = fov_model_append_plugin(model, &tail.node, tail.output, err);
    fov_plugin_tail_clear(&tail);
    fov_free(carried);
    return st;
}

const fov_importer fov_importer_onnx = {.format = "onnx", .recognise = fov_onnx_recognise, .import = import};
