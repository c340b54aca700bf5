// SPDX-License-Identifier: MIT
#include "backend/conv.h"

#include "base/half.h"

static bool has_input(const fov_node *node, int input)
{
    return input < node->n_in && node->in[input] != FOV_NONE;
}

static const fov_value *constant(const fov_graph *graph, const fov_node *node, int input)
{
    return has_input(node, input) && graph->value[node->in[input]].data ? &graph->value[node->in[input]] : NULL;
}

static bool is_float(fov_dtype dtype)
{
    return dtype == FOV_F32 || dtype == FOV_F16 || dtype == FOV_BF16;
}

static bool is_activation(const fov_element *element)
{
    return is_float(element->dtype) || (element->dtype == FOV_U8 && element->quant);
}

static fov_element element_of(const fov_graph *graph, int value)
{
    return (fov_element){graph->value[value].dtype, graph->value[value].quant};
}

/* Types that are computed here: floats with floats, U8 with I8; anything in, anything out. */
static bool read_types(const fov_graph *graph, const fov_node *node, fov_conv *conv)
{
    conv->x = element_of(graph, node->in[0]);
    conv->w = element_of(graph, node->in[1]);
    conv->y = element_of(graph, node->out[0]);
    if (conv->has_residual) conv->residual = element_of(graph, node->in[3]);
    if (!is_activation(&conv->x) || !is_activation(&conv->y)) return false;
    if (conv->has_residual && !is_activation(&conv->residual)) return false;
    return fov_conv_takes_int8(conv) ? conv->w.quant != NULL : is_float(conv->x.dtype) && is_float(conv->w.dtype);
}

/* 32 bits hold the sums of U8 times I8 together with what zero points add to them. */
static bool sums_fit(const fov_conv *conv)
{
    return conv->cin / conv->group * conv->kh * conv->kw <= INT32_MAX / (2 * UINT8_MAX * 128);
}

bool fov_conv_read(const fov_graph *graph, const fov_node *node, fov_conv *conv)
{
    const fov_value *weight = constant(graph, node, 1), *bias = constant(graph, node, 2);
    if (!weight || weight->shape.rank != 4 || (has_input(node, 2) && (!bias || bias->dtype != FOV_F32))) return false;
    const int64_t *dim = weight->shape.dim;
    int64_t        group = fov_node_int(node, "group", 1), cin;
    for (int i = 0; i < 4; i++)
        if (dim[i] < 1) return false;
    if (group < 1 || dim[0] % group != 0 || __builtin_mul_overflow(group, dim[1], &cin)) return false;
    if (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != dim[0])) return false;
    *conv = (fov_conv){.graph = graph,
                       .node = node,
                       .weight = weight->data,
                       .bias = bias ? bias->data : NULL,
                       .cin = cin,
                       .cout = dim[0],
                       .group = group,
                       .kh = dim[2],
                       .kw = dim[3],
                       .has_residual = has_input(node, 3),
                       .fused = fov_fused_read(node)};
    for (size_t i = 0; i < 2; i++) {
        conv->stride[i] = (ptrdiff_t)fov_node_int_at(node, "strides", i, 1);
        conv->dilation[i] = (ptrdiff_t)fov_node_int_at(node, "dilations", i, 1);
        if (conv->stride[i] < 1 || conv->dilation[i] < 1) return false;
    }
    if (!has_input(node, 0) || !read_types(graph, node, conv)) return false;
    return !fov_conv_takes_int8(conv) || sums_fit(conv);
}

bool fov_conv_is_f32(const fov_conv *conv)
{
    return conv->x.dtype == FOV_F32 && conv->w.dtype == FOV_F32 && conv->y.dtype == FOV_F32 &&
           (!conv->has_residual || conv->residual.dtype == FOV_F32);
}

bool fov_conv_takes_int8(const fov_conv *conv)
{
    return conv->x.dtype == FOV_U8 && conv->w.dtype == FOV_I8;
}

