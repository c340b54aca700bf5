// SPDX-License-Identifier: MIT
/* Convolutions as products of matrices on tensor cores (conv_tensor.h), depthwise ones window by window (depthwise.h), others
 * element by element (kernels/conv_direct.cu). All read the same weights. */
#include "backend/cuda/conv.h"

#include "backend/cuda/conv_end.h"
#include "backend/cuda/conv_tensor.h"
#include "backend/cuda/depthwise.h"
#include "backend/cuda/place.h"
#include "base/alloc.h"
#include "base/half.h"

#include <stdio.h>
#include <string.h>

enum { ROW_SLACK = FOV_GEMM_PAD_BYTES /* that a step may read behind the last row */ };

static void step_free(void *impl)
{
    fov_conv_step *step = impl;
    fov_cuda_constant_free(step->weight);
    fov_cuda_constant_free(step->channel);
    fov_cuda_constant_free(step->pad);
    fov_cuda_constant_free(step->window);
    fov_free(step);
}

/* ---------------------------------------------------------------- packing */

static size_t rounded(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static size_t taps_of(const fov_conv *conv)
{
    return (size_t)(conv->kh * conv->kw);
}

static size_t group_in(const fov_conv *conv)
{
    return (size_t)(conv->cin / conv->group);
}

static size_t channels_of(const fov_conv_step *step)
{
    size_t sum = 0;
    for (int i = 0; i < step->count; i++) sum += (size_t)step->conv[i]->cout;
    return sum;
}

static size_t weight_bytes(const fov_conv_step *step)
{
    return rounded(channels_of(step), FOV_GEMM_PAD_CHANNELS) * step->row_bytes + ROW_SLACK;
}

/* [cout][cin][taps] to rows of [taps][cin]. */
static void pack_rows(const fov_conv *conv, size_t row_bytes, unsigned char *to)
{
    const size_t         size = fov_dtype_size(conv->w.dtype), taps = taps_of(conv), cin = group_in(conv);
    const unsigned char *from = (const unsigned char *)conv->weight;
    for (size_t m = 0; m < (size_t)conv->cout; m++)
        for (size_t c = 0; c < cin; c++)
            for (size_t tap = 0; tap < taps; tap++, from += size) memcpy(to + m * row_bytes + (tap * cin + c) * size, from, size);
}

static fov_status pack_weights(fov_conv_step *step, fov_error *err)
{
    const fov_conv *conv = &step->own;
    void           *host;
    step->row_bytes = rounded(taps_of(conv) * group_in(conv) * fov_dtype_size(conv->w.dtype), FOV_CONV_CHUNK_BYTES);
    fov_status st = fov_cuda_constant_memory(weight_bytes(step), &host, err);
    if (st) return st;
    pack_rows(conv, step->row_bytes, host);
    return fov_cuda_constant_new(host, weight_bytes(step), &step->weight, err);
}

static fov_status pack_channels(fov_conv_step *step, fov_error *err)
{
    const size_t bytes = channels_of(step) * sizeof(fov_end_channel);
    void        *host;
    fov_status   st = fov_cuda_constant_memory(bytes, &host, err);
    if (st) return st;
    fov_end_channels(&step->own, host);
    return fov_cuda_constant_new(host, bytes, &step->channel, err);
}

/* Zero points for the product, as bytes; behind them the same as integers, which the direct kernel reads. */
static fov_status pack_pad(fov_conv_step *step, fov_error *err)
{
    const fov_conv *conv = step->conv[0];
    const size_t    cin = (size_t)conv->cin, row = rounded(cin * fov_dtype_size(conv->x.dtype), FOV_CONV_CHUNK_BYTES);
    const size_t    bytes = row + cin * sizeof(int32_t);
    void           *host;
    fov_status      st = fov_cuda_constant_memory(bytes, &host, err);
    if (st) return st;
    unsigned char *to = host;
    for (size_t c = 0; c < cin && conv->x.dtype == FOV_U8; c++) {
        const int32_t zero_point = fov_quant_zero_point(conv->x.quant, (int64_t)c);
        to[c] = (unsigned char)zero_point;
        memcpy(to + row + c * sizeof zero_point, &zero_point, sizeof zero_point);
    }
    return fov_cuda_constant_new(host, bytes, &step->pad, err);
}

static fov_cuda_depthwise depthwise_of(const fov_conv *conv)
{
    return (fov_cuda_depthwise){.x = conv->x.dtype,
                                .channels = (int)conv->cin,
                                .rows = (int)conv->kh,
                                .columns = (int)conv->kw,
                                .stride_y = (int)conv->stride[0],
                                .stride_x = (int)conv->stride[1],
                                .dilation_y = (int)conv->dilation[0],
                                .dilation_x = (int)conv->dilation[1]};
}

static bool is_window(const fov_conv *conv)
{
    const bool               alike = conv->x.dtype == conv->w.dtype || fov_conv_takes_int8(conv);
    const fov_cuda_depthwise depthwise = depthwise_of(conv);
    return alike && fov_conv_is_depthwise(conv) && fov_cuda_depthwise_takes(&depthwise);
}

static fov_status pack_window(fov_conv_step *step, fov_error *err)
{
    const fov_cuda_depthwise depthwise = depthwise_of(&step->own);
    const size_t             bytes = fov_cuda_depthwise_bytes(&depthwise);
    float                   *weight = fov_conv_step_weights(step);
    int32_t                 *zero_point = fov_conv_step_zero_points(step);
    void                    *host = NULL;
    fov_status st = weight && zero_point ? fov_cuda_constant_memory(bytes, &host, err) : fov_fail_memory(err, "packed weights");
    if (!st) {
        fov_cuda_depthwise_pack(&depthwise, weight, zero_point, host);
        st = fov_cuda_constant_new(host, bytes, &step->window, err);
    }
    fov_free(weight);
    fov_free(zero_point);
    return st;
}

static fov_status pack(fov_conv_step *step, fov_error *err)
{
    fov_status st = pack_weights(step, err);
    if (!st) st = pack_channels(step, err);
    if (!st) st = pack_pad(step, err);
    return st || !is_window(&step->own) ? st : pack_window(step, err);
}

float fov_conv_step_weight(const fov_conv_step *step, ptrdiff_t m, ptrdiff_t c, ptrdiff_t tap)
{
    const unsigned char *row = (const unsigned char *)fov_cuda_constant_host(step->weight) + (size_t)m * step->row_bytes;
    const ptrdiff_t      i = tap * (ptrdiff_t)group_in(&step->own) + c;
    switch (step->own.w.dtype) {
    case FOV_F16:
        return fov_float_from_half(((const uint16_t *)(const void *)row)[i]);
    case FOV_BF16:
        return fov_float_from_bf16(((const uint16_t *)(const void *)row)[i]);
    case FOV_I8:
        return (float)((const int8_t *)row)[i];
    default:
        return ((const float *)(const void *)row)[i];
    }
}

float *fov_conv_step_weights(const fov_conv_step *step)
{
    const fov_conv *conv = &step->own;
    const ptrdiff_t taps = (ptrdiff_t)taps_of(conv), cin = (ptrdiff_t)group_in(conv);
    float          *weight = fov_alloc_array((size_t)(conv->cout * cin * taps), sizeof *weight), *to = weight;
    for (ptrdiff_t m = 0; weight && m < conv->cout; m++)
        for (ptrdiff_t c = 0; c < cin; c++)
            for (ptrdiff_t tap = 0; tap < taps; tap++) *to++ = fov_conv_step_weight(step, m, c, tap);
    return weight;
}

int32_t *fov_conv_step_zero_points(const fov_conv_step *step)
{
    const fov_conv *conv = &step->own;
    int32_t        *zero_point = fov_calloc((size_t)conv->cin, sizeof *zero_point);
    for (ptrdiff_t c = 0; zero_point && c < conv->cin && conv->x.dtype == FOV_U8; c++)
        zero_point[c] = fov_quant_zero_point(conv->x.quant, c);
    return zero_point;
}

/* ---------------------------------------------------------------- recording */

static fov_status find_constants(const fov_conv_step *step, const fov_cuda_device *device, fov_conv_placed *at, fov_error *err)
{
    const void *channel;
    fov_status  st = fov_cuda_constant_on(step->weight, device, &at->weight, err);
    if (!st) st = fov_cuda_constant_on(step->pad, device, &at->pad, err);
    if (!st && step->window) st = fov_cuda_constant_on(step->window, device, &at->window, err);
    if (!st) st = fov_cuda_constant_on(step->channel, device, &channel, err);
    if (!st) at->channel = channel;
    return st;
}

/* What kernels count in 32 bits: pixels, bytes of a pixel and of a row of weights. */
static bool fits_counters(const fov_conv_step *step, const fov_conv_shape *shape)
{
    const fov_pixels *x = &shape->x, *y = &shape->y;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): a step has an own convolution at least */
    return x->ld <= INT32_MAX / x->size && step->row_bytes <= INT32_MAX && y->ld <= INT32_MAX && x->n * x->h * x->w <= INT32_MAX &&
           y->n * y->h * y->w <= INT32_MAX;
}

