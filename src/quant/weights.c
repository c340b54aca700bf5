// SPDX-License-Identifier: MIT
/* Weights of one convolution in another type. */
#include "base/alloc.h"
#include "base/half.h"
#include "base/text.h"
#include "graph/op.h"
#include "quant/typed.h"

#include <math.h>
#include <string.h>

enum { WEIGHT = 1, BIAS = 2 };

bool fov_node_fits_int8(const fov_graph *graph, const fov_node *node)
{
    const int64_t *dim = graph->value[node->in[WEIGHT]].shape.dim;
    return dim[1] * dim[2] * dim[3] <= INT32_MAX / (UINT8_MAX * INT8_MAX);
}

/* The weights of a node as floats: [cout][per_group][taps]. */
typedef struct filters {
    const float *w;
    int64_t      cout, per_group, taps, group;
    const char  *name;
} filters;

static filters filters_of(const fov_graph *graph, const fov_node *node)
{
    const fov_value *value = &graph->value[node->in[WEIGHT]];
    const int64_t   *dim = value->shape.dim;
    return (filters){value->data, dim[0], dim[1], dim[2] * dim[3], fov_node_int(node, "group", 1), value->name};
}

static int64_t input_channel(const filters *f, int64_t o, int64_t c)
{
    return o / (f->cout / f->group) * f->per_group + c;
}

/* ---------------------------------------------------------------- new constants */

/* A constant of another type in place of the node's input; the old one goes when nobody names it. */
static fov_status replace(fov_types *types, int node, int input, fov_dtype dtype, void **data, fov_error *err)
{
    fov_graph *graph = types->graph;
    const int  from = graph->node[node].in[input];
    fov_text   stem = {0};
    fov_text_print(&stem, "%s.%s", graph->value[from].name, fov_dtype_name(dtype));
    char     *name = stem.failed ? NULL : fov_graph_unique_name(graph, stem.data);
    fov_shape shape = graph->value[from].shape;
    const int id = name ? fov_graph_add_constant(graph, name, dtype, &shape, NULL, graph->value[from].origin, err) : FOV_NONE;
    fov_text_clear(&stem);
    if (!name) fov_fail_memory(err, "a weight's name");
    fov_free(name);
    if (id == FOV_NONE) return FOV_ERR_MEMORY;
    graph->node[node].in[input] = id;
    *data = graph->value[id].data;
    return FOV_OK;
}

/* ---------------------------------------------------------------- 16 bits */

static fov_status check_half(const filters *f, const fov_node *node, fov_error *err)
{
    int64_t beyond = 0;
    for (int64_t i = 0; i < f->cout * f->per_group * f->taps; i++) beyond += isfinite(f->w[i]) && fabsf(f->w[i]) >= 65520;
    if (!beyond) return FOV_OK;
    return fov_fail(err, FOV_ERR_UNSUPPORTED,
                    "layer '%s': %lld weights of '%s' are beyond 65504, the largest number of FP16; use --repair, or bf16 or mixed",
                    node->name, (long long)beyond, f->name);
}

static fov_status to_16_bits(fov_types *types, int node, fov_dtype dtype, fov_error *err)
{
    const filters f = filters_of(types->graph, &types->graph->node[node]);
    uint16_t     *to;
    fov_status    st = dtype == FOV_F16 ? check_half(&f, &types->graph->node[node], err) : FOV_OK;
    if (!st) st = replace(types, node, WEIGHT, dtype, (void **)&to, err);
    for (int64_t i = 0; i < f.cout * f.per_group * f.taps && !st; i++)
        to[i] = dtype == FOV_F16 ? fov_half_from_float(f.w[i]) : fov_bf16_from_float(f.w[i]);
    return st;
}

/* ---------------------------------------------------------------- 8 bits */

/* One filter with the scales of its input multiplied in. */
static void scaled_filter(const filters *f, int64_t o, const fov_quant *x, float *scaled)
{
    const float *w = f->w + o * f->per_group * f->taps;
    for (int64_t c = 0; c < f->per_group; c++)
        for (int64_t t = 0; t < f->taps; t++)
            scaled[c * f->taps + t] = w[c * f->taps + t] * fov_quant_scale(x, input_channel(f, o, c));
}

static float scale_of(const float *scaled, int64_t count)
{
    float most = 0;
    for (int64_t i = 0; i < count; i++) most = fmaxf(most, fabsf(scaled[i]));
    return most > 1e-30F ? most / INT8_MAX : 1;
}

static void round_to_nearest(const float *scaled, int64_t count, float scale, int8_t *to)
{
    const float inverse = 1.0F / scale;
    for (int64_t i = 0; i < count; i++) to[i] = (int8_t)fov_quantize(scaled[i], inverse, 0, -INT8_MAX, INT8_MAX);
}

