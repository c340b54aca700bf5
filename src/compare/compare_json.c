// SPDX-License-Identifier: MIT
/* A comparison for machines. */
#include "base/alloc.h"
#include "base/json.h"
#include "compare/comparison.h"

/* Equal to the bit has no ratio. */
static json_t *snr_json(const fov_layer *layer)
{
    return layer->identical ? json_null() : json_real(layer->snr_db);
}

static json_t *clipped_json(const fov_layer *layer)
{
    const fov_clipping *c = layer->clipping;
    return c && c->total ? json_real((double)c->clipped / (double)c->total) : json_null();
}

static double finite_or_worst(double value)
{
    return value <= 3.4e38 ? value : 3.4e38; /* NaN too: JSON has neither */
}

static json_t *layer_json(const fov_layer *layer)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:f, s:f, s:i, s:o}", "name", layer->name, "op", layer->op, "precision",
                     layer->precision, "snr_db", snr_json(layer), "cosine", layer->cosine, "max", finite_or_worst(layer->max),
                     "rescaled", layer->rescaled, "clipped", clipped_json(layer));
}

static json_t *head_json(const fov_layer *layer)
{
    return json_pack("{s:s, s:s, s:o, s:f, s:f}", "output", layer->name, "precision", layer->precision, "snr_db", snr_json(layer),
                     "cosine", layer->cosine, "max", finite_or_worst(layer->max));
}

static json_t *layers_json(const fov_layers *layers, bool heads)
{
    json_t *array = json_array();
    for (size_t i = 0; i < layers->count; i++) {
        const fov_layer *layer = &layers->layer[i];
        if (layer->head != heads || !layer->photos) continue;
        fov_json_add(&array, heads ? head_json(layer) : layer_json(layer));
    }
    return array;
}

static json_t *drift_json(const fov_agreement *g)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "pairs", (json_int_t)g->pairs, "score_mean",
                     g->score_mean, "score_max", g->score_max, "score_bias", g->score_bias, "landmark_mean", g->landmark_mean,
                     "landmark_max", g->landmark_max, "landmark_px_mean", g->landmark_px_mean, "landmark_px_max",
                     g->landmark_px_max, "box_mean", g->box_mean, "box_max", g->box_max, "box_px_mean", g->box_px_mean,
                     "box_px_max", g->box_px_max);
}

static json_t *worst_json(const fov_comparison *c)
{
    json_t *array = json_array();
    for (size_t i = 0; i < c->n_worst; i++) {
        const fov_case *item = &c->worst[i];
        fov_json_add(&array, json_pack("{s:s, s:I, s:I, s:I, s:f, s:f}", "photo", item->name, "index", (json_int_t)item->index,
                                       "lost", (json_int_t)item->lost, "gained", (json_int_t)item->gained, "score_max",
                                       item->score_max, "landmark_px_max", item->landmark_px_max));
    }
    return array;
}

static json_t *engine_json(const char *name, fov_precision precision)
{
    return json_pack("{s:s, s:s}", "name", name, "precision", fov_precision_name(precision));
}

static json_t *with_verdict(const fov_comparison *c, const char *verdict)
{
    const fov_agreement *g = &c->agreement;
    json_t *faces = json_pack("{s:I, s:I, s:I, s:I, s:I}", "a", (json_int_t)g->faces_a, "b", (json_int_t)g->faces_b, "matched",
                              (json_int_t)g->matched, "lost", (json_int_t)g->lost, "gained", (json_int_t)g->gained);
    json_t *agreement = json_pack("{s:f, s:f, s:f, s:f, s:f}", "recall", g->recall, "precision", g->precision, "mean_iou",
                                  g->mean_iou, "loss", g->loss, "truth", g->truth);
    return json_pack("{s:o, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "a",
                     engine_json(c->a_name, c->a_precision), "b", engine_json(c->b_name, c->b_precision), "verdict", verdict,
                     "photos", (json_int_t)c->photos, "failed", (json_int_t)c->failed, "faces", faces, "agreement", agreement,
                     "drift", drift_json(g), "heads", layers_json(&c->layers, true), "layers", layers_json(&c->layers, false),
                     "layers_a", (json_int_t)c->layers.total_a, "layers_b", (json_int_t)c->layers.total_b, "worst", worst_json(c));
}

json_t *fov_comparison_object(const fov_comparison *comparison)
{
    char   *verdict = fov_comparison_verdict(comparison);
    json_t *object = verdict ? with_verdict(comparison, verdict) : NULL;
    fov_free(verdict);
    return object;
}

char *fov_comparison_json(const fov_comparison *comparison)
{
    return fov_json_take(fov_comparison_object(comparison));
}
