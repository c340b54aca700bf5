// SPDX-License-Identifier: MIT
/* Scales and zero points of activations.
 *
 * Every channel may have its own: a convolution that reads them takes the scales into its weights, where they cost nothing. Between
 * one scale for all and each channel's own range lies a choice. With its own range a channel loses less to rounding of activations;
 * but the weights that read it are multiplied by its scale, and those of one output share one scale themselves. A depthwise
 * convolution has one input channel an output, so there each channel gets its own range. Elsewhere the two are balanced, scale
 * = own^0.75 * common^0.25: equalisation across layers (Nagel et al., arXiv:1906.04721, 4.1) without touching the weights before. */
#include "base/alloc.h"
#include "graph/op.h"
#include "quant/typed.h"

#include <math.h>

enum { LEVELS = 255, SYMMETRIC_ZERO = 128 };

static const float BALANCE = 0.75F;
/* A channel that was quiet in calibration may speak up elsewhere: its range is at least this part of the tensor's. */
static const float LEAST_PART = 1.0F / 64;

static fov_status new_quant(fov_quant *quant, int count, fov_error *err)
{
    quant->count = count;
    quant->scale = fov_alloc_array((size_t)count, sizeof *quant->scale);
    quant->zero_point = fov_alloc_array((size_t)count, sizeof *quant->zero_point);
    return quant->scale && quant->zero_point ? FOV_OK : fov_fail_memory(err, "scales");
}

static float at_least_tiny(float scale)
{
    return scale > 1e-20F ? scale : 1e-20F;
}

/* Zero has a code of its own, and whatever is left of the 255 steps is shared between both ends. */
static int32_t zero_point_of(float lo, float hi)
{
    return hi > lo ? (int32_t)rintf(-lo / (hi - lo) * LEVELS) : 0;
}

static void set_common(fov_quant *quant, const struct fov_calibration *ranges, const fov_range *range)
{
    quant->scale[0] = at_least_tiny(ranges->symmetric ? fov_range_scale(ranges, range) : (range->hi - range->lo) / LEVELS);
    quant->zero_point[0] = ranges->symmetric ? SYMMETRIC_ZERO : zero_point_of(range->lo, range->hi);
}

static float clip(float v, float lo, float hi)
{
    return fminf(fmaxf(v, lo), hi);
}

static void set_per_channel(fov_quant *quant, const fov_range *range, float balance)
{
    const float common = at_least_tiny((range->hi - range->lo) / LEVELS);
    for (int c = 0; c < quant->count; c++) {
        float lo = clip(range->channel_lo[c], range->lo, range->hi), hi = clip(range->channel_hi[c], range->lo, range->hi);
        if (!(hi > lo)) lo = range->lo * LEAST_PART, hi = range->hi * LEAST_PART;
        const float own = fmaxf((hi - lo) / LEVELS, common * LEAST_PART);
        quant->scale[c] = at_least_tiny(powf(own, balance) * powf(common, 1 - balance));
        quant->zero_point[c] = zero_point_of(lo, hi);
    }
}

/* A pixel less the mean, times the input's scale: with these numbers the integer is the pixel itself. */
static fov_status set_input(fov_types *types, int v, fov_error *err)
{
    const fov_settings *s = types->typing->settings;
    fov_status          st = new_quant(&types->quant[v], 3, err);
    for (int c = 0; c < 3 && !st; c++) {
        types->quant[v].scale[c] = s->scale[c];
        types->quant[v].zero_point[c] = (int32_t)clip(rintf(s->mean[c]), 0, LEVELS);
    }
    return st;
}

/* Input scales that 8 bits cannot stand for (negative, or a mean beyond the pixels) are left to calibration. */
static bool is_pixel_input(const fov_types *types, int v)
{
    const fov_settings *s = types->typing->settings;
    for (int c = 0; c < 3; c++)
        if (!(s->scale[c] > 0) || s->mean[c] < 0 || s->mean[c] > LEVELS) return false;
    return types->graph->n_input > 0 && types->graph->input[0] == v && types->channels[v] == 3;
}

/* ---------------------------------------------------------------- who reads a value */

typedef struct readers {
    bool depthwise, other, plugin;
} readers;

static bool is_depthwise(const fov_graph *graph, const fov_node *node)
{
    return node->op == FOV_OP_Conv && graph->value[node->in[1]].shape.rank == 4 && graph->value[node->in[1]].shape.dim[1] == 1 &&
           fov_node_int(node, "group", 1) == graph->value[node->in[1]].shape.dim[0];
}

