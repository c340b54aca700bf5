// SPDX-License-Identifier: MIT
#include "export/onnx_qdq.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

enum { WEIGHT = 1, BIAS = 2 };

/* One convolution: weights [cout][per_group][taps], and what channels are multiplied by. */
typedef struct filters {
    const fov_value *weight;
    const fov_quant *x; /* of the input, NULL: floats */
    const float     *in_part, *out_part;
    int64_t          cout, per_group, taps, group;
} filters;

static filters filters_of(const fov_qdq *q, int node)
{
    const fov_node  *n = &q->typed->node[node];
    const fov_value *w = &q->typed->value[n->in[WEIGHT]];
    const int        x = n->in[0];
    return (filters){.weight = w,
                     .x = fov_qdq_is_u8(q->typed, x) ? q->typed->value[x].quant : NULL,
                     .in_part = q->part[x],
                     .out_part = q->part[n->out[0]],
                     .cout = w->shape.dim[0],
                     .per_group = w->shape.dim[1],
                     .taps = w->shape.dim[2] * w->shape.dim[3],
                     .group = fov_node_int(n, "group", 1)};
}

static int64_t input_channel(const filters *f, int64_t o, int64_t c)
{
    return o / (f->cout / f->group) * f->per_group + c;
}

/* What a weight is multiplied by: by the input's part, and divided by the output's. */
static float factor(const filters *f, int64_t o, int64_t c)
{
    return (f->in_part ? f->in_part[input_channel(f, o, c)] : 1) / (f->out_part ? f->out_part[o] : 1);
}

/* The same of integers, which have the input's scale in them. */
static float integer_factor(const filters *f, int64_t o, int64_t c)
{
    return f->weight->quant->scale[f->weight->quant->count == 1 ? 0 : o] / fov_quant_scale(f->x, input_channel(f, o, c)) *
           factor(f, o, c);
}

/* Do all weights of a filter share their factor? With parts taken out, or a channel a filter, they do, but for rounding. */
static bool keeps_integers(const filters *f)
{
    return f->per_group == 1 || f->x->count == 1 || f->in_part;
}

/* ---------------------------------------------------------------- 8 bits */

static void copy_filter(const filters *f, int64_t o, int8_t *to, float *scale)
{
    const int8_t *from = (const int8_t *)f->weight->data + o * f->per_group * f->taps;
    memcpy(to, from, (size_t)(f->per_group * f->taps));
    *scale = integer_factor(f, o, 0);
}

static void requantize_filter(const filters *f, int64_t o, int8_t *to, float *scale)
{
    const int8_t *from = (const int8_t *)f->weight->data + o * f->per_group * f->taps;
    float         most = 0;
    for (int64_t i = 0; i < f->per_group * f->taps; i++)
        most = fmaxf(most, fabsf((float)from[i] * integer_factor(f, o, i / f->taps)));
    *scale = most > 1e-30F ? most / INT8_MAX : 1;
    for (int64_t i = 0; i < f->per_group * f->taps; i++)
        to[i] = (int8_t)fov_quantize((float)from[i] * integer_factor(f, o, i / f->taps), 1 / *scale, 0, -INT8_MAX, INT8_MAX);
}

static fov_status set_integers(fov_qdq *q, int node, const filters *f, fov_error *err)
{
    float     *scale = fov_alloc_array((size_t)f->cout, sizeof *scale);
    int32_t   *zero = fov_calloc((size_t)f->cout, sizeof *zero);
    int8_t    *to = NULL;
    const int  id = fov_qdq_add_constant(q->graph, f->weight->name, "q", FOV_I8, &f->weight->shape, (void **)&to, err);
    fov_status st = scale && zero ? FOV_OK : fov_fail_memory(err, "8-bit weights");
    if (id == FOV_NONE) st = FOV_ERR_MEMORY;
    for (int64_t o = 0; o < f->cout && !st; o++)
        if (keeps_integers(f)) copy_filter(f, o, to + o * f->per_group * f->taps, &scale[o]);
        else requantize_filter(f, o, to + o * f->per_group * f->taps, &scale[o]);
    if (!st) st = fov_graph_set_storage(q->graph, id, FOV_I8, &(fov_quant){(int)f->cout, scale, zero}, err);
    fov_free(scale);
    fov_free(zero);
    const int real = st ? FOV_NONE : fov_qdq_add_value(q->graph, f->weight->name, "dq", NULL, err);
    if (real == FOV_NONE) return st ? st : FOV_ERR_MEMORY;
    q->graph->value[real].shape = f->weight->shape;
    q->graph->node[node].in[WEIGHT] = real;
    return fov_qdq_add_convert(q->graph, id, real, err);
}

/* ---------------------------------------------------------------- floats */

/* An engine file may give floats to a convolution with weights of any type. */
static fov_status set_floats(fov_qdq *q, int node, const filters *f, fov_error *err)
{
    float    *to;
    const int id = fov_qdq_add_constant(q->graph, f->weight->name, "f32", FOV_F32, &f->weight->shape, (void **)&to, err);
    if (id == FOV_NONE) return FOV_ERR_MEMORY;
    fov_view       from = fov_view_dense(f->weight->dtype, &f->weight->shape, f->weight->data);
    const fov_view reals = fov_view_dense(FOV_F32, &f->weight->shape, to);
    from.quant = f->weight->quant;
    fov_view_load_f32(&from, &reals);
    for (int64_t o = 0; o < f->cout; o++)
        for (int64_t i = 0; i < f->per_group * f->taps; i++) to[o * f->per_group * f->taps + i] *= factor(f, o, i / f->taps);
    q->graph->node[node].in[WEIGHT] = id;
    return FOV_OK;
}

static fov_status set_bias(fov_qdq *q, int node, const filters *f, fov_error *err)
{
    const fov_node *n = &q->typed->node[node];
    float          *to;
    if (!f->out_part || n->n_in <= BIAS || n->in[BIAS] == FOV_NONE) return FOV_OK;
    const fov_value *from = &q->typed->value[n->in[BIAS]];
    const int        id = fov_qdq_add_constant(q->graph, from->name, "f32", FOV_F32, &from->shape, (void **)&to, err);
    if (id == FOV_NONE) return FOV_ERR_MEMORY;
    for (int64_t o = 0; o < f->cout; o++) to[o] = ((const float *)from->data)[o] / f->out_part[o];
    q->graph->node[node].in[BIAS] = id;
    return FOV_OK;
}

fov_status fov_qdq_set_weights(fov_qdq *q, int node, fov_error *err)
{
    const fov_node *n = &q->typed->node[node];
    if (!q->typed->value[n->in[WEIGHT]].data || q->typed->value[n->in[WEIGHT]].shape.rank != 4) return FOV_OK;
    const filters f = filters_of(q, node);
    fov_status    st = FOV_OK;
    if (f.weight->dtype == FOV_I8 && f.x) st = set_integers(q, node, &f, err);
    else if (f.weight->dtype != FOV_F32 || f.in_part || f.out_part) st = set_floats(q, node, &f, err);
    return st ? st : set_bias(q, node, &f, err);
}
