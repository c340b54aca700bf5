// SPDX-License-Identifier: MIT
/* What `fovea inspect` shows, as JSON: a model as it was imported, an engine as it runs. */
#include "api/geometry.h"
#include "base/alloc.h"
#include "base/json.h"
#include "engine/engine.h"
#include "graph/plugin.h"
#include "graph/shape_json.h"

#include <string.h>

/* ---------------------------------------------------------------- models */

/* The settings' own text, line by line: one syntax everywhere. */
static json_t *settings_json(const fov_settings *settings)
{
    json_t  *object = json_object();
    fov_text text = {0};
    char    *rest = NULL;
    fov_settings_print(settings, &text);
    for (char *line = text.failed || !text.data ? NULL : strtok_r(text.data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strstr(line, " = ");
        if (!equals) continue;
        *equals = '\0';
        fov_json_set(&object, line, json_string(equals + 3));
    }
    if (text.failed) {
        json_decref(object);
        object = NULL;
    }
    fov_text_clear(&text);
    return object;
}

static json_t *lines_json(const char *lines)
{
    json_t *array = json_array();
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        if (length) fov_json_add(&array, fov_json_bytes(lines, length));
        lines += length + (lines[length] == '\n');
    }
    return array;
}

static json_t *operators_json(const fov_graph *graph)
{
    json_t *object = json_object();
    for (int i = 0; i < graph->n_node; i++) {
        const char *name = fov_op_def_of(graph->node[i].op)->name;
        json_int_t  count = json_integer_value(json_object_get(object, name));
        fov_json_set(&object, name, json_integer(count + 1));
    }
    return object;
}

static json_t *tensors_json(const fov_graph *graph)
{
    json_t *array = json_array();
    for (int i = 0; i < graph->n_value; i++) {
        const fov_value *v = &graph->value[i];
        if (!v->origin) continue;
        fov_json_add(&array, json_pack("{s:o, s:o, s:o}", "name", fov_json_name(v->name), "shape", fov_shape_json(&v->shape),
                                       "origin", fov_json_name(v->origin)));
    }
    return array;
}

/* What training learns: kernels and biases, scale and shift of a BatchNorm, but not its statistics. */
static size_t count_parameters(const fov_graph *graph)
{
    size_t total = 0, count;
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        bool            learns = node->op == FOV_OP_Conv || node->op == FOV_OP_BatchNormalization || node->op == FOV_OP_PRelu;
        for (int j = 1; learns && j < node->n_in && j < 3; j++)
            if (node->in[j] != FOV_NONE && fov_shape_count(&graph->value[node->in[j]].shape, &count)) total += count;
    }
    return total;
}

char *fov_model_describe_json(const fov_model *model)
{
    const fov_family *family = model->family;
    return fov_json_take(json_pack("{s:o, s:s, s:s?, s:s?, s:o, s:o, s:I, s:o, s:o}", "source", fov_json_name(model->source),
                                   "format", model->format, "family", family ? family->name : NULL, "title",
                                   family ? family->title : NULL, "settings", settings_json(&model->settings), "warnings",
                                   lines_json(fov_model_warnings(model)), "parameters", (json_int_t)count_parameters(model->graph),
                                   "operators", operators_json(model->graph), "tensors", tensors_json(model->graph)));
}

/* ---------------------------------------------------------------- engines */

static json_t *passes_json(const fov_engine *engine)
{
    json_t *array = json_array();
    for (int i = 0; i < FOV_PASS_COUNT; i++)
        fov_json_add(&array, json_pack("{s:s, s:i}", "name", engine->passes[i].name, "count", engine->passes[i].count));
    fov_json_add(&array, json_pack("{s:s, s:i}", "name", "concat_in_place", "count", engine->concat_in_place));
    fov_json_add(&array, json_pack("{s:s, s:i}", "name", "add_in_place", "count", engine->add_in_place));
    fov_json_add(&array, json_pack("{s:s, s:i}", "name", "chained", "count", engine->chained));
    fov_json_add(&array, json_pack("{s:s, s:i}", "name", "joined", "count", engine->joined));
    return array;
}

static void print_fused(const fov_node *node, bool has_residual, fov_text *text)
{
    fov_fused fused = fov_fused_read(node);
    if (has_residual && !fused.residual_after) fov_text_print(text, "add, ");
    if (fused.slope == 0) fov_text_print(text, "relu, ");
    else if (fused.slope != 1) fov_text_print(text, "leaky %g, ", (double)fused.slope);
    if (has_residual && fused.residual_after && fused.residual_scale > 1)
        fov_text_print(text, "upsample x%d, ", fused.residual_scale);
    if (has_residual && fused.residual_after) fov_text_print(text, "add, ");
    if (text->size) text->data[text->size -= 2] = '\0';
}