/* What rounding the weights adds to the output on average: each channel's mean times the error of the weights that read it
 * (Nagel et al., arXiv:1906.04721, 4.2). */
static float mean_shift(const filters *f, int64_t o, const fov_quant *x, const int8_t *q, float scale, const float *mean)
{
    const float *w = f->w + o * f->per_group * f->taps;
    double       shift = 0;
    for (int64_t c = 0; c < f->per_group; c++) {
        const int64_t channel = input_channel(f, o, c);
        double        error = 0;
        for (int64_t t = 0; t < f->taps; t++)
            error += (double)((float)q[c * f->taps + t] * scale / fov_quant_scale(x, channel)) - (double)w[c * f->taps + t];
        shift += error * (double)mean[channel];
    }
    return (float)shift;
}

/* The mean of every channel of a node's input, NULL where calibration does not know it. */
static const float *input_mean(const fov_types *types, int node)
{
    const int        v = types->graph->node[node].in[0];
    const fov_range *range = types->typing->ranges ? fov_range_find(types->typing->ranges, types->graph->value[v].name) : NULL;
    return range && range->channels == types->channels[v] ? range->channel_mean : NULL;
}

static fov_status correct_bias(fov_types *types, int node, const float *shift, int64_t count, fov_error *err)
{
    fov_node    *n = &types->graph->node[node];
    const float *from = types->graph->value[n->in[BIAS]].data;
    float       *to;
    fov_status   st = replace(types, node, BIAS, FOV_F32, (void **)&to, err);
    for (int64_t o = 0; o < count && !st; o++) to[o] = from[o] - shift[o];
    return st;
}

static bool has_bias(const fov_graph *graph, const fov_node *node)
{
    return node->n_in > BIAS && node->in[BIAS] != FOV_NONE && graph->value[node->in[BIAS]].data;
}

static fov_status check_bytes(const fov_types *types, int node, const filters *f, fov_error *err)
{
    const fov_node *n = &types->graph->node[node];
    if (!fov_node_fits_int8(types->graph, n))
        return fov_fail(err, FOV_ERR_UNSUPPORTED,
                        "layer '%s' sums %lld products: more than 32 bits hold; keep it in another precision", n->name,
                        (long long)(f->per_group * f->taps));
    for (int64_t i = 0; i < f->cout * f->per_group * f->taps; i++)
        if (!isfinite(f->w[i]))
            return fov_fail(err, FOV_ERR_FORMAT, "layer '%s': weight %lld of '%s' is NaN or infinite, which no byte stands for",
                            n->name, (long long)i, f->name);
    return FOV_OK;
}

static fov_status to_8_bits(fov_types *types, int node, const fov_quant *x, fov_error *err)
{
    const filters f = filters_of(types->graph, &types->graph->node[node]);
    const int64_t count = f.per_group * f.taps;
    const float  *mean = input_mean(types, node);
    float        *scaled = fov_alloc_array((size_t)count, sizeof *scaled), *scale = fov_alloc_array((size_t)f.cout, sizeof *scale);
    float        *shift = fov_calloc((size_t)f.cout, sizeof *shift);
    int32_t      *zero = fov_calloc((size_t)f.cout, sizeof *zero);
    int8_t       *to = NULL;
    fov_status    st = scaled && scale && shift && zero ? FOV_OK : fov_fail_memory(err, "8-bit weights");
    if (!st) st = check_bytes(types, node, &f, err);
    if (!st) st = replace(types, node, WEIGHT, FOV_I8, (void **)&to, err);
    for (int64_t o = 0; o < f.cout && !st; o++) {
        int8_t *row = to + o * count;
        scaled_filter(&f, o, x, scaled);
        scale[o] = scale_of(scaled, count);
        round_to_nearest(scaled, count, scale[o], row);
        if (mean) shift[o] = mean_shift(&f, o, x, row, scale[o], mean);
    }
    const int weight = types->graph->node[node].in[WEIGHT];
    if (!st) st = fov_graph_set_storage(types->graph, weight, FOV_I8, &(fov_quant){(int)f.cout, scale, zero}, err);
    if (!st && mean && has_bias(types->graph, &types->graph->node[node])) st = correct_bias(types, node, shift, f.cout, err);
    fov_free(scaled);
    fov_free(scale);
    fov_free(shift);
    fov_free(zero);
    return st;
}

fov_status fov_types_convert_weights(fov_types *types, int node, const fov_quant *x, fov_error *err)
{
    const fov_dtype dtype = types->node[node];
    if (dtype == FOV_F32) return FOV_OK;
    return dtype == FOV_U8 ? to_8_bits(types, node, x, err) : to_16_bits(types, node, dtype, err);
}
