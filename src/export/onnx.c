// SPDX-License-Identifier: MIT
/* The ONNX exporter. The file has the layers of the model, BatchNormalization kept where the model has it, and ends as
 * RetinaFace's own exports do, for any batch and size:
 *
 *     input (n,3,h,w)   bbox (n,A,4)   conf (n,A,2), softmaxed   landmarks (n,A,10)
 *
 * unless a plugin decodes the heads: its node then ends the file as it ends the network, in the plugin's own domain.
 * Settings and family travel in metadata_props. */
#include "export/onnx.h"

#include "base/alloc.h"
#include "export/export.h"

#include <stdio.h>
#include <string.h>

enum { N_KINDS = 3, MAX_NAME = 64 };

/* In the order of the exported outputs; `head` is the place in model.h's order. */
static const struct kind {
    const char *name;
    int         head, width;
    bool        softmax;
} kinds[N_KINDS] = {{"bbox", 1, 4, false}, {"conf", 0, 2, true}, {"landmarks", 2, 10, false}};

/* Make a name free: what bears it inside the network gets another one. */
static fov_status claim_name(fov_graph *graph, const char *name, fov_error *err)
{
    int id = fov_graph_find(graph, name);
    return id == FOV_NONE ? FOV_OK : fov_graph_rename(graph, id, fov_graph_unique_name(graph, name), err);
}

/* ---------------------------------------------------------------- the tail */

/* What appends nodes remembers the first failure, so that a tail reads as it runs. */
typedef struct tail {
    fov_graph *graph;
    fov_status status;
    fov_error *err;
} tail;

/* A node with one output, `name`, which it claims. @return the node, NULL after a failure */
static fov_node *append(tail *t, fov_op op, const char *name, const int *in, int n_in, int *out)
{
    *out = FOV_NONE;
    if (!t->status) t->status = claim_name(t->graph, name, t->err);
    if (t->status) return NULL;
    *out = fov_graph_add_value(t->graph, name, FOV_F32, NULL, t->err);
    int id = *out == FOV_NONE ? FOV_NONE : fov_graph_add_node(t->graph, name, op, in, n_in, out, 1, t->err);
    if (id == FOV_NONE) t->status = FOV_ERR_MEMORY;
    return id == FOV_NONE ? NULL : &t->graph->node[id];
}

static int constant_ints(tail *t, const char *name, const int64_t *ints, int64_t count)
{
    const fov_shape shape = {1, {count}};
    if (!t->status) t->status = claim_name(t->graph, name, t->err);
    if (t->status) return FOV_NONE;
    int id = fov_graph_add_constant(t->graph, name, FOV_I64, &shape, ints, NULL, t->err);
    if (id == FOV_NONE) t->status = FOV_ERR_MEMORY;
    return id;
}

/* (n, anchors * k, h, w) -> (n, h * w * anchors, k) */
static int add_rows(tail *t, const struct kind *kind, int head, int stride, int row_shape)
{
    static const int64_t channels_last[4] = {0, 2, 3, 1};
    char                 name[MAX_NAME];
    int                  turned, rows;
    snprintf(name, sizeof name, "%s_%d_nhwc", kind->name, stride);
    fov_node *node = append(t, FOV_OP_Transpose, name, &head, 1, &turned);
    if (node) t->status = fov_node_set_ints(node, "perm", channels_last, 4, t->err);
    snprintf(name, sizeof name, "%s_%d_rows", kind->name, stride);
    append(t, FOV_OP_Reshape, name, (const int[]){turned, row_shape}, 2, &rows);
    return rows;
}

static void add_kind(tail *t, const fov_settings *settings, const struct kind *kind)
{
    const int64_t rows_of[3] = {0, -1, kind->width};
    const int    *heads = t->graph->output;
    char          name[MAX_NAME];
    int           part[FOV_MAX_LEVELS], joined, out;
    snprintf(name, sizeof name, "%s_shape", kind->name);
    int row_shape = constant_ints(t, name, rows_of, 3);
    for (int k = 0; k < settings->n_level; k++)
        part[k] = add_rows(t, kind, heads[N_KINDS * k + kind->head], settings->level[k].stride, row_shape);

    snprintf(name, sizeof name, "%s%s", kind->name, kind->softmax ? "_logits" : "");
    fov_node *node = append(t, FOV_OP_Concat, name, part, settings->n_level, &joined);
    if (node) t->status = fov_node_set_int(node, "axis", 1, t->err);
    out = joined;
    if (kind->softmax) {
        node = append(t, FOV_OP_Softmax, kind->name, &joined, 1, &out);
        if (node) t->status = fov_node_set_int(node, "axis", 2, t->err);
    }
    if (!t->status) t->graph->value[out].shape = (fov_shape){3, {-1, -1, kind->width}};
    if (!t->status) t->status = fov_graph_add_output(t->graph, out, t->err);
}

static fov_status add_tail(fov_graph *graph, const fov_settings *settings, fov_error *err)
{
    tail      t = {.graph = graph, .err = err};
    const int n_head = graph->n_output;
    for (int i = 0; i < N_KINDS; i++) add_kind(&t, settings, &kinds[i]);
    if (t.status) return t.status;
    memmove(graph->output, graph->output + n_head, N_KINDS * sizeof *graph->output);
    graph->n_output = N_KINDS;
    return FOV_OK;
}

static fov_status name_input(fov_graph *graph, fov_error *err)
{
    const int input = graph->input[0];
    if (!strcmp(graph->value[input].name, "input")) return FOV_OK;
    fov_status st = claim_name(graph, "input", err);
    return st ? st : fov_graph_rename(graph, input, fov_strdup("input"), err);
}

/* ---------------------------------------------------------------- the file */

static fov_status write_noted(const fov_graph *graph, const fov_settings *settings, const fov_onnx_note *note, fov_buffer *out,
                              fov_error *err)
{
    fov_text text = {0};
    fov_settings_print(settings, &text);
    char *lines = fov_text_take(&text);
    if (!lines) return fov_fail_memory(err, "the settings");
    const fov_onnx_note notes[] = {{"fovea.settings", lines}, note ? *note : (fov_onnx_note){0}};
    fov_status          st = fov_onnx_write(graph, notes, note ? 2 : 1, out, err);
    fov_free(lines);
    return st;
}

fov_status fov_onnx_write_detector(fov_graph *graph, const fov_settings *settings, const fov_onnx_note *note, fov_buffer *out,
                                   fov_error *err)
{
    fov_status st = name_input(graph, err);
    if (!st && !fov_graph_gives_table(graph)) st = add_tail(graph, settings, err);
    return st ? st : write_noted(graph, settings, note, out, err);
}

static fov_status export(const struct fov_model *model, fov_buffer *out, fov_error *err)
{
    const fov_onnx_note family = {"fovea.family", model->family ? model->family->name : ""};
    fov_graph          *graph;
    fov_status          st = fov_graph_clone(model->graph, &graph, err);
    if (st) return st;
    st = fov_onnx_write_detector(graph, &model->settings, model->family ? &family : NULL, out, err);
    fov_graph_free(graph);
    return st;
}

const fov_exporter fov_exporter_onnx = {.format = "onnx", .carries_settings = true, .export = export};
