// SPDX-License-Identifier: MIT
/* A plugin in the place of Fovea's own decoding: one node behind the heads. */
#include "base/alloc.h"
#include "graph/op.h"
#include "graph/plugin.h"
#include "models/model.h"

#include <string.h>

/* Any size that every stride divides tells the shape of the table; two images tell which dimension counts them. */
enum { PROBE_BATCH = 2, PROBE_ROWS = 4, PROBE_COLUMNS = 5 };

/* ---------------------------------------------------------------- what comes out */

static fov_status check_table(const struct fov_model *model, const fov_node *node, fov_error *err)
{
    int64_t   stride = 1;
    fov_view *values;
    char      shape[128];
    for (int k = 0; k < model->settings.n_level; k++)
        if (model->settings.level[k].stride > stride) stride = model->settings.level[k].stride;
    const fov_view input = fov_view_nhwc(PROBE_BATCH, 3, PROBE_ROWS * stride, PROBE_COLUMNS * stride, 3, NULL);
    fov_status     st = fov_graph_infer(model->graph, &input, &values, err);
    if (st) return st;
    const fov_shape *out = &values[node->out[0]].shape;
    if (out->rank != 3 || out->dim[0] != PROBE_BATCH || out->dim[2] != FOV_TABLE_WIDTH)
        st = fov_fail(
            err, FOV_ERR_FORMAT,
            "%s: the plugin's operator %s gives %s for %d images; behind the heads, it must give %dxROWSx%d: box, score and "
            "five landmarks a row (docs/plugins.md)",
            model->source, fov_node_string(node, FOV_PLUGIN_OPERATOR, "?"), fov_shape_print(out, shape, sizeof shape), PROBE_BATCH,
            PROBE_BATCH, FOV_TABLE_WIDTH);
    fov_values_free(model->graph, values);
    return st;
}

/* ---------------------------------------------------------------- the node */

static int add_output(fov_graph *graph, const char *name, fov_error *err)
{
    const fov_shape shape = {3, {-1, -1, FOV_TABLE_WIDTH}};
    char           *free_name = fov_graph_unique_name(graph, name);
    if (!free_name) {
        fov_fail_memory(err, "a name");
        return FOV_NONE;
    }
    int id = fov_graph_add_value(graph, free_name, FOV_F32, &shape, err);
    fov_free(free_name);
    return id;
}

/* A node without attributes and operator behind all outputs; NULL without memory. */
static fov_node *append_node(fov_graph *graph, const char *name, const char *output, fov_error *err)
{
    int out = add_output(graph, output, err);
    if (out == FOV_NONE) return NULL;
    int id = fov_graph_add_node(graph, name, FOV_OP_Plugin, graph->output, graph->n_output, &out, 1, err);
    if (id == FOV_NONE) return NULL;
    graph->n_output = 0;
    return fov_graph_add_output(graph, out, err) ? NULL : &graph->node[id];
}

fov_status fov_model_append_plugin(struct fov_model *model, const fov_node *tail, const char *output, fov_error *err)
{
    fov_node *node = append_node(model->graph, tail->name, output, err);
    if (!node) return FOV_ERR_MEMORY;
    node->plugin = fov_plugin_op_retain(tail->plugin);
    fov_status st = fov_node_copy_attrs(node, tail, err);
    return st ? st : check_table(model, node, err);
}

/* ---------------------------------------------------------------- settings as attributes */

static fov_status set_settings(fov_node *node, const fov_settings *settings, fov_error *err)
{
    int64_t    strides[FOV_MAX_LEVELS], per_cell[FOV_MAX_LEVELS];
    float      anchors[FOV_MAX_LEVELS * FOV_MAX_ANCHORS];
    size_t     n_anchor = 0;
    const int  n = settings->n_level;
    fov_status st;
    for (int k = 0; k < n; k++) {
        const fov_level *level = &settings->level[k];
        strides[k] = level->stride;
        per_cell[k] = level->n_anchor;
        for (int a = 0; a < level->n_anchor; a++) anchors[n_anchor++] = level->side[a];
    }
    if ((st = fov_node_set_ints(node, "strides", strides, (size_t)n, err))) return st;
    if ((st = fov_node_set_ints(node, "anchors_per_cell", per_cell, (size_t)n, err))) return st;
    if ((st = fov_node_set_floats(node, "anchors", anchors, n_anchor, err))) return st;
    return fov_node_set_floats(node, "variances", settings->variance, 2, err);
}

/* "domain::name", or the name alone, which must then be unique. */
static fov_status find_operator(fov_plugin_set set, const char *text, const fovea_plugin_operator **call, fov_error *err)
{
    const fov_plugin *plugin;
    const char       *colons = strstr(text, "::");
    char             *domain = colons ? fov_strndup(text, (size_t)(colons - text)) : NULL;
    if (colons && !domain) return fov_fail_memory(err, "a name");
    fov_status st = fov_plugin_find(set, domain, colons ? colons + 2 : text, &plugin, call, err);
    fov_free(domain);
    if (st || plugin) return st;
    return fov_fail(err, FOV_ERR_ARGUMENT, "no plugin given has an operator '%s': %s", text,
                    set.count ? "look up its name in the plugin's documentation" : "name the library that has it, with --plugin");
}

fov_status fov_model_decode_by_plugin(struct fov_model *model, fov_plugin_set set, const char *name, fov_error *err)
{
    const fovea_plugin_operator *call;
    fov_status                   st;
    if (fov_graph_gives_table(model->graph))
        return fov_fail(err, FOV_ERR_ARGUMENT, "%s: a plugin of the file decodes its heads already; '%s' has nothing to read",
                        model->source, name);
    if ((st = find_operator(set, name, &call, err))) return st;
    fov_node *node = append_node(model->graph, call->name, "faces", err);
    if (!node) return FOV_ERR_MEMORY;
    st = set_settings(node, &model->settings, err);
    if (!st) st = fov_node_set_string(node, FOV_PLUGIN_DOMAIN, call->domain, err);
    if (!st) st = fov_node_set_string(node, FOV_PLUGIN_OPERATOR, call->name, err);
    if (!st) st = fov_plugin_bind_node(node, set, err);
    return st ? st : check_table(model, node, err);
}
