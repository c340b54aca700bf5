// SPDX-License-Identifier: MIT
/* What repair works on: convolutions as rows of weights, and channels tied together that must be scaled alike. */
#ifndef FOVEA_NUMERICS_SCALING_H
#define FOVEA_NUMERICS_SCALING_H

#include "numerics/probe.h"

/**
 * A Conv with constant weights. Weight (o, i, t) meets input channel (o / (out / groups)) * per_group + i. The bias is its own,
 * or the shift of the BatchNormalization behind it that fov_fold_in_place() has made an identity.
 */
typedef struct fov_layer {
    int    node, kernel, bias; /* node and value ids; bias FOV_NONE: none */
    float *w, *b;              /* in the graph; b may be NULL */
    int    x, y;               /* values; y behind the norm */
    int    out, per_group, taps, groups;
} fov_layer;

static inline int fov_layer_input(const fov_layer *layer, int o, int i)
{
    return o / (layer->out / layer->groups) * layer->per_group + i;
}

/** Channels that are scaled by one power of two. */
typedef struct fov_scaling {
    fov_graph   *graph; /* borrowed; its weights are what is scaled */
    fov_channels channels;
    fov_layer   *layer;
    int          n_layer;
    int         *group;     /* of each channel: the smallest channel of its group */
    bool        *pinned;    /* of a group: it must keep its scale */
    float       *magnitude; /* of a group: the largest of its channels */
    int         *exponent;  /* of a group: scaled by 2 to this; all 0 at first */
} fov_scaling;

/** Group of channel `c` of value `v`. */
static inline int fov_scaling_group(const fov_scaling *s, int v, int c)
{
    return s->group[s->channels.first[v] + c];
}

/**
 * Probe a graph that fov_fold_in_place() made, and find its layers and groups.
 * @param scaling out: release with fov_scaling_clear()
 */
fov_status fov_scaling_find(fov_graph *graph, const fov_settings *settings, fov_scaling *scaling, fov_error *err);
void       fov_scaling_clear(fov_scaling *scaling);

/** Part of fov_scaling_find(): which channels are tied, which may not be scaled. Layers are known. */
void fov_scaling_tie(fov_scaling *scaling);

/** Choose exponents: the fewest subnormal weights, those first whose loss shows. */
fov_status fov_scaling_choose(fov_scaling *scaling, fov_error *err);
/** Scale weights, biases and magnitudes. @return how many groups have an exponent other than 0 */
int fov_scaling_apply(fov_scaling *scaling);

/**
 * The largest that channel `o`'s sum can get: sum of |w| times the magnitude of its input, and |bias|. What a weight can change
 * is measured against this. It and they scale alike.
 */
double fov_layer_reach(const fov_scaling *scaling, const fov_layer *layer, int o);
/** Magnitude of what weight (o, i, .) meets. */
static inline float fov_layer_meets(const fov_scaling *s, const fov_layer *layer, int o, int i)
{
    return s->magnitude[fov_scaling_group(s, layer->x, fov_layer_input(layer, o, i))];
}

#endif