static fov_status record_direct(const fov_conv_step *step, const fov_conv_shape *shape, const fov_conv_placed *at,
                                const fov_end *end, fov_recorder *recorder, fov_error *err)
{
    const fov_conv   *conv = step->conv[0];
    const fov_window *window = &shape->window;
    const fov_pixels *x = &shape->x;
    const size_t      pad_bytes = rounded((size_t)conv->cin * fov_dtype_size(conv->x.dtype), FOV_CONV_CHUNK_BYTES);
    fov_direct_params params = {.x = x->bytes,
                                .zero_point = (const int32_t *)(const void *)((const unsigned char *)at->pad + pad_bytes),
                                .weight = at->weight,
                                .end = *end,
                                .count = x->n * end->rows * end->columns * end->channels,
                                .weight_dtype = (int32_t)conv->w.dtype,
                                .weight_ld = (int32_t)(step->row_bytes / fov_dtype_size(conv->w.dtype)),
                                .x_dtype = (int32_t)x->dtype,
                                .x_rows = (int32_t)x->h,
                                .x_columns = (int32_t)x->w,
                                .x_ld = (int32_t)x->ld,
                                .group_in = (int32_t)group_in(conv),
                                .group_out = (int32_t)(conv->cout / conv->group),
                                .kernel_y = (int32_t)window->kernel[0],
                                .kernel_x = (int32_t)window->kernel[1],
                                .stride_y = (int32_t)window->stride[0],
                                .stride_x = (int32_t)window->stride[1],
                                .dilation_y = (int32_t)window->dilation[0],
                                .dilation_x = (int32_t)window->dilation[1],
                                .pad_top = (int32_t)window->pad_top,
                                .pad_left = (int32_t)window->pad_left};
    if (step->count > 1) params.group_out = end->channels; /* joined ones have one group */
    return fov_record_elements(recorder, "fov_conv_direct", params.count, &params, sizeof params, err);
}

