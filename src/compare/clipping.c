// SPDX-License-Identifier: MIT
#include "compare/clipping.h"

#include <math.h>

static double real_of(const fov_quant *quant, int c, int code)
{
    return ((double)code - fov_quant_zero_point(quant, c)) * (double)fov_quant_scale(quant, c);
}

void fov_clipping_init(fov_clipping *clipping, const fov_quant *quant)
{
    *clipping = (fov_clipping){.per_channel = quant->count > 1, .seen_lo = INFINITY, .seen_hi = -INFINITY};
    for (int c = 0; c < quant->count; c++) {
        clipping->lo = fmin(clipping->lo, real_of(quant, c, 0));
        clipping->hi = fmax(clipping->hi, real_of(quant, c, FOV_CLIP_LAST_CODE));
    }
}

/* NaN goes to the first bin. */
static int bin_of(float code)
{
    const float place = (code - FOV_CLIP_FIRST) / FOV_CLIP_CODES;
    return place >= FOV_CLIP_BINS ? FOV_CLIP_BINS - 1 : place > 0 ? (int)place : 0;
}

void fov_clipping_add(fov_clipping *clipping, const float *values, int64_t pixels, int channels, const float *to_code,
                      const float *zero)
{
    for (int64_t i = 0; i < pixels; i++, values += channels)
        for (int c = 0; c < channels; c++) {
            const float code = values[c] * to_code[c] + zero[c];
            clipping->bin[bin_of(code)]++;
            /* What rounds to the first or last integer is not clipped. */
            clipping->clipped += !(code >= -0.5F && code <= FOV_CLIP_LAST_CODE + 0.5F);
            if (code < clipping->seen_lo) clipping->seen_lo = code;
            if (code > clipping->seen_hi) clipping->seen_hi = code;
        }
    clipping->total += (size_t)pixels * (size_t)channels;
}
