// SPDX-License-Identifier: MIT
/* Convolutions as products of matrices on tensor cores (kernels/conv_gemm.cuh), or where those do not take them element by element
 * (kernels/conv_direct.cu). Both read the same weights. */
#include "backend/cuda/conv.h"

#include "backend/cuda/conv_end.h"
#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 16, ROW_ALIGN = FOV_GEMM_PAD_BYTES };

typedef struct conv_step {
    int                 count; /* convolutions of one input */
    const fov_conv     *conv[FOV_STEP_NODES];
    fov_conv            own; /* conv[0] of one alone */
    const char         *type; /* of products that tensor cores know; NULL: none */
    size_t              row_bytes;
    fov_cuda_constant  *weight, *channel, *pad; /* pad: a tap outside of the image */
    char                name[64];
} conv_step;

static void step_free(void *impl)
{
    conv_step *step = impl;
    fov_cuda_constant_free(step->weight);
    fov_cuda_constant_free(step->channel);
    fov_cuda_constant_free(step->pad);
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

static size_t channels_of(const conv_step *step)
{
    size_t sum = 0;
    for (int i = 0; i < step->count; i++) sum += (size_t)step->conv[i]->cout;
    return sum;
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

static fov_status make_constant(size_t bytes, unsigned char **host, fov_error *err)
{
    *host = fov_alloc_aligned(bytes);
    if (!*host) return fov_fail_memory(err, "packed weights");
    memset(*host, 0, bytes);
    return FOV_OK;
}

static fov_status pack_weights(conv_step *step, fov_error *err)
{
    const fov_conv *first = step->conv[0];
    unsigned char  *host;
    step->row_bytes = rounded(taps_of(first) * group_in(first) * fov_dtype_size(first->w.dtype), ROW_ALIGN);
    const size_t bytes = rounded(channels_of(step), FOV_GEMM_PAD_CHANNELS) * step->row_bytes;
    fov_status   st = make_constant(bytes, &host, err);
    if (st) return st;
    unsigned char *to = host;
    for (int i = 0; i < step->count; i++, to += (size_t)step->conv[i - 1]->cout * step->row_bytes)
        pack_rows(step->conv[i], step->row_bytes, to);
    return fov_cuda_constant_new(host, bytes, &step->weight, err);
}

static fov_status pack_channels(conv_step *step, fov_error *err)
{
    unsigned char *host;
    const size_t   bytes = channels_of(step) * sizeof(fov_end_channel);
    fov_status     st = make_constant(bytes, &host, err);
    if (st) return st;
    fov_end_channel *to = (fov_end_channel *)(void *)host;
    for (int i = 0; i < step->count; to += step->conv[i]->cout, i++) fov_end_channels(step->conv[i], to);
    return fov_cuda_constant_new(host, bytes, &step->channel, err);
}

/* Zero points for the product, as bytes; behind them the same as integers, which the direct kernel reads. */
static fov_status pack_pad(conv_step *step, fov_error *err)
{
    const fov_conv *conv = step->conv[0];
    const size_t    cin = (size_t)conv->cin, row = rounded(cin * fov_dtype_size(conv->x.dtype), CHUNK_BYTES);
    unsigned char  *host;
    const size_t    bytes = row + cin * sizeof(int32_t);
    fov_status      st = make_constant(bytes, &host, err);
    if (st) return st;
    for (size_t c = 0; c < cin && conv->x.dtype == FOV_U8; c++) {
        const int32_t zero_point = fov_quant_zero_point(conv->x.quant, (int64_t)c);
        host[c] = (unsigned char)zero_point;
        memcpy(host + row + c * sizeof zero_point, &zero_point, sizeof zero_point);
    }
    return fov_cuda_constant_new(host, bytes, &step->pad, err);
}

static fov_status pack(conv_step *step, fov_error *err)
{
    fov_status st = pack_weights(step, err);
    if (!st) st = pack_channels(step, err);
    return st ? st : pack_pad(step, err);
}

/* ---------------------------------------------------------------- recording */

/* What a step's kernels are given of the device. */
typedef struct placed {
    const void            *weight, *pad;
    const fov_end_channel *channel;
} placed;

static fov_status find_constants(const conv_step *step, const fov_cuda_device *device, placed *at, fov_error *err)
{
    const void *channel;
    fov_status  st = fov_cuda_constant_on(step->weight, device, &at->weight, err);
    if (!st) st = fov_cuda_constant_on(step->pad, device, &at->pad, err);
    if (!st) st = fov_cuda_constant_on(step->channel, device, &channel, err);
    if (!st) at->channel = channel;
    return st;
}

/* Chunks of 16 bytes of a pixel lie where they can be copied as one. */
static bool in_chunks(const fov_pixels *x)
{
    return (uintptr_t)x->bytes % CHUNK_BYTES == 0 && x->ld * x->size % CHUNK_BYTES == 0 && x->c * x->size % CHUNK_BYTES == 0;
}

/* What kernels count in 32 bits: bytes of a pixel and of a row of weights. */
static bool fits_counters(const conv_step *step, const fov_conv_shape *shape)
{
    return shape->x.ld <= INT32_MAX / shape->x.size && step->row_bytes <= INT32_MAX && shape->y.ld <= INT32_MAX;
}

static bool takes_product(const conv_step *step, const fov_conv_shape *shape, const fov_cuda_device *device)
{
    enum { MOST_PIXELS = INT32_MAX - 4096 /* so that those of the last tile can be numbered */ };
    const int64_t *kernel = shape->window.kernel;
    if (!step->type || !in_chunks(&shape->x) || shape->y.n * shape->y.h * shape->y.w > MOST_PIXELS) return false;
    if (kernel[0] > FOV_GEMM_MOST_TAPS || kernel[1] > FOV_GEMM_MOST_TAPS) return false;
    return device->capability >= 80 || !strcmp(step->type, "f16") || !strcmp(step->type, "u8");
}

/* By at most 2^31. */
static fov_divisor divisor_of(int32_t by)
{
    fov_divisor d = {.shift = 0};
    while ((int64_t)1 << d.shift < by) d.shift++;
    d.magic = (uint32_t)(((uint64_t)1 << 32) * (((uint64_t)1 << d.shift) - (uint64_t)by) / (uint64_t)by + 1);
    return d;
}

static fov_status record_product(const conv_step *step, const fov_conv_shape *shape, const placed *at, const fov_end *end,
                                 fov_recorder *recorder, fov_error *err)
{
    const fov_window *window = &shape->window;
    const fov_pixels *x = &shape->x;
    return fov_record_gemm(recorder, step->type,
                           &(fov_gemm_problem){.x = x->bytes,
                                               .pad = at->pad,
                                               .weight = at->weight,
                                               .end = *end,
                                               .columns = divisor_of(end->columns),
                                               .image = divisor_of(end->rows * end->columns),
                                               .pixels = (int32_t)(x->n * end->rows * end->columns),
                                               .x_rows = (int32_t)x->h,
                                               .x_columns = (int32_t)x->w,
                                               .x_ld_bytes = (int32_t)(x->ld * x->size),
                                               .tap_chunks = (int32_t)(x->c * x->size / CHUNK_BYTES),
                                               .taps = (int32_t)(window->kernel[0] * window->kernel[1]),
                                               .taps_across = (int32_t)window->kernel[1],
                                               .stride_y = (int32_t)window->stride[0],
                                               .stride_x = (int32_t)window->stride[1],
                                               .pad_top = (int32_t)window->pad_top,
                                               .pad_left = (int32_t)window->pad_left,
                                               .dilation_y = (int32_t)window->dilation[0],
                                               .dilation_x = (int32_t)window->dilation[1],
                                               .k_bytes = (int32_t)(window->kernel[0] * window->kernel[1] * x->c * x->size),
                                               .k_pitch = (int32_t)step->row_bytes},
                           err);
}

static fov_status record_direct(const conv_step *step, const fov_conv_shape *shape, const placed *at, const fov_end *end,
                                fov_recorder *recorder, fov_error *err)
{
    const fov_conv   *conv = step->conv[0];
    const fov_window *window = &shape->window;
    const fov_pixels *x = &shape->x;
    const size_t      pad_bytes = rounded((size_t)conv->cin * fov_dtype_size(conv->x.dtype), CHUNK_BYTES);
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

static fov_status record(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                         fov_error *err)
{
    const conv_step       *step = impl;
    const fov_cuda_device *device = fov_recorder_device(recorder);
    fov_conv_shape         shape;
    placed                 at;
    fov_status             st = FOV_OK;
    (void)scratch;
    for (int i = step->count - 1; i >= 0 && !st; i--) st = fov_conv_shape_read(step->conv[i], in, &out[i], &shape, err);
    if (!st && !fits_counters(step, &shape))
        st = fov_fail(err, FOV_ERR_LIMIT, "Conv '%.200s' has too many channels for a GPU; run this model with --backend cpu",
                      step->conv[0]->node->name);
    if (!st) st = find_constants(step, device, &at, err);
    if (st) return st;
    const fov_end end = fov_end_of(step->conv, step->count, at.channel, in, out);
    return (takes_product(step, &shape, device) ? record_product : record_direct)(step, &shape, &at, &end, recorder, err);
}

/* ---------------------------------------------------------------- lowering */

static const char *type_of(const fov_conv *conv)
{
    if (conv->group != 1) return NULL;
    if (fov_conv_takes_int8(conv)) return "u8";
    if (conv->x.dtype != conv->w.dtype) return NULL;
    return conv->x.dtype == FOV_F16 ? "f16" : conv->x.dtype == FOV_BF16 ? "bf16" : "f32";
}

static void name_step(conv_step *step)
{
    const fov_conv *conv = step->conv[0];
    snprintf(step->name, sizeof step->name, "conv%tdx%td_%s_%s%s", conv->kh, conv->kw, fov_dtype_name(conv->x.dtype),
             step->type ? "tensor" : "direct", step->count > 1 ? "_joint" : "");
}

static fov_status finish(conv_step *step, fov_lowered *out, fov_error *err)
{
    fov_status st = pack(step, err);
    if (st) {
        step_free(step);
        return st;
    }
    name_step(step);
    *out = (fov_lowered){.kernel = step->name,
                         .bytes = rounded(channels_of(step), FOV_GEMM_PAD_CHANNELS) * step->row_bytes,
                         .impl = step,
                         .packed = true,
                         .kin = step->count == 1 && step->type && !step->own.has_residual ? step : NULL,
                         .record = record,
                         .free = step_free};
    return FOV_OK;
}

fov_status fov_cuda_conv(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    conv_step *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered node");
    if (!fov_conv_read(graph, node, &step->own)) {
        fov_free(step);
        return fov_cuda_refuse(node, err, "a convolution whose weights are no constants, or of such types, does not run");
    }
    step->count = 1;
    step->conv[0] = &step->own;
    step->type = type_of(&step->own);
    return finish(step, out, err);
}

/* ---------------------------------------------------------------- several of one input */

bool fov_cuda_conv_alike(const fov_lowered *a, const fov_lowered *b)
{
    const conv_step *x = a->kin, *y = b->kin;
    return x && y && !strcmp(x->type, y->type) && fov_conv_same_window(&x->own, &y->own);
}

/* The rows of all, one after the other: those that each has packed already. */
static fov_status join_weights(conv_step *joint, const fov_lowered *const *nodes, fov_error *err)
{
    const size_t   bytes = rounded(channels_of(joint), FOV_GEMM_PAD_CHANNELS) * joint->row_bytes;
    unsigned char *host;
    fov_status     st = make_constant(bytes, &host, err);
    if (st) return st;
    unsigned char *to = host;
    for (int i = 0; i < joint->count; i++) {
        const conv_step *step = nodes[i]->impl;
        const size_t     part = (size_t)step->own.cout * joint->row_bytes;
        memcpy(to, fov_cuda_constant_host(step->weight), part);
        to += part;
    }
    return fov_cuda_constant_new(host, bytes, &joint->weight, err);
}

static fov_status join_channels(conv_step *joint, const fov_lowered *const *nodes, fov_error *err)
{
    const size_t   bytes = channels_of(joint) * sizeof(fov_end_channel);
    unsigned char *host;
    fov_status     st = make_constant(bytes, &host, err);
    if (st) return st;
    unsigned char *to = host;
    for (int i = 0; i < joint->count; i++) {
        const conv_step *step = nodes[i]->impl;
        const size_t     part = (size_t)step->own.cout * sizeof(fov_end_channel);
        memcpy(to, fov_cuda_constant_host(step->channel), part);
        to += part;
    }
    return fov_cuda_constant_new(host, bytes, &joint->channel, err);
}

fov_status fov_cuda_conv_join(const fov_lowered *const *nodes, int count, fov_lowered *out, fov_error *err)
{
    const conv_step *first = nodes[0]->impl;
    conv_step       *joint = fov_calloc(1, sizeof *joint);
    if (!joint) return fov_fail_memory(err, "a lowered node");
    joint->count = count;
    joint->type = first->type;
    joint->row_bytes = first->row_bytes;
    for (int i = 0; i < count; i++) joint->conv[i] = &((const conv_step *)nodes[i]->impl)->own;
    fov_status st = join_weights(joint, nodes, err);
    if (!st) st = join_channels(joint, nodes, err);
    if (!st) st = pack_pad(joint, err);
    if (st) {
        step_free(joint);
        return st;
    }
    name_step(joint);
    *out = (fov_lowered){.kernel = joint->name, .impl = joint, .record = record, .free = step_free};
    return FOV_OK;
}