static fov_status record_window(const fov_conv_step *step, const fov_conv_shape *shape, const fov_conv_placed *at,
                                const fov_end *end, fov_recorder *recorder, fov_error *err)
{
    const fov_pixels     *x = &shape->x;
    fov_cuda_depthwise    depthwise = depthwise_of(&step->own);
    const fov_cuda_images images = {x->bytes, (int)x->n, (int)x->h, (int)x->w, (int)x->ld};
    fov_depthwise_params  params;
    fov_cuda_launch       launch;
    depthwise.pad_top = (int)shape->window.pad_top;
    depthwise.pad_left = (int)shape->window.pad_left;
    fov_cuda_depthwise_fill(&depthwise, &images, at->window, end, &params, &launch);
    return fov_record_filled(recorder, &launch, &params, sizeof params, err);
}

static bool takes_window(const fov_conv_step *step, const fov_conv_shape *shape)
{
    const fov_pixels *x = &shape->x;
    const ptrdiff_t   chunk = step->window ? fov_cuda_depthwise_chunk(x->dtype) : 1;
    return step->window && (uintptr_t)x->bytes % (size_t)(chunk * x->size) == 0 && x->ld % chunk == 0;
}

/* A step at its size and place. */
typedef struct placed_step {
    fov_conv_shape  shape;
    fov_conv_placed at;
    fov_end         end;
} placed_step;

