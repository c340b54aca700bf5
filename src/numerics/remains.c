// SPDX-License-Identifier: MIT
#include "numerics/remains.h"

#include "numerics/counts.h"

#include "base/json.h"

#include <math.h>

#define UNIT_ROUNDOFF_FP16 0x1p-11
#define UNIT_ROUNDOFF_FP32 0x1p-24

/* The subnormal weights of one output channel. */
typedef struct remains {
    size_t kernel, bias; /* how many are in either */
    double largest;      /* magnitude */
    double sum;          /* of |w| * magnitude of its input: what they all together can change */
} remains;

static bool is_subnormal(float w)
{
    return w != 0 && fabsf(w) < fov_float_limits_of(FOV_PRECISION_FP16)->normal;
}

static void take(remains *r, float w, double effect, size_t *count)
{
    ++*count;
    r->sum += effect;
    if (fabs((double)w) > r->largest) r->largest = fabs((double)w);
}

/* Gather the subnormal weights of channel `o` whose effect is not above `limit`; `zero`: and set them to zero. */
static remains visit(const fov_scaling *s, const fov_layer *layer, int o, double limit, bool zero)
{
    remains r = {0};
    float  *w = layer->w + (size_t)o * (size_t)layer->per_group * (size_t)layer->taps;
    for (int i = 0; i < layer->per_group; i++) {
        const double meets = (double)fov_layer_meets(s, layer, o, i);
        for (int t = 0; t < layer->taps; t++, w++) {
            const double effect = fabs((double)*w) * meets;
            if (!is_subnormal(*w) || effect > limit) continue;
            take(&r, *w, effect, &r.kernel);
            if (zero) *w = 0;
        }
    }
    if (layer->b && is_subnormal(layer->b[o]) && fabs((double)layer->b[o]) <= limit) {
        take(&r, layer->b[o], fabs((double)layer->b[o]), &r.bias);
        if (zero) layer->b[o] = 0;
    }
    return r;
}

/* What can be said of a channel's remains; the reach of a channel with NaN or infinity in it is none. */
static double share_of(const remains *r, double reach)
{
    return reach > 0 && isfinite(reach) ? r->sum / reach : 0;
}

static void add_entry(json_t **list, const char *tensor, int channel, size_t weights, const remains *r, double share)
{
    if (!weights) return;
    fov_json_add(list,
                 json_pack("{s:o, s:i, s:I, s:f, s:f, s:b}", "tensor", fov_json_name(tensor), "channel", channel, "weights",
                           (json_int_t)weights, "largest", r->largest, "share", share, "matters", share > UNIT_ROUNDOFF_FP16));
}

static void add_entries(json_t **list, const fov_scaling *s, const fov_layer *layer, int o, const remains *r, double share)
{
    add_entry(list, s->graph->value[layer->kernel].name, o, r->kernel, r, share);
    if (layer->b) add_entry(list, s->graph->value[layer->bias].name, o, r->bias, r, share);
}

size_t fov_remains_zero(const fov_scaling *s, json_t **list)
{
    size_t zeroed = 0;
    for (int l = 0; l < s->n_layer; l++)
        for (int o = 0; o < s->layer[l].out; o++) {
            const fov_layer *layer = &s->layer[l];
            const double     reach = fov_layer_reach(s, layer, o);
            if (!isfinite(reach)) continue;
            const remains r = visit(s, layer, o, UNIT_ROUNDOFF_FP32 * reach, true);
            add_entries(list, s, layer, o, &r, share_of(&r, reach));
            zeroed += r.kernel + r.bias;
        }
    return zeroed;
}

size_t fov_remains_list(const fov_scaling *s, json_t **list)
{
    size_t matter = 0;
    for (int l = 0; l < s->n_layer; l++)
        for (int o = 0; o < s->layer[l].out; o++) {
            const fov_layer *layer = &s->layer[l];
            const remains    r = visit(s, layer, o, INFINITY, false);
            const double     share = share_of(&r, fov_layer_reach(s, layer, o));
            add_entries(list, s, layer, o, &r, share);
            if (share > UNIT_ROUNDOFF_FP16) matter += r.kernel + r.bias;
        }
    return matter;
}