static fov_status find_readers(const fov_types *types, readers **out, fov_error *err)
{
    readers *all = fov_calloc((size_t)types->n_value, sizeof *all);
    if (!all) return fov_fail_memory(err, "scales");
    for (int i = 0; i < types->n_node; i++) {
        const fov_node *node = &types->graph->node[i];
        for (int j = 0; j < node->n_in; j++) {
            fov_dtype type;
            if (node->in[j] == FOV_NONE || !fov_types_want(types, i, j, &type) || type != FOV_U8) continue;
            readers *r = &all[node->in[j]];
            if (node->op == FOV_OP_Plugin) r->plugin = true; /* knows one scale a tensor */
            else if (is_depthwise(types->graph, node)) r->depthwise = true;
            else r->other = true;
        }
    }
    *out = all;
    return FOV_OK;
}

static fov_status set_from_range(fov_types *types, int v, const readers *r, fov_error *err)
{
    const fov_value              *value = &types->graph->value[v];
    const struct fov_calibration *ranges = types->typing->ranges;
    const fov_range              *range = ranges ? fov_range_find(ranges, value->name) : NULL;
    if (!range)
        return fov_fail(err, FOV_ERR_FORMAT, "the calibration has no range for '%s': calibrate this very model", value->name);
    const bool per_channel = !r->plugin && !ranges->symmetric && range->channels > 1 && range->channels == types->channels[v];
    fov_status st = new_quant(&types->quant[v], per_channel ? range->channels : 1, err);
    if (st) return st;
    if (per_channel) set_per_channel(&types->quant[v], range, r->depthwise && !r->other ? 1 : BALANCE);
    else set_common(&types->quant[v], ranges, range);
    return FOV_OK;
}

/* ---------------------------------------------------------------- operators that hand scales on */

static fov_status copy_quant(fov_quant *to, const fov_quant *from, fov_error *err)
{
    fov_status st = new_quant(to, from->count, err);
    for (int c = 0; c < from->count && !st; c++) to->scale[c] = from->scale[c], to->zero_point[c] = from->zero_point[c];
    return st;
}

static fov_status join_quants(fov_types *types, const fov_node *concat, fov_error *err)
{
    const int  v = concat->out[0];
    fov_status st = new_quant(&types->quant[v], (int)types->channels[v], err);
    int        at = 0;
    for (int i = 0; i < concat->n_in && !st; i++) {
        const fov_quant *from = &types->quant[concat->in[i]];
        for (int c = 0; c < types->channels[concat->in[i]]; c++, at++) {
            types->quant[v].scale[at] = fov_quant_scale(from, c);
            types->quant[v].zero_point[at] = fov_quant_zero_point(from, c);
        }
    }
    return st;
}

static bool inputs_have_quants(const fov_types *types, const fov_node *node)
{
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] != FOV_NONE && !types->graph->value[node->in[i]].data && !types->quant[node->in[i]].count) return false;
    return true;
}

/* Concat over channels keeps each part as it is; pooling and enlarging keep every number. */
static fov_status set_output(fov_types *types, int node, const readers *all, fov_error *err)
{
    const fov_node *n = &types->graph->node[node];
    const int       v = n->out[0];
    const bool      may_follow = types->node[node] == FOV_U8 && inputs_have_quants(types, n) && !all[v].plugin;
    if (may_follow && n->op == FOV_OP_Concat && fov_node_int(n, "axis", 0) == 1 && types->channels[v] > 0)
        return join_quants(types, n, err);
    if (may_follow && (n->op == FOV_OP_MaxPool || n->op == FOV_OP_Resize))
        return copy_quant(&types->quant[v], &types->quant[n->in[0]], err);
    return set_from_range(types, v, &all[v], err);
}

fov_status fov_types_find_scales(fov_types *types, fov_error *err)
{
    readers   *all = NULL;
    fov_status st = find_readers(types, &all, err);
    if (st) return st;
    for (int i = 0; i < types->graph->n_input && !st; i++) {
        const int v = types->graph->input[i];
        if (types->as_u8[v]) st = is_pixel_input(types, v) ? set_input(types, v, err) : set_from_range(types, v, &all[v], err);
    }
    for (int i = 0; i < types->n_node && !st; i++)
        for (int j = 0; j < types->graph->node[i].n_out && !st; j++) {
            const int v = types->graph->node[i].out[j];
            if (v != FOV_NONE && types->as_u8[v])
                st = j == 0 ? set_output(types, i, all, err) : set_from_range(types, v, &all[v], err);
        }
    fov_free(all);
    return st;
}