static json_t *fused_json(const fov_node *node)
{
    fov_text text = {0};
    if (node->op == FOV_OP_Conv) print_fused(node, node->n_in > 3 && node->in[3] != FOV_NONE, &text);
    json_t *string = text.failed ? NULL : json_string(text.data ? text.data : "");
    fov_text_clear(&text);
    return string;
}

/* Folding joins origins ("conv.weight, bn.weight, ..."), and kernel and bias share some: name each tensor once. */
static void add_origins(json_t **array, const char *origins)
{
    while (*origins) {
        size_t length = strcspn(origins, ","), i = 0, n = json_array_size(*array);
        while (i < n) {
            const json_t *known = json_array_get(*array, i);
            if (json_string_length(known) == length && !memcmp(json_string_value(known), origins, length)) break;
            i++;
        }
        if (i == n) fov_json_add(array, fov_json_bytes(origins, length));
        origins += length;
        origins += strspn(origins, ", ");
    }
}

static json_t *layer_json(const fov_plan *plan, const fov_step *step)
{
    const fov_graph *graph = plan->engine->graph;
    const fov_node  *node = &graph->node[step->node[step->nodes - 1]];
    const char      *kernel = step->lowered->kernel;
    char             name[160];
    json_t          *origin = json_array();
    size_t           weights = 0, count;
    if (node->op == FOV_OP_Plugin) kernel = fov_plugin_node_name(node, name, sizeof name);
    for (int i = 0; i < node->n_in; i++) {
        if (node->in[i] == FOV_NONE) continue;
        const fov_value *v = &graph->value[node->in[i]];
        if (!v->data && !v->packed) continue;
        if (fov_shape_count(&v->shape, &count)) weights += count;
        if (v->origin) add_origins(&origin, v->origin);
    }
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:f, s:I, s:o}", "name", fov_json_name(graph->value[node->out[0]].name), "op",
                     fov_op_def_of(node->op)->name, "kernel", kernel, "fused", fused_json(node), "out",
                     fov_shape_json(&step->out[0].shape), "macs", fov_step_macs(plan, step), "weights", (json_int_t)weights,
                     "origin", origin);
}

/* @param whole shows every layer; `plan` is what a detector runs, and where its memory goes */
static json_t *plan_json(const fov_plan *whole, const fov_plan *plan)
{
    const fov_engine *engine = plan->engine;
    json_t           *layers = json_array();
    double            macs = 0;
    for (int i = 0; i < whole->n_step; i++) {
        fov_json_add(&layers, layer_json(whole, &whole->step[i]));
        macs += fov_step_macs(whole, &whole->step[i]);
    }
    json_t *memory =
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "weights", (json_int_t)engine->weight_bytes, "arena", (json_int_t)plan->arena_bytes,
                  "scratch", (json_int_t)plan->scratch_bytes, "unshared", (json_int_t)plan->unshared_bytes, "total",
                  (json_int_t)engine->weight_bytes + (json_int_t)plan->arena_bytes);
    return json_pack("{s:s, s:[I, i, I, I], s:f, s:o, s:o, s:o}", "backend", engine->backend->name, "input", (json_int_t)plan->n, 3,
                     (json_int_t)plan->h, (json_int_t)plan->w, "macs", macs, "passes", passes_json(engine), "memory", memory,
                     "layers", layers);
}

fov_status fov_engine_describe_json(const fov_engine *engine, int width, int height, char **json, fov_error *err)
{
    static const uint8_t pixel[4];
    fov_image            image = {pixel, width, height, (ptrdiff_t)width * 3, FOV_RGB8};
    fov_detect_options   options = fov_detect_options_default();
    fov_geometry         geometry;
    fov_plan            *whole = NULL, *plan = NULL;
    fov_status           st;

    *json = NULL;
    options.resize = FOV_RESIZE_NATIVE;
    if ((st = fov_geometry_make(&engine->settings, &options, &image, &geometry, err))) return st;
    const int h = geometry.letterbox.out_h, w = geometry.letterbox.out_w, threads = fov_cpu_threads();
    st = fov_plan_new(engine, 1, h, w, threads, true, &whole, err);
    if (!st) st = fov_plan_new(engine, 1, h, w, threads, false, &plan, err);
    if (!st && !(*json = fov_json_take(plan_json(whole, plan)))) st = fov_fail_memory(err, "the description of an engine");
    fov_plan_free(whole);
    fov_plan_free(plan);
    return st;
}
