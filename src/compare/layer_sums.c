// SPDX-License-Identifier: MIT
/* One layer's numbers: sums by channel, and what they come to. */
#include "base/alloc.h"
#include "compare/layers.h"

#include <math.h>

enum { AA, AB, BB, EE, N_SUM };

static double *sums(const fov_layer *layer, int which)
{
    return layer->sum + (ptrdiff_t)which * layer->channels;
}

fov_status fov_layer_reserve(fov_layer *layer, const fov_view *b, fov_error *err)
{
    const int channels = (int)b->shape.dim[1];
    if (layer->channels == channels) return FOV_OK;
    layer->sum = fov_calloc((size_t)channels, N_SUM * sizeof *layer->sum);
    layer->peak = fov_calloc((size_t)channels, sizeof *layer->peak);
    if (b->dtype == FOV_U8 && b->quant) {
        layer->clipping = fov_calloc(1, sizeof *layer->clipping);
        if (layer->clipping) fov_clipping_init(layer->clipping, b->quant);
    }
    if (!layer->sum || !layer->peak || (b->dtype == FOV_U8 && b->quant && !layer->clipping))
        return fov_fail_memory(err, "comparing layers");
    layer->channels = channels;
    return FOV_OK;
}

static void add_pixel(const float *restrict a, const float *restrict b, int n, double *restrict aa, double *restrict ab,
                      double *restrict bb, double *restrict ee, float *restrict peak)
{
    for (int c = 0; c < n; c++) {
        const double x = (double)a[c], y = (double)b[c], e = x - y;
        const float  d = fabsf(a[c] - b[c]);
        aa[c] += x * x;
        ab[c] += x * y;
        bb[c] += y * y;
        ee[c] += e * e;
        peak[c] = d > peak[c] ? d : peak[c];
    }
}

void fov_layer_add(fov_layer *layer, const float *a, const float *b, int64_t pixels)
{
    const int n = layer->channels;
    for (int64_t i = 0; i < pixels; i++)
        add_pixel(a + i * n, b + i * n, n, sums(layer, AA), sums(layer, AB), sums(layer, BB), sums(layer, EE), layer->peak);
}

/* Equalisation and repair make channels larger or smaller and later layers make up for it. A channel that looks the same but for
 * its scale, and that by more than any rounding explains, was rescaled; by an exact power of two when it is near one. */
double fov_layer_gain(const fov_layer *layer, int c)
{
    const double aa = sums(layer, AA)[c], ab = sums(layer, AB)[c], bb = sums(layer, BB)[c];
    if (!(aa > 0) || !(bb > 0) || !(ab > 0.95 * sqrt(aa) * sqrt(bb))) return 1;
    const double gain = ab / bb, octaves = log2(gain), nearest = rint(octaves);
    if (!(fabs(octaves) > 0.25)) return 1;
    return fabs(octaves - nearest) < 0.05 ? exp2(nearest) : gain;
}

/* The sums were made without the gain; squares of nearly equal numbers cancel down to their rounding. */
static double rescaled_noise(const fov_layer *layer, int c, double gain)
{
    const double aa = sums(layer, AA)[c], ab = sums(layer, AB)[c], bb = sums(layer, BB)[c];
    return fmax(aa - 2 * gain * ab + gain * gain * bb, aa * 1e-15);
}

static double decibels(double signal, double noise)
{
    if (!isfinite(signal) || !isfinite(noise) || !(signal > 0)) return FOV_SNR_WORST;
    return fmax(10 * log10(signal / noise), FOV_SNR_WORST);
}

void fov_layer_finish(fov_layer *layer)
{
    double aa = 0, ab = 0, bb = 0, noise = 0;
    layer->max = 0;
    layer->rescaled = 0;
    for (int c = 0; c < layer->channels; c++) {
        const double gain = fov_layer_gain(layer, c);
        aa += sums(layer, AA)[c];
        ab += gain * sums(layer, AB)[c];
        bb += gain * gain * sums(layer, BB)[c];
        noise += gain == 1 ? sums(layer, EE)[c] : rescaled_noise(layer, c, gain);
        layer->rescaled += gain != 1;
        if (gain == 1) layer->max = fmax(layer->max, (double)layer->peak[c]);
    }
    layer->identical = noise == 0;
    layer->snr_db = layer->identical ? -FOV_SNR_WORST : decibels(aa, noise);
    layer->cosine = layer->identical ? 1 : aa > 0 && bb > 0 ? ab / (sqrt(aa) * sqrt(bb)) : 0;
    if (!isfinite(layer->cosine)) layer->cosine = 0;
}
