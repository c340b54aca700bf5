// SPDX-License-Identifier: MIT
#include "build/certificate.h"

#include "base/alloc.h"
#include "base/json.h"
#include "compare/comparison.h"
#include "quant/typed.h"

#include <stdio.h>

static const char *type_name(fov_dtype type)
{
    return fov_precision_name(type == FOV_U8     ? FOV_PRECISION_INT8
                              : type == FOV_BF16 ? FOV_PRECISION_BF16
                              : type == FOV_F16  ? FOV_PRECISION_FP16
                                                 : FOV_PRECISION_FP32);
}

/* ---------------------------------------------------------------- made of what */

static json_t *source_json(const fov_evidence *e)
{
    return json_pack("{s:o, s:s, s:s?}", "name", fov_json_name(e->model->source), "format", e->model->format, "family",
                     e->model->family ? e->model->family->name : NULL);
}

static bool uses_ranges(const fov_evidence *e)
{
    for (int i = 0; i < e->n_layer; i++)
        if (e->macs[i] > 0 && e->types[i] == FOV_U8) return true;
    return false;
}

static json_t *calibration_json(const fov_evidence *e)
{
    const struct fov_calibration *ranges = uses_ranges(e) ? e->compile->ranges : NULL;
    if (!ranges) return json_null();
    return json_pack("{s:s, s:I, s:s, s:b}", "method", ranges->method, "photos", (json_int_t)ranges->photos, "digest",
                     ranges->digest, "symmetric", ranges->symmetric);
}

static json_t *options_json(const fov_evidence *e)
{
    const fov_engine_options *o = e->compile->options;
    return json_pack("{s:s, s:f, s:b}", "precision", fov_precision_name(o->precision), "max_loss", e->compile->max_loss, "repair",
                     o->repair);
}

/* How many layers, and what part of the multiply-accumulates, each precision has. */
static json_t *share_json(const fov_evidence *e)
{
    static const fov_dtype kinds[] = {FOV_U8, FOV_BF16, FOV_F16, FOV_F32};
    json_t                *object = json_object();
    double                 total = 0;
    for (int i = 0; i < e->n_layer; i++) total += e->macs[i];
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        double macs = 0;
        int    layers = 0;
        for (int i = 0; i < e->n_layer; i++) {
            if (e->macs[i] <= 0 || e->types[i] != kinds[k]) continue;
            layers++;
            macs += e->macs[i];
        }
        if (layers)
            fov_json_set(&object, type_name(kinds[k]),
                         json_pack("{s:i, s:f}", "layers", layers, "macs", total > 0 ? macs / total : 0));
    }
    return object;
}

/* ---------------------------------------------------------------- why */

static void print_why(const fov_evidence *e, const fov_choice *choice, char *why, size_t size)
{
    if (choice->change < 0) snprintf(why, size, "its sums may not fit 32 bits");
    else if (choice->loss_in_int8 >= 0)
        snprintf(why, size, "in INT8 it would bring the loss to %.2f points, over the budget of %.2f", 100 * choice->loss_in_int8,
                 100 * e->compile->max_loss);
    else
        snprintf(why, size, "rank %d of %d by how far it moves the heads for the time that INT8 saves there", choice->rank,
                 e->mixed->n_layer);
}

static json_t *stayed_json(const fov_evidence *e)
{
    json_t *array = json_array();
    for (int i = 0; e->mixed && i < e->n_layer; i++) {
        char why[160];
        if (e->macs[i] <= 0 || e->types[i] == FOV_U8) continue;
        print_why(e, &e->mixed->choice[i], why, sizeof why);
        fov_json_add(&array, json_pack("{s:o, s:s, s:s}", "layer", fov_json_name(e->layer[i]), "precision", type_name(e->types[i]),
                                       "why", why));
    }
    return array;
}

static json_t *considered_json(const fov_evidence *e)
{
    json_t *array = json_array();
    for (size_t i = 0; i < e->n_candidate; i++) {
        const fov_candidate *c = &e->candidate[i];
        fov_json_add(&array, json_pack("{s:s, s:o, s:f}", "precision", fov_precision_name(c->precision), "loss",
                                       c->measured ? json_real(c->loss) : json_null(), "cost", c->cost));
    }
    return array;
}

/* The search measures on smaller inputs than the certificate does. */
static void note_loss(const fov_evidence *e, const json_t *measured, json_t **notes)
{
    const fov_precision asked = e->compile->options->precision;
    const double        loss = json_number_value(json_object_get(json_object_get(measured, "agreement"), "loss"));
    if ((asked != FOV_PRECISION_MIXED && asked != FOV_PRECISION_AUTO) || loss <= e->compile->max_loss) return;
    fov_json_add(notes, json_sprintf("over the budget: %.2f points at the inputs measured here, where %.2f were allowed",
                                     100 * loss, 100 * e->compile->max_loss));
}

static json_t *notes_json(const fov_evidence *e, const json_t *measured)
{
    json_t                       *array = json_array();
    const struct fov_calibration *ranges = uses_ranges(e) ? e->compile->ranges : NULL;
    if (ranges && !ranges->photos && !ranges->symmetric)
        fov_json_add(&array, json_string("weaker: the ranges come from BatchNorm statistics and at most one photo"));
    if (!e->fp32) fov_json_add(&array, json_string("nothing was measured: no photos were given"));
    else if (e->held_out->count < 8) fov_json_add(&array, json_string("weaker: measured on very few photos"));
    if (e->fp32 && ranges && e->calibrated_on_held_out)
        fov_json_add(&array,
                     json_string("weaker: measured on the photos that were calibrated on, there were too few to keep some back"));
    if (e->too_few_faces)
        fov_json_add(&array, json_string("auto stayed with fp32: the photos show too few faces to prove anything; give some with "
                                         "fifty or more, or choose a precision"));
    note_loss(e, measured, &array);
    return array;
}

/* ---------------------------------------------------------------- what it cost */

static fov_status measured_json(const fov_evidence *e, json_t **measured, fov_error *err)
{
    const fov_compare_options options = {
        .layers = true, .progress = e->compile->options->progress, .progress_user = e->compile->options->progress_user};
    fov_comparison *comparison;
    *measured = NULL;
    if (!e->fp32) return FOV_OK;
    fov_status st = fov_compare(e->fp32, e->engine, e->held_out, &options, &comparison, err);
    if (st) return st;
    *measured = fov_comparison_object(comparison);
    json_object_del(*measured, "worst");
    fov_comparison_free(comparison);
    return *measured ? FOV_OK : fov_fail_memory(err, "the certificate");
}

fov_status fov_certificate_make(const fov_evidence *e, char **certificate, fov_error *err)
{
    json_t    *measured;
    fov_status st = measured_json(e, &measured, err);
    *certificate = NULL;
    if (st) return st;
    *certificate = fov_json_take(json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o*, s:o}", "certificate", 1, "fovea",
                                           fov_version(), "precision", fov_precision_name(fov_engine_precision(e->engine)),
                                           "source", source_json(e), "calibration", calibration_json(e), "options", options_json(e),
                                           "share", share_json(e), "stayed_higher", stayed_json(e), "considered",
                                           considered_json(e), "measured", measured, "notes", notes_json(e, measured)));
    return *certificate ? FOV_OK : fov_fail_memory(err, "the certificate");
}
