// SPDX-License-Identifier: MIT
/* From what was collected to ranges. */
#include "build/calibrator.h"

#include "base/alloc.h"
#include "quant/choose.h"
#include "quant/ranges.h"

#include <stdio.h>
#include <xxhash.h>

static const double DEFAULT_PERCENTILE = 99.99;

typedef struct choice {
    fov_calibration_method method;
    double                 percentile;
} choice;

static fov_status choose(const fov_histogram *histogram, const choice *chosen, float *lo, float *hi, fov_error *err)
{
    switch (chosen->method) {
    case FOV_CALIBRATE_ENTROPY:
        return fov_choose_entropy(histogram, lo, hi, err);
    case FOV_CALIBRATE_PERCENTILE:
        return fov_choose_percentile(histogram, chosen->percentile, lo, hi, err);
    case FOV_CALIBRATE_MSE:
        return fov_choose_mse(histogram, lo, hi, err);
    case FOV_CALIBRATE_MIN_MAX:
        break;
    }
    return fov_choose_min_max(histogram, lo, hi, err);
}

static fov_status add_range(fov_calibration *calibration, const char *name, const fov_tally *tally, bool flat, const choice *chosen,
                            fov_error *err)
{
    float      lo, hi;
    fov_status st = choose(&tally->histogram, chosen, &lo, &hi, err);
    if (st) return st;
    fov_range *range = fov_calibration_add(calibration, name, lo, hi, flat ? 0 : tally->channels, err);
    if (!range) return FOV_ERR_MEMORY;
    for (int c = 0; c < range->channels; c++) {
        range->channel_lo[c] = tally->lo[c] < 0 ? tally->lo[c] : 0;
        range->channel_hi[c] = tally->hi[c] > 0 ? tally->hi[c] : 0;
        range->channel_mean[c] = fov_tally_mean(tally, c);
    }
    return FOV_OK;
}

/* ---------------------------------------------------------------- Concat */

typedef struct joiner {
    const fov_calibrator *c;
    int                  *producer; /* of each value */
} joiner;

/* What a value joins, where no tensor was counted for it. @return NULL: nothing */
static const fov_node *joined_by(const joiner *j, int value)
{
    return j->producer[value] == FOV_NONE ? NULL : &j->c->engine->graph->node[j->producer[value]];
}

/* Channels of a value that may be a Concat of others, of others, ... */
static int channels_of(const joiner *j, int value)
{
    if (j->c->at[value] >= 0) return j->c->tensor[j->c->at[value]].all.channels;
    const fov_node *node = joined_by(j, value);
    int             channels = 0;
    for (int i = 0; node && i < node->n_in; i++) channels += channels_of(j, node->in[i]);
    return channels;
}

static int merge_inputs(const joiner *j, int value, fov_tally *tally, int first)
{
    if (j->c->at[value] >= 0) {
        const fov_tally *from = &j->c->tensor[j->c->at[value]].all;
        fov_tally_merge(tally, from, first);
        return first + from->channels;
    }
    const fov_node *node = joined_by(j, value);
    for (int i = 0; node && i < node->n_in; i++) first = merge_inputs(j, node->in[i], tally, first);
    return first;
}

static fov_status add_joined(const joiner *j, fov_calibration *calibration, int value, const choice *chosen, fov_error *err)
{
    fov_tally  tally;
    fov_status st = fov_tally_init(&tally, channels_of(j, value), err);
    if (!st) {
        merge_inputs(j, value, &tally, 0);
        st = add_range(calibration, j->c->engine->graph->value[value].name, &tally, false, chosen, err);
    }
    fov_tally_clear(&tally);
    return st;
}

/* ---------------------------------------------------------------- the whole */

static fov_status add_ranges(const fov_calibrator *c, fov_calibration *calibration, const choice *chosen, fov_error *err)
{
    const fov_graph *graph = c->engine->graph;
    const joiner     j = {c, fov_graph_producers(graph)};
    fov_status       st = j.producer ? FOV_OK : fov_fail_memory(err, "a calibration");
    for (int v = 0; v < graph->n_value && !st; v++) {
        if (c->at[v] >= 0) {
            const fov_calibrated_tensor *tensor = &c->tensor[c->at[v]];
            st = add_range(calibration, graph->value[v].name, &tensor->all, tensor->flat, chosen, err);
        } else if (fov_value_is_calibrated(graph, v)) {
            st = add_joined(&j, calibration, v, chosen, err);
        }
    }
    fov_free(j.producer);
    return st;
}

/* Photos are in the order of their digests, so this does not depend on the order in which they came. */
static fov_status digest_photos(const fov_calibrator *c, fov_calibration *calibration, fov_error *err)
{
    fov_digest        *all = fov_alloc_array(c->photos, sizeof *all);
    XXH128_canonical_t canonical;
    if (!all) return fov_fail_memory(err, "the list of photos");
    for (size_t i = 0; i < c->photos; i++) all[i] = c->photo[i].digest;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(all, c->photos * sizeof *all));
    for (size_t i = 0; i < sizeof canonical.digest; i++)
        snprintf(calibration->digest + 2 * i, 3, "%02x", (unsigned)canonical.digest[i]);
    fov_free(all);
    return FOV_OK;
}

static void name_method(fov_calibration *calibration, const choice *chosen)
{
    static const char *const names[] = {[FOV_CALIBRATE_ENTROPY] = "entropy",
                                        [FOV_CALIBRATE_MIN_MAX] = "min-max",
                                        [FOV_CALIBRATE_PERCENTILE] = "percentile",
                                        [FOV_CALIBRATE_MSE] = "mse"};
    if (chosen->method == FOV_CALIBRATE_PERCENTILE)
        snprintf(calibration->method, sizeof calibration->method, "percentile %.8g", chosen->percentile);
    else snprintf(calibration->method, sizeof calibration->method, "%s", names[chosen->method]);
}

fov_status fov_calibrator_finish(const fov_calibrator *c, fov_calibration_method method, double percentile, fov_calibration **out,
                                 fov_error *err)
{
    const choice     chosen = {method, percentile != 0 ? percentile : DEFAULT_PERCENTILE};
    fov_calibration *calibration;
    fov_status       st;
    *out = NULL;
    if ((unsigned)method > FOV_CALIBRATE_ENTROPY)
        return fov_fail(err, FOV_ERR_ARGUMENT, "%d is no method of calibration", (int)method);
    if (method == FOV_CALIBRATE_PERCENTILE && (!(chosen.percentile > 50) || chosen.percentile > 100))
        return fov_fail(err, FOV_ERR_ARGUMENT, "a percentile of %g: above 50 and at most 100 is needed", chosen.percentile);
    if (!c->photos)
        return fov_fail(err, FOV_ERR_ARGUMENT, "calibration has seen no photos: there is nothing to choose ranges from");
    if ((st = fov_calibration_new(c->engine->graph, &calibration, err))) return st;
    calibration->photos = c->photos;
    name_method(calibration, &chosen);
    if (!(st = digest_photos(c, calibration, err))) st = add_ranges(c, calibration, &chosen, err);
    if (st) fov_calibration_free(calibration);
    else *out = calibration;
    return st;
}