static fov_status place_step(const fov_conv_step *step, const fov_view *const *in, fov_view *out, const fov_cuda_device *device,
                             placed_step *p, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = step->count - 1; i >= 0 && !st; i--) st = fov_conv_shape_read(step->conv[i], in, &out[i], &p->shape, err);
    if (!st && !fits_counters(step, &p->shape))
        st = fov_fail(err, FOV_ERR_LIMIT, "Conv '%.200s' is too large for a GPU; run this model with --backend cpu",
                      step->conv[0]->node->name);
    if (!st) st = find_constants(step, device, &p->at, err);
    if (!st) p->end = fov_end_of(step->conv, step->count, p->at.channel, in, out);
    return st;
}

static fov_status record(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                         fov_error *err)
{
    const fov_conv_step   *step = impl;
    const fov_cuda_device *device = fov_recorder_device(recorder);
    placed_step            p;
    fov_status             st = place_step(step, in, out, device, &p, err);
    (void)scratch;
    if (st) return st;
    if (takes_window(step, &p.shape)) return record_window(step, &p.shape, &p.at, &p.end, recorder, err);
    if (!fov_conv_tensor_takes(step, &p.shape, device)) return record_direct(step, &p.shape, &p.at, &p.end, recorder, err);
    return fov_conv_tensor_record(step, &p.shape, &p.at, &p.end, recorder, err);
}

fov_status fov_cuda_conv_product(const fov_call *call, const fov_place *place, const char **type, fov_gemm_problem *product,
                                 fov_error *err)
{
    const fov_conv_step *step = call->lowered->impl;
    placed_step          p;
    *type = NULL;
    if (call->lowered->record != record) return FOV_OK;
    fov_status st = place_step(step, call->in, call->out, place->device, &p, err);
    if (st || takes_window(step, &p.shape) || !fov_conv_tensor_takes(step, &p.shape, place->device)) return st;
    *product = fov_conv_tensor_product(step, &p.shape, &p.at, &p.end, place, type);
    return FOV_OK;
}

const fov_conv_step *fov_conv_step_of(const fov_lowered *lowered)
{
    const fov_conv_step *step = lowered->impl;
    return lowered->record == record && step->count == 1 ? step : NULL;
}

/* ---------------------------------------------------------------- lowering */

static const char *type_of(const fov_conv *conv)
{
    if (conv->group != 1) return NULL;
    if (fov_conv_takes_int8(conv)) return "u8";
    if (conv->x.dtype != conv->w.dtype) return NULL;
    return conv->x.dtype == FOV_F16 ? "f16" : conv->x.dtype == FOV_BF16 ? "bf16" : "f32";
}

static void name_step(fov_conv_step *step)
{
    const fov_conv *conv = step->conv[0];
    snprintf(step->name, sizeof step->name, "conv%tdx%td_%s_%s%s", conv->kh, conv->kw, fov_dtype_name(conv->x.dtype),
             step->window ? "depthwise"
             : step->type ? "tensor"
                          : "direct",
             step->count > 1 ? "_joint" : "");
}

