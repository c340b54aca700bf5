// SPDX-License-Identifier: MIT
/* What rounding a model's weights alone does to its outputs: the FP32 engine beside FP32 engines that have rounded weights. */
#include "base/json.h"
#include "compare/comparison.h"
#include "engine/engine.h"
#include "numerics/round_weights.h"

/* Keeping FP32's weights as they are, rounded, or rounded without subnormals. */
typedef enum variant { AS_THEY_ARE, ROUNDED, FLUSHED } variant;

static fov_status build(const fov_model *model, fov_precision precision, variant kind, fov_engine **engine, fov_error *err)
{
    fov_graph *graph;
    fov_status st = fov_graph_clone(model->graph, &graph, err);
    *engine = NULL;
    if (st) return st;
    st = fov_graph_optimize(graph, NULL, err);
    if (!st && kind != AS_THEY_ARE) st = fov_round_weights(graph, precision, kind == FLUSHED, err);
    if (!st) return fov_engine_from_graph(graph, &model->settings, NULL, 0, false, engine, err);
    fov_graph_free(graph);
    return st;
}

static fov_status add_variant(json_t *list, const fov_engine *plain, const fov_model *model, fov_precision precision, variant kind,
                              const fov_photo_source *photos, const fov_compare_options *options, fov_error *err)
{
    fov_engine     *engine;
    fov_comparison *comparison = NULL;
    fov_status      st = build(model, precision, kind, &engine, err);
    if (!st) st = fov_compare(plain, engine, photos, options, &comparison, err);
    if (!st && json_array_append_new(list, json_pack("{s:s, s:o}", "weights", kind == FLUSHED ? "flushed" : "rounded", "comparison",
                                                     fov_comparison_object(comparison))))
        st = fov_fail_memory(err, "the effect of rounding weights");
    fov_comparison_free(comparison);
    fov_engine_free(engine);
    return st;
}

fov_status fov_model_health_effect_json(const fov_model *model, fov_precision precision, const fov_photo_source *photos,
                                        const fov_compare_options *options, char **json, fov_error *err)
{
    fov_engine *plain;
    *json = NULL;
    if (precision != FOV_PRECISION_FP16 && precision != FOV_PRECISION_BF16 && precision != FOV_PRECISION_INT8)
        return fov_fail(err, FOV_ERR_ARGUMENT, "weights can be rounded to fp16, bf16 or int8");
    fov_status st = build(model, precision, AS_THEY_ARE, &plain, err);
    if (st) return st;
    json_t *list = json_array();
    st = add_variant(list, plain, model, precision, ROUNDED, photos, options, err);
    if (!st && precision == FOV_PRECISION_FP16) st = add_variant(list, plain, model, precision, FLUSHED, photos, options, err);
    fov_engine_free(plain);
    if (st) {
        json_decref(list);
        return st;
    }
    *json = fov_json_take(json_pack("{s:s, s:o}", "precision", fov_precision_name(precision), "variants", list));
    return *json ? FOV_OK : fov_fail_memory(err, "the effect of rounding weights");
}
