// SPDX-License-Identifier: MIT
/* Weight health: every tensor of a model counted as the file has it and as engines have it. */
#include "numerics/health.h"

#include "numerics/counts.h"
#include "numerics/fold.h"
#include "numerics/tensors.h"

#include "base/alloc.h"
#include "base/json.h"
#include "graph/shape_json.h"
#include "models/model.h"

typedef struct report {
    fov_precision precision;
    fov_counts    total;
    size_t        with_subnormal, with_tiny, with_flushed, with_overflow; /* tensors that have any */
    json_t       *tensors;
} report;

static fov_counts count_tensor(const fov_graph *graph, const fov_tensor_use *use, fov_precision precision)
{
    const fov_value *value = &graph->value[use->value];
    const bool       kernel = use->role == FOV_TENSOR_KERNEL;
    const size_t     rows = kernel ? (size_t)value->shape.dim[0] : 0, per_row = rows ? use->count / rows : 0;
    fov_counts       counts;
    if (precision != FOV_PRECISION_INT8) counts = fov_counts_of_floats(value->data, use->count, fov_float_limits_of(precision));
    else if (kernel) counts = fov_counts_of_rows(value->data, rows, per_row);
    else counts = fov_counts_of_wide(value->data, use->count);
    if (kernel) counts.dead_channels = fov_count_dead_rows(value->data, rows, per_row);
    return counts;
}

static void add_tensor(report *r, const fov_graph *graph, const fov_tensor_use *use)
{
    const fov_value *value = &graph->value[use->value];
    const fov_counts counts = count_tensor(graph, use, r->precision);
    json_t          *object = json_pack("{s:o, s:o}", "name", fov_json_name(value->name), "shape", fov_shape_json(&value->shape));
    fov_counts_to_json(&counts, r->precision, &object);
    fov_json_add(&r->tensors, object);
    fov_counts_join(&r->total, &counts);
    r->with_subnormal += counts.subnormal > 0;
    r->with_tiny += counts.tiny > 0;
    r->with_flushed += counts.flushed > 0;
    r->with_overflow += counts.overflow > 0;
}

static json_t *total_json(const report *r)
{
    json_t *total = json_object();
    fov_counts_to_json(&r->total, r->precision, &total);
    fov_json_set(&total, "tensors",
                 json_pack("{s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t)json_array_size(r->tensors), "subnormal",
                           (json_int_t)r->with_subnormal, "tiny", (json_int_t)r->with_tiny, "flushed", (json_int_t)r->with_flushed,
                           "overflow", (json_int_t)r->with_overflow));
    return total;
}

/* Counts all weights of a graph; hands over {"stage", "total", "tensors"}. */
static fov_status make_stage(const char *name, const fov_graph *graph, fov_precision precision, json_t **stage, fov_error *err)
{
    fov_tensor_list list;
    report          r = {.precision = precision, .total = fov_counts_start()};
    fov_status      st = fov_tensors_list(graph, &list, err);
    if (st) return st;
    r.tensors = json_array();
    for (size_t i = 0; i < list.count; i++) add_tensor(&r, graph, &list.item[i]);
    fov_free(list.item);
    json_t *total = total_json(&r);
    *stage = json_pack("{s:s, s:o, s:o}", "stage", name, "total", total, "tensors", r.tensors);
    return *stage ? FOV_OK : fov_fail_memory(err, "weight health");
}

static fov_status make_folded_stage(const fov_graph *graph, fov_precision precision, json_t **stage, fov_error *err)
{
    fov_graph *folded;
    fov_status st = fov_fold_copy(graph, &folded, err);
    if (!st) st = make_stage("folded", folded, precision, stage, err);
    fov_graph_free(folded);
    return st;
}

fov_status fov_health_total(const fov_graph *graph, fov_precision precision, json_t **total, fov_error *err)
{
    json_t    *stage;
    fov_status st = make_folded_stage(graph, precision, &stage, err);
    *total = NULL;
    if (st) return st;
    *total = json_incref(json_object_get(stage, "total"));
    json_decref(stage);
    return FOV_OK;
}

fov_status fov_model_health_json(const fov_model *model, fov_precision precision, char **json, fov_error *err)
{
    json_t    *file = NULL, *folded = NULL;
    fov_status st;
    *json = NULL;
    if (precision != FOV_PRECISION_FP16 && precision != FOV_PRECISION_BF16 && precision != FOV_PRECISION_INT8)
        return fov_fail(err, FOV_ERR_ARGUMENT, "weight health is of fp16, bf16 or int8");
    st = make_stage("file", model->graph, precision, &file, err);
    if (!st) st = make_folded_stage(model->graph, precision, &folded, err);
    if (!st) {
        *json = fov_json_take(json_pack("{s:s, s:[o, o]}", "precision", fov_precision_name(precision), "stages", file, folded));
        return *json ? FOV_OK : fov_fail_memory(err, "weight health");
    }
    json_decref(file);
    return st;
}