float fov_conv_weight_f32(const fov_conv *conv, size_t i)
{
    if (conv->w.dtype == FOV_F16) return fov_float_from_half(conv->weight_half[i]);
    if (conv->w.dtype == FOV_BF16) return fov_float_from_bf16(conv->weight_half[i]);
    return conv->weight[i];
}

int32_t fov_conv_int8_start(const fov_conv *conv, ptrdiff_t channel)
{
    const ptrdiff_t cin = conv->cin / conv->group, first = channel / (conv->cout / conv->group) * cin, taps = conv->kh * conv->kw;
    const int8_t   *w = conv->weight_i8 + channel * cin * taps;
    int32_t         sum = 0;
    for (ptrdiff_t c = 0; c < cin; c++)
        for (ptrdiff_t tap = 0; tap < taps; tap++) sum -= fov_quant_zero_point(conv->x.quant, first + c) * w[c * taps + tap];
    return sum;
}

bool fov_conv_is_depthwise(const fov_conv *conv)
{
    return conv->group == conv->cin && conv->group == conv->cout && !conv->has_residual;
}

bool fov_conv_same_window(const fov_conv *a, const fov_conv *b)
{
    bool same = a->cin == b->cin && a->group == b->group && a->kh == b->kh && a->kw == b->kw;
    for (size_t i = 0; i < 2; i++) same = same && a->stride[i] == b->stride[i] && a->dilation[i] == b->dilation[i];
    for (size_t i = 0; i < 4; i++) same = same && fov_node_int_at(a->node, "pads", i, 0) == fov_node_int_at(b->node, "pads", i, 0);
    return same && !fov_node_attr(a->node, "auto_pad") && !fov_node_attr(b->node, "auto_pad");
}

static fov_status read_residual(const fov_conv *conv, const fov_view *view, fov_conv_shape *shape, fov_error *err)
{
    const fov_pixels *y = &shape->y;
    fov_pixels       *r = &shape->residual;
    ptrdiff_t         scale = conv->fused.residual_scale;
    if (!fov_pixels_of_any(view, r) || r->dtype != conv->residual.dtype) return fov_fail_layout(conv->node, err);
    if (r->n == y->n && r->c == y->c && r->h * scale == y->h && r->w * scale == y->w) return FOV_OK;
    return fov_fail(err, FOV_ERR_INTERNAL,
                    "Conv '%s': residual of %tdx%td pixels times %td, output of %tdx%td; please report this model",
                    conv->node->name, r->h, r->w, scale, y->h, y->w);
}

fov_status fov_conv_shape_read(const fov_conv *conv, const fov_view *const *in, fov_view *out, fov_conv_shape *shape,
                               fov_error *err)
{
    const fov_node   *node = conv->node;
    const fov_op_call call = {.node = node, .opset = conv->graph->opset, .in = in, .out = out, .n_in = node->n_in, .n_out = 1};
    const int64_t     kernel[2] = {conv->kh, conv->kw};
    fov_status        st;

    *shape = (fov_conv_shape){0};
    if (!fov_pixels_of_any(in[0], &shape->x) || !fov_pixels_of_any(out, &shape->y)) return fov_fail_layout(node, err);
    if (shape->x.dtype != conv->x.dtype || shape->y.dtype != conv->y.dtype) return fov_fail_layout(node, err);
    if ((st = fov_window_read(&call, shape->x.h, shape->x.w, kernel, &shape->window, err))) return st;
    if (shape->x.c != conv->cin || shape->y.c != conv->cout || shape->y.h != shape->window.out_h ||
        shape->y.w != shape->window.out_w)
        return fov_fail(err, FOV_ERR_INTERNAL, "Conv '%s': planned for another shape; please report this model", node->name);
    return conv->has_residual ? read_residual(conv, in[3], shape, err) : FOV_OK;
}
