// SPDX-License-Identifier: MIT
/* Rules for distributions, as in Nagel et al., arXiv:1906.04721, 4.2: where a BatchNormalization stands, its output has the mean
 * beta and the deviation gamma that training gave it, whatever came in; activations cut normal distributions. */
#include "quant/moments.h"

#include "base/alloc.h"
#include "graph/passes/edit.h"

#include <math.h>

static const double DEVIATIONS = 6;
static const double PIXEL_MOST = 255;

/* Six deviations to each side. */
static fov_channel_moments normal(double mean, double deviation)
{
    return (fov_channel_moments){mean, deviation, mean - DEVIATIONS * deviation, mean + DEVIATIONS * deviation};
}

/* With z = mean / deviation, phi the density and Phi the distribution of N(0, 1): the positive part of v has the mean
 * mean * Phi + deviation * phi and the mean square (mean^2 + deviation^2) * Phi + mean * deviation * phi. */
fov_channel_moments fov_moments_activated(const fov_channel_moments *before, double slope)
{
    const double mean = before->mean, s = before->deviation, square = mean * mean + s * s;
    const double z = s > 0 ? mean / s : mean < 0 ? -INFINITY : INFINITY;
    const double density = s > 0 ? exp(-z * z / 2) / sqrt(2 * M_PI) : 0, part = 0.5 * erfc(-z / M_SQRT2);
    const double positive = mean * part + s * density, positive_square = square * part + mean * s * density;
    const double new_mean = slope * mean + (1 - slope) * positive;
    const double new_square = positive_square + slope * slope * (square - positive_square);
    return (fov_channel_moments){.mean = new_mean,
                                 .deviation = sqrt(fmax(new_square - new_mean * new_mean, 0)),
                                 .lo = before->lo < 0 ? slope * before->lo + 0.0 : before->lo, /* not -0 */
                                 .hi = before->hi < 0 ? slope * before->hi + 0.0 : before->hi};
}

fov_channel_moments fov_moments_pixel(const fov_settings *settings, int channel)
{
    const double scale = (double)settings->scale[channel], mean = (double)settings->mean[channel];
    const double a = -mean * scale, b = (PIXEL_MOST - mean) * scale;
    return (fov_channel_moments){(a + b) / 2, fabs(b - a) / sqrt(12), fmin(a, b), fmax(a, b)};
}

static fov_status set_channels(fov_moments *m, int channels, fov_error *err)
{
    m->channel = fov_calloc((size_t)channels, sizeof *m->channel);
    if (!m->channel) return fov_fail_memory(err, "what is expected of activations");
    m->channels = channels;
    return FOV_OK;
}

/* ---------------------------------------------------------------- operators */

/* Weights sum what comes in, taken to be independent: too narrow where channels agree, so wherever a BatchNormalization follows,
 * this is forgotten. */
static fov_status of_conv(const fov_graph *graph, const fov_node *node, fov_moments *all, fov_error *err)
{
    const fov_shape   *shape = &graph->value[node->in[1]].shape;
    const fov_moments *x = &all[node->in[0]];
    fov_moments       *y = &all[node->out[0]];
    const float       *w = graph->value[node->in[1]].data;
    const bool         biased = node->n_in > 2 && node->in[2] != FOV_NONE;
    if (!w || shape->rank != 4 || graph->value[node->in[1]].dtype != FOV_F32) return FOV_OK;
    const int    outputs = (int)shape->dim[0], inputs = (int)shape->dim[1], window = (int)(shape->dim[2] * shape->dim[3]);
    const int    groups = (int)fov_node_int(node, "group", 1);
    const float *b = biased ? fov_graph_floats(graph, node->in[2], (size_t)outputs) : NULL;
    if ((biased && !b) || groups < 1 || outputs % groups || x->channels != inputs * groups) return FOV_OK;
    fov_status st = set_channels(y, outputs, err);
    for (int m = 0; m < outputs && !st; m++) {
        const fov_channel_moments *from = x->channel + (ptrdiff_t)(m / (outputs / groups)) * inputs;
        double                     mean = b ? (double)b[m] : 0, variance = 0;
        for (int i = 0; i < inputs * window; i++, w++) {
            mean += (double)*w * from[i / window].mean;
            variance += pow((double)*w * from[i / window].deviation, 2);
        }
        y->channel[m] = normal(mean, sqrt(variance));
    }
    return st;
}

enum { GAMMA, BETA, MEAN, VAR, PARAMETERS };

