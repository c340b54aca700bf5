// SPDX-License-Identifier: MIT
/* Ranges without data. What BatchNorm layers know goes through the network as it was imported, where they are still there; the
 * optimised network's tensors are then looked up by name. */
#include "base/alloc.h"
#include "graph/op.h"
#include "graph/passes.h"
#include "models/model.h"
#include "quant/moments.h"
#include "quant/ranges.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void free_moments(const fov_graph *graph, fov_moments *all)
{
    for (int i = 0; all && i < graph->n_value; i++) fov_free(all[i].channel);
    fov_free(all);
}

static fov_status set_input(const fov_graph *graph, const fov_settings *settings, fov_moments *all, fov_error *err)
{
    fov_moments *input = &all[graph->input[0]];
    input->channel = fov_calloc(3, sizeof *input->channel);
    if (!input->channel) return fov_fail_memory(err, "what is expected of activations");
    input->channels = 3;
    for (int c = 0; c < 3; c++) input->channel[c] = fov_moments_pixel(settings, c);
    return FOV_OK;
}

static fov_status propagate(const fov_model *model, const fov_graph *graph, fov_moments *all, fov_error *err)
{
    bool       measured = false;
    fov_status st = set_input(graph, &model->settings, all, err);
    for (int i = 0; i < graph->n_node && !st; i++)
        if (!graph->node[i].dead) st = fov_moments_of_node(graph, &graph->node[i], all, &measured, err);
    if (!st && !measured)
        st = fov_fail(err, FOV_ERR_UNSUPPORTED,
                      "%s: its BatchNormalization was folded into the weights, so it keeps no statistics: calibrate with photos",
                      model->source);
    return st;
}

/* ---------------------------------------------------------------- ranges */

static fov_status add_range(fov_calibration *calibration, const char *name, const fov_moments *m, double slope, fov_error *err)
{
    double     lo = 0, hi = 0;
    fov_range *range = fov_calibration_add(calibration, name, 0, 0, m->channels, err);
    if (!range) return FOV_ERR_MEMORY;
    for (int c = 0; c < m->channels; c++) {
        const fov_channel_moments here = slope == 1 ? m->channel[c] : fov_moments_activated(&m->channel[c], slope);
        range->channel_lo[c] = (float)fmin(here.lo, 0);
        range->channel_hi[c] = (float)fmax(here.hi, 0);
        range->channel_mean[c] = (float)here.mean;
        lo = fmin(lo, here.lo);
        hi = fmax(hi, here.hi);
    }
    if (!isfinite((float)lo) || !isfinite((float)hi))
        return fov_fail(err, FOV_ERR_FORMAT, "'%s': the statistics of BatchNormalization are not finite", name);
    if (hi > lo) range->lo = (float)lo, range->hi = (float)hi;
    return FOV_OK;
}

/* An activation that a pass moved in front of a Concat has a name of the pass's making: "<what it is applied to>.act". */
static const fov_moments *find_moments(const fov_graph *imported, const fov_moments *all, const fov_graph *graph, int value,
                                       double *slope)
{
    static const char suffix[] = ".act";
    char              stem[512];
    const char       *name = graph->value[value].name, *end = strstr(name, suffix);
    const int         node = fov_graph_producer(graph, value);
    int               found = fov_graph_find(imported, name);
    *slope = 1;
    if (found == FOV_NONE && end && node != FOV_NONE && graph->node[node].op == FOV_OP_Conv) {
        snprintf(stem, sizeof stem, "%.*s", (int)(end - name), name);
        found = fov_graph_find(imported, stem);
        *slope = (double)fov_fused_read(&graph->node[node]).slope;
    }
    return found != FOV_NONE && all[found].channels ? &all[found] : NULL;
}

static bool is_output(const fov_graph *graph, int value)
{
    for (int i = 0; i < graph->n_output; i++)
        if (graph->output[i] == value) return true;
    return false;
}

/* Of what nobody reads, such as what a plugin makes of the heads, no range is needed. */
static fov_status add_ranges(const fov_graph *imported, const fov_moments *all, const fov_graph *graph,
                             fov_calibration *calibration, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int v = 0; v < graph->n_value && !st; v++) {
        double slope;
        if (!fov_value_is_calibrated(graph, v)) continue;
        const fov_moments *m = find_moments(imported, all, graph, v, &slope);
        if (m) st = add_range(calibration, graph->value[v].name, m, slope, err);
        else if (!is_output(graph, v))
            st = fov_fail(err, FOV_ERR_UNSUPPORTED, "nothing is known of '%s' without data: calibrate with photos",
                          graph->value[v].name);
    }
    return st;
}

static fov_status make(const fov_model *model, const fov_graph *imported, const fov_moments *all, fov_calibration **out,
                       fov_error *err)
{
    fov_graph       *graph;
    fov_calibration *calibration = NULL;
    fov_status       st = fov_graph_clone(model->graph, &graph, err);
    if (st) return st;
    if (!(st = fov_graph_optimize(graph, NULL, err)) && !(st = fov_calibration_new(graph, &calibration, err))) {
        snprintf(calibration->method, sizeof calibration->method, "data-free");
        st = add_ranges(imported, all, graph, calibration, err);
    }
    fov_graph_free(graph);
    if (st) fov_calibration_free(calibration);
    else *out = calibration;
    return st;
}

fov_status fov_calibration_from_statistics(const fov_model *model, fov_calibration **out, fov_error *err)
{
    fov_graph *imported;
    fov_status st = fov_graph_clone(model->graph, &imported, err);
    *out = NULL;
    if (st) return st;
    fov_moments *all = fov_calloc((size_t)imported->n_value, sizeof *all);
    st = all ? fov_graph_sort(imported, err) : fov_fail_memory(err, "what is expected of activations");
    if (!st) st = propagate(model, imported, all, err);
    if (!st) st = make(model, imported, all, out, err);
    free_moments(imported, all);
    fov_graph_free(imported);
    return st;
}
