// SPDX-License-Identifier: MIT
#include "numerics/scaling.h"

#include "numerics/fold.h"

#include "base/alloc.h"
#include "graph/passes/edit.h"

#include <math.h>

/* The identity norm that is all that reads a Conv: their outputs are the same but for the norm's shift. */
static const fov_node *norm_behind(const fov_graph *graph, const fov_node *conv, size_t channels)
{
    const int user = fov_graph_only_user(graph, conv->out[0]);
    if (user == FOV_NONE) return NULL;
    const fov_node *norm = &graph->node[user];
    if (norm->op != FOV_OP_BatchNormalization || norm->in[0] != conv->out[0]) return NULL;
    return fov_is_identity_norm(graph, norm, channels) ? norm : NULL;
}

static bool all_zero(const float *data, int count)
{
    for (int i = 0; i < count; i++)
        if (data[i] != 0) return false;
    return true;
}

/* The one bias of the layer, at the Conv or at the norm. @return false when both have one, or it is not constant */
static bool find_bias(fov_graph *graph, const fov_node *conv, const fov_node *norm, fov_layer *layer)
{
    const size_t count = (size_t)layer->out;
    const bool   biased = conv->n_in > 2 && conv->in[2] != FOV_NONE;
    const float *own = biased ? fov_graph_floats(graph, conv->in[2], count) : NULL;
    if (biased && !own) return false;
    if (norm && own && !all_zero(own, layer->out)) return false;
    layer->bias = norm ? norm->in[2] : biased ? conv->in[2] : FOV_NONE;
    layer->b = layer->bias == FOV_NONE ? NULL : graph->value[layer->bias].data;
    return true;
}

/* Weights that nobody else reads, of a Conv whose input and output have the channels that the weights say. */
static bool find_layer(fov_scaling *s, int n, fov_layer *layer)
{
    const fov_node  *conv = &s->graph->node[n];
    const fov_value *w = conv->op == FOV_OP_Conv ? &s->graph->value[conv->in[1]] : NULL;
    if (!w || conv->dead || !w->data || w->dtype != FOV_F32 || w->shape.rank != 4 || fov_node_attr(conv, "fused_slope"))
        return false;
    if (fov_graph_use_count(s->graph, conv->in[1]) != 1 || (conv->n_in > 3 && conv->in[3] != FOV_NONE)) return false;
    const fov_node *norm = norm_behind(s->graph, conv, (size_t)w->shape.dim[0]);
    *layer = (fov_layer){.node = n,
                         .kernel = conv->in[1],
                         .w = w->data,
                         .x = conv->in[0],
                         .y = norm ? norm->out[0] : conv->out[0],
                         .out = (int)w->shape.dim[0],
                         .per_group = (int)w->shape.dim[1],
                         .taps = (int)(w->shape.dim[2] * w->shape.dim[3]),
                         .groups = (int)fov_node_int(conv, "group", 1)};
    if (!find_bias(s->graph, conv, norm, layer) || layer->groups < 1 || layer->out % layer->groups) return false;
    if (layer->bias != FOV_NONE && fov_graph_use_count(s->graph, layer->bias) != 1) return false;
    return layer->out > 0 && fov_channels_of(&s->channels, layer->y) == layer->out &&
           fov_channels_of(&s->channels, layer->x) == layer->per_group * layer->groups;
}

static fov_status take_memory(fov_scaling *s, fov_error *err)
{
    const size_t n = (size_t)s->channels.count;
    s->layer = fov_alloc_array((size_t)s->graph->n_node, sizeof *s->layer);
    s->group = fov_alloc_array(n, sizeof *s->group);
    s->pinned = fov_calloc(n, sizeof *s->pinned);
    s->magnitude = fov_calloc(n, sizeof *s->magnitude);
    s->exponent = fov_calloc(n, sizeof *s->exponent);
    return s->layer && s->group && s->pinned && s->magnitude && s->exponent ? FOV_OK
                                                                            : fov_fail_memory(err, "the network's scaling");
}

fov_status fov_scaling_find(fov_graph *graph, const fov_settings *settings, fov_scaling *s, fov_error *err)
{
    *s = (fov_scaling){.graph = graph};
    fov_status st = fov_channels_probe(graph, settings, &s->channels, err);
    if (!st) st = take_memory(s, err);
    if (st) {
        fov_scaling_clear(s);
        return st;
    }
    for (int n = 0; n < graph->n_node; n++) s->n_layer += find_layer(s, n, &s->layer[s->n_layer]);
    fov_scaling_tie(s);
    return FOV_OK;
}

void fov_scaling_clear(fov_scaling *s)
{
    fov_channels_clear(&s->channels);
    fov_free(s->layer);
    fov_free(s->group);
    fov_free(s->pinned);
    fov_free(s->magnitude);
    fov_free(s->exponent);
    *s = (fov_scaling){0};
}

double fov_layer_reach(const fov_scaling *s, const fov_layer *layer, int o)
{
    const float *w = layer->w + (size_t)o * (size_t)layer->per_group * (size_t)layer->taps;
    double       reach = layer->b ? fabs((double)layer->b[o]) : 0;
    for (int i = 0; i < layer->per_group; i++) {
        const double meets = (double)fov_layer_meets(s, layer, o, i);
        for (int t = 0; t < layer->taps; t++) reach += fabs((double)*w++) * meets;
    }
    return reach;
}

int fov_scaling_apply(fov_scaling *s)
{
    int scaled = 0;
    for (int l = 0; l < s->n_layer; l++) {
        fov_layer *layer = &s->layer[l];
        float     *w = layer->w;
        for (int o = 0; o < layer->out; o++) {
            const int up = s->exponent[fov_scaling_group(s, layer->y, o)];
            if (layer->b) layer->b[o] = ldexpf(layer->b[o], up);
            for (int i = 0; i < layer->per_group; i++) {
                const int down = s->exponent[fov_scaling_group(s, layer->x, fov_layer_input(layer, o, i))];
                for (int t = 0; t < layer->taps; t++, w++) *w = ldexpf(*w, up - down);
            }
        }
    }
    for (int c = 0; c < s->channels.count; c++) {
        scaled += s->exponent[c] != 0;
        s->magnitude[c] = ldexpf(s->magnitude[c], s->exponent[c]);
        s->exponent[c] = 0;
    }
    return scaled;
}
