// SPDX-License-Identifier: MIT
#include "backend/cuda/conv_end.h"

enum { RESIDUAL = 3 /* input of a fused Conv */ };

void fov_end_channels(const fov_conv *conv, fov_end_channel *channel)
{
    const bool integers = fov_conv_takes_int8(conv);
    for (ptrdiff_t c = 0; c < conv->cout; c++) {
        channel[c] = (fov_end_channel){.scale = integers ? fov_quant_scale(conv->w.quant, c) : 1,
                                       .bias = conv->bias ? conv->bias[c] : 0,
                                       .slope = conv->fused.slope,
                                       .start = integers ? fov_conv_int8_start(conv, c) : 0};
        if (conv->y.dtype == FOV_U8) {
            channel[c].inverse_scale = 1.0F / fov_quant_scale(conv->y.quant, c);
            channel[c].zero_point = fov_quant_zero_point(conv->y.quant, c);
        }
        if (conv->has_residual && conv->residual.dtype == FOV_U8) {
            channel[c].residual_scale = fov_quant_scale(conv->residual.quant, c);
            channel[c].residual_zero_point = fov_quant_zero_point(conv->residual.quant, c);
        }
    }
}

static bool fits(const void *data, int64_t ld, fov_dtype dtype, int width)
{
    const size_t bytes = (size_t)width * fov_dtype_size(dtype), aligned = bytes < 16 ? bytes : 16;
    return (uintptr_t)data % aligned == 0 && ld % width == 0;
}

/* The most channels that are stored as one everywhere. */
static int vector_of(const fov_end *end, int outputs)
{
    for (int width = 8; width > 1; width /= 2) {
        bool fit = width != 2;
        for (int i = 0; i < outputs && fit; i++) {
            const fov_end_output *o = &end->output[i];
            const int             behind = i + 1 < outputs ? end->output[i + 1].first_channel : end->channels;
            fit = o->first_channel % width == 0 && behind % width == 0 && fits(o->data, o->ld, (fov_dtype)o->dtype, width);
        }
        if (end->residual) fit = fit && fits(end->residual, end->residual_ld, (fov_dtype)end->residual_dtype, width);
        if (fit) return width;
    }
    return 1;
}

static void set_residual(fov_end *end, const fov_conv *conv, const fov_view *view)
{
    fov_pixels pixels;
    if (!conv->has_residual || !fov_pixels_of_any(view, &pixels)) return;
    end->residual = pixels.bytes;
    end->residual_at = conv->fused.residual_after ? FOV_END_RESIDUAL_AFTER : FOV_END_RESIDUAL_BEFORE;
    end->residual_dtype = (int32_t)pixels.dtype;
    end->residual_ld = (int32_t)pixels.ld;
    end->residual_upsample = conv->fused.residual_scale;
}

fov_end fov_end_of(const fov_conv *const *conv, int count, const fov_end_channel *channel, const fov_view *const *in,
                   const fov_view *out)
{
    fov_end end = {.channel = channel, .residual_upsample = 1};
    for (int i = 0; i < count; i++) {
        fov_pixels pixels;
        if (!fov_pixels_of_any(&out[i], &pixels)) continue;
        end.output[i] = (fov_end_output){pixels.bytes, (int32_t)pixels.ld, (int32_t)pixels.dtype, end.channels};
        end.channels += (int32_t)conv[i]->cout;
        end.rows = (int32_t)pixels.h;
        end.columns = (int32_t)pixels.w;
    }
    for (int i = count; i < FOV_END_OUTPUTS; i++) end.output[i].first_channel = end.channels;
    set_residual(&end, conv[0], in[RESIDUAL < conv[0]->node->n_in ? RESIDUAL : 0]);
    end.vector = vector_of(&end, count);
    return end;
}
