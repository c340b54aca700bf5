// SPDX-License-Identifier: MIT
#include "backend/cpu/conv_end.h"

#include "backend/cpu/storage.h"
#include "base/alloc.h"

#include <stdlib.h>

enum { COLUMNS_PAD = 64 }; /* floats that arrays by channel have more than channels: vectors begin at any of them */

/* By output channel, again from the first on behind the last. No bias is -0, which changes no float that it is added to. */
static void fill_channels(fov_conv_end *end, const fov_conv *conv)
{
    for (ptrdiff_t i = 0; i < conv->cout + COLUMNS_PAD; i++) {
        const ptrdiff_t c = i % conv->cout;
        end->scale[i] = end->integer ? fov_quant_scale(conv->w.quant, c) : 1;
        end->bias[i] = conv->bias ? conv->bias[c] : -0.0F;
    }
}

/* The largest magnitude that sums of a channel, times its scale, and the residual can have together. */
static float reach_of(const fov_conv_end *end, const fov_conv *conv, ptrdiff_t channel)
{
    const ptrdiff_t count = conv->cin / conv->group * conv->kh * conv->kw;
    const int8_t   *w = conv->weight_i8 + channel * count;
    float           sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += (float)abs(w[i]);
    sum *= UINT8_MAX * end->scale[channel];
    if (conv->has_residual) sum += UINT8_MAX * fov_quant_scale(conv->residual.quant, channel);
    return sum;
}

/* Whether fov_gemm_end_call.plain holds for all channels. */
static bool is_plain(const fov_conv_end *end, const fov_conv *conv)
{
    bool plain = end->integer && (!conv->has_residual || conv->residual.dtype == FOV_U8);
    for (ptrdiff_t c = 0; c < conv->cout && plain; c++)
        plain = fov_gemm_end_is_plain((size_t)c, end->slope, reach_of(end, conv, c), end->bias[c], &end->out);
    return plain;
}

static fov_status read_storage(fov_conv_end *end, const fov_conv *conv, fov_error *err)
{
    fov_status st = fov_storage_init(&end->out, conv->y.dtype, conv->y.quant, 1, err);
    if (st || !conv->has_residual) return st;
    return fov_storage_init(&end->residual, conv->residual.dtype, conv->residual.quant, 1, err);
}

fov_status fov_conv_end_init(fov_conv_end *end, const fov_conv *conv, const fov_kernels *kernels, fov_error *err)
{
    const size_t floats = ((size_t)conv->cout + COLUMNS_PAD + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
    *end = (fov_conv_end){.kernel = kernels->gemm_end,
                          .channels = conv->cout,
                          .integer = fov_conv_takes_int8(conv),
                          .residual_after = conv->fused.residual_after,
                          .slope = conv->fused.slope};
    fov_status st = read_storage(end, conv, err);
    if (st) return st;
    if (!(end->scale = fov_alloc_aligned(2 * floats * sizeof(float)))) return fov_fail_memory(err, "packed weights");
    end->bias = end->scale + floats;
    fill_channels(end, conv);
    end->plain = is_plain(end, conv);
    return FOV_OK;
}

void fov_conv_end_free(fov_conv_end *end)
{
    fov_storage_free(&end->out);
    fov_storage_free(&end->residual);
    fov_free_aligned(end->scale);
}

void fov_conv_end_run(const fov_conv_end *end, const fov_conv_shape *shape, const fov_conv_end_block *block)
{
    end->kernel.run(&(fov_gemm_end_call){.m = block->m,
                                         .n = block->n,
                                         .channel = block->channel,
                                         .channels = end->channels,
                                         .plain = end->plain,
                                         .sum = block->sum,
                                         .ldsum = block->ldsum,
                                         .scale = end->integer ? end->scale : NULL,
                                         .bias = end->bias,
                                         .out = &end->out,
                                         .residual_storage = &end->residual,
                                         .c = block->c,
                                         .ldc = shape->y.ld * shape->y.size,
                                         .residual = block->residual,
                                         .residual_after = end->residual_after,
                                         .slope = end->slope});
}