static fov_status finish(fov_conv_step *step, fov_lowered *out, fov_error *err)
{
    fov_status st = pack(step, err);
    if (st) {
        step_free(step);
        return st;
    }
    name_step(step);
    *out = (fov_lowered){.kernel = step->name,
                         .bytes = weight_bytes(step),
                         .impl = step,
                         .packed = true,
                         .kin = step->count == 1 && step->type && !step->own.has_residual ? step : NULL,
                         .record = record,
                         .free = step_free};
    return FOV_OK;
}

fov_status fov_cuda_conv(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    fov_conv_step *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered node");
    if (!fov_conv_read(graph, node, &step->own)) {
        fov_free(step);
        return fov_cuda_refuse(node, err, "a convolution whose weights are no constants, or of such types, does not run");
    }
    step->count = 1;
    step->conv[0] = &step->own;
    step->type = type_of(&step->own);
    fov_status st = finish(step, out, err);
    if (!st && (st = fov_cuda_conv_first(out, err))) {
        out->free(out->impl);
        *out = (fov_lowered){.run = NULL};
    }
    return st;
}

/* ---------------------------------------------------------------- several of one input */

bool fov_cuda_conv_alike(const fov_lowered *a, const fov_lowered *b)
{
    const fov_conv_step *x = a->kin, *y = b->kin;
    return x && y && !strcmp(x->type, y->type) && fov_conv_same_window(&x->own, &y->own);
}

/* Rows of all, one after the other: `part` are those that each has packed already. */
static fov_status join_rows(const fov_conv_step *joint, const fov_cuda_constant *const *part, size_t row_bytes, size_t bytes,
                            fov_cuda_constant **all, fov_error *err)
{
    void      *host;
    fov_status st = fov_cuda_constant_memory(bytes, &host, err);
    if (st) return st;
    unsigned char *to = host;
    for (int i = 0; i < joint->count; i++) {
        const size_t own = (size_t)joint->conv[i]->cout * row_bytes;
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): join_constants() found as many */
        memcpy(to, fov_cuda_constant_host(part[i]), own);
        to += own;
    }
    return fov_cuda_constant_new(host, bytes, all, err);
}

static fov_status join_constants(fov_conv_step *joint, const fov_lowered *const *nodes, fov_error *err)
{
    const fov_cuda_constant *weight[FOV_STEP_NODES], *channel[FOV_STEP_NODES];
    for (int i = 0; i < joint->count; i++) {
        const fov_conv_step *step = nodes[i]->impl;
        weight[i] = step->weight;
        channel[i] = step->channel;
    }
    const size_t channel_bytes = sizeof(fov_end_channel);
    fov_status   st = join_rows(joint, weight, joint->row_bytes, weight_bytes(joint), &joint->weight, err);
    return st ? st : join_rows(joint, channel, channel_bytes, channels_of(joint) * channel_bytes, &joint->channel, err);
}

fov_status fov_cuda_conv_join(const fov_lowered *const *nodes, int count, fov_lowered *out, fov_error *err)
{
    const fov_conv_step *first = nodes[0]->impl;
    fov_conv_step       *joint = fov_calloc(1, sizeof *joint);
    if (!joint) return fov_fail_memory(err, "a lowered node");
    joint->count = count;
    joint->type = first->type;
    joint->row_bytes = first->row_bytes;
    for (int i = 0; i < count; i++) joint->conv[i] = &((const fov_conv_step *)nodes[i]->impl)->own;
    fov_status st = join_constants(joint, nodes, err);
    if (!st) st = pack_pad(joint, err);
    if (st) {
        step_free(joint);
        return st;
    }
    name_step(joint);
    *out = (fov_lowered){.kernel = joint->name, .impl = joint, .record = record, .free = step_free};
    return FOV_OK;
}