/* Where BatchNorm had been folded before the import, its place holds one that changes nothing and knows nothing. */
static bool knows_statistics(const float *const *p, int channels)
{
    for (int c = 0; c < channels; c++)
        if (p[GAMMA][c] != 1 || p[MEAN][c] != 0) return true;
    return false;
}

static fov_status of_batch_norm(const fov_graph *graph, const fov_node *node, fov_moments *all, bool *measured, fov_error *err)
{
    const fov_moments *x = &all[node->in[0]];
    const double       epsilon = (double)fov_node_float(node, "epsilon", 1e-5F);
    const float       *p[PARAMETERS];
    const int          channels = (int)graph->value[node->in[1]].shape.dim[0];
    for (int i = 0; i < PARAMETERS; i++)
        if (!(p[i] = fov_graph_floats(graph, node->in[i + 1], (size_t)channels))) return FOV_OK;
    const bool known = knows_statistics(p, channels);
    if (!known && x->channels != channels) return FOV_OK;
    fov_status st = set_channels(&all[node->out[0]], channels, err);
    for (int c = 0; c < channels && !st; c++) {
        const double deviation = sqrt((double)p[VAR][c] + epsilon), scale = (double)p[GAMMA][c] / deviation;
        if (known) {
            const double seen = sqrt(fmax((double)p[VAR][c], 0)) / deviation; /* 1, but for channels that hardly move */
            all[node->out[0]].channel[c] = normal((double)p[BETA][c], fabs((double)p[GAMMA][c]) * seen);
        } else {
            const double mean = (x->channel[c].mean - (double)p[MEAN][c]) * scale + (double)p[BETA][c];
            all[node->out[0]].channel[c] = normal(mean, x->channel[c].deviation * fabs(scale));
        }
    }
    *measured = *measured || known;
    return st;
}

/* What is added tends to agree (both see the same picture), so deviations add, not variances: rather too wide. */
static fov_status of_add(const fov_node *node, fov_moments *all, fov_error *err)
{
    const fov_moments *a = &all[node->in[0]], *b = &all[node->in[1]];
    if (!a->channels || a->channels != b->channels) return FOV_OK;
    fov_status st = set_channels(&all[node->out[0]], a->channels, err);
    for (int c = 0; c < a->channels && !st; c++) {
        const fov_channel_moments *x = &a->channel[c], *y = &b->channel[c];
        fov_channel_moments        sum = normal(x->mean + y->mean, x->deviation + y->deviation);
        sum.lo = fmax(sum.lo, x->lo + y->lo);
        sum.hi = fmin(sum.hi, x->hi + y->hi);
        all[node->out[0]].channel[c] = sum;
    }
    return st;
}

static fov_status of_concat(const fov_node *node, fov_moments *all, fov_error *err)
{
    fov_moments *y = &all[node->out[0]];
    int          channels = 0, at = 0;
    for (int i = 0; i < node->n_in; i++) {
        if (!all[node->in[i]].channels) return FOV_OK;
        channels += all[node->in[i]].channels;
    }
    fov_status st = fov_node_int(node, "axis", 0) == 1 ? set_channels(y, channels, err) : FOV_OK;
    for (int i = 0; i < node->n_in && !st && y->channels; i++)
        for (int c = 0; c < all[node->in[i]].channels; c++) y->channel[at++] = all[node->in[i]].channel[c];
    return st;
}

static fov_status of_each(const fov_node *node, fov_moments *all, double slope, fov_error *err)
{
    const fov_moments *x = &all[node->in[0]];
    if (!x->channels) return FOV_OK;
    fov_status st = set_channels(&all[node->out[0]], x->channels, err);
    for (int c = 0; c < x->channels && !st; c++)
        all[node->out[0]].channel[c] = slope == 1 ? x->channel[c] : fov_moments_activated(&x->channel[c], slope);
    return st;
}

fov_status fov_moments_of_node(const fov_graph *graph, const fov_node *node, fov_moments *all, bool *measured, fov_error *err)
{
    float slope;
    if (fov_node_is_activation(node, &slope)) return of_each(node, all, (double)slope, err);
    switch (node->op) {
    case FOV_OP_Conv:
        return of_conv(graph, node, all, err);
    case FOV_OP_BatchNormalization:
        return of_batch_norm(graph, node, all, measured, err);
    case FOV_OP_Add:
        return of_add(node, all, err);
    case FOV_OP_Concat:
        return of_concat(node, all, err);
    case FOV_OP_MaxPool:
    case FOV_OP_Resize:
    case FOV_OP_Identity:
    case FOV_OP_Dropout:
        return of_each(node, all, 1, err);
    default:
        return FOV_OK;
    }
}
