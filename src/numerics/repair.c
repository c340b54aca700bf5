// SPDX-License-Identifier: MIT
/* Repair for FP16: fold, scale channels by powers of two, set to zero what nobody can notice, and say what was done. */
#include "numerics/fold.h"
#include "numerics/health.h"
#include "numerics/remains.h"
#include "numerics/scaling.h"

#include "base/alloc.h"
#include "base/json.h"
#include "models/model.h"

/* One round is enough but where zeroed weights change magnitudes; what a second repair would still do is done at once. */
enum { MOST_ROUNDS = 8 };

typedef struct repair {
    size_t  scaled, zeroed;
    size_t  mattered, matter; /* subnormal weights that matter, before and after */
    bool    first;
    json_t *zeroed_list, *kept_list;
} repair;

/* @param done out: nothing was left to do */
static fov_status one_round(fov_graph *graph, const fov_settings *settings, repair *r, bool *done, fov_error *err)
{
    fov_scaling s;
    fov_status  st = fov_scaling_find(graph, settings, &s, err);
    if (st) return st;
    if (r->first) r->mattered = fov_remains_list(&s, &r->kept_list);
    r->first = false;
    st = fov_scaling_choose(&s, err);
    if (!st) {
        const size_t scaled = (size_t)fov_scaling_apply(&s), zeroed = fov_remains_zero(&s, &r->zeroed_list);
        r->scaled += scaled;
        r->zeroed += zeroed;
        *done = !scaled && !zeroed;
        json_array_clear(r->kept_list);
        r->matter = fov_remains_list(&s, &r->kept_list);
    }
    fov_scaling_clear(&s);
    return st;
}

static fov_status repair_graph(fov_graph *graph, const fov_settings *settings, repair *r, fov_error *err)
{
    fov_status st = FOV_OK;
    bool       done = false;
    for (int i = 0; i < MOST_ROUNDS && !done && !st; i++) st = one_round(graph, settings, r, &done, err);
    return st;
}

/* Takes over `graph`. */
static fov_status make_model(const fov_model *from, fov_graph *graph, fov_model **model, fov_error *err)
{
    *model = fov_model_new(from->source, from->format);
    char *warnings = fov_strdup(fov_model_warnings(from));
    if (!*model || !warnings) {
        fov_free(warnings);
        fov_graph_free(graph);
        fov_model_free(*model);
        *model = NULL;
        return fov_fail_memory(err, "the repaired model");
    }
    fov_free((*model)->warnings);
    (*model)->warnings = warnings;
    (*model)->graph = graph;
    (*model)->settings = from->settings;
    (*model)->family = from->family;
    return FOV_OK;
}

static fov_status write_report(const fov_graph *before, const fov_graph *after, const repair *r, char **report, fov_error *err)
{
    json_t    *counts[2] = {NULL, NULL};
    fov_status st = fov_health_total(before, FOV_PRECISION_FP16, &counts[0], err);
    if (!st) st = fov_health_total(after, FOV_PRECISION_FP16, &counts[1], err);
    if (st) {
        json_decref(counts[0]);
        return st;
    }
    fov_json_set(&counts[0], "matter", json_integer((json_int_t)r->mattered));
    fov_json_set(&counts[1], "matter", json_integer((json_int_t)r->matter));
    *report = fov_json_take(json_pack("{s:I, s:I, s:o, s:o, s:O, s:O}", "channels_scaled", (json_int_t)r->scaled, "weights_zeroed",
                                      (json_int_t)r->zeroed, "before", counts[0], "after", counts[1], "zeroed", r->zeroed_list,
                                      "kept", r->kept_list));
    return *report ? FOV_OK : fov_fail_memory(err, "the report of a repair");
}

fov_status fov_model_repair(const fov_model *model, fov_model **repaired, char **report, fov_error *err)
{
    repair     r = {.first = true, .zeroed_list = json_array(), .kept_list = json_array()};
    fov_graph *graph = NULL;
    char      *text = NULL;
    *repaired = NULL;
    if (report) *report = NULL;
    fov_status st = r.zeroed_list && r.kept_list ? fov_fold_in_place(model->graph, &graph, err) : fov_fail_memory(err, "repair");
    if (!st) st = repair_graph(graph, &model->settings, &r, err);
    if (!st && report) st = write_report(model->graph, graph, &r, &text, err);
    json_decref(r.zeroed_list);
    json_decref(r.kept_list);
    if (st) fov_graph_free(graph);
    else st = make_model(model, graph, repaired, err);
    if (st) fov_free(text);
    else if (report) *report = text;
    return st;
}
