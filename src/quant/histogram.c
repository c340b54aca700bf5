// SPDX-License-Identifier: MIT
#include "quant/histogram.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* 2^60 and 2^-115 are normal floats: multiplying with the reciprocal of a width is exact, or underflows to the same bin. */
enum { SIDE = FOV_HISTOGRAM_SIDE, LEAST_EXPONENT = -60, BLOCK = 256 };

fov_status fov_histogram_init(fov_histogram *histogram, fov_error *err)
{
    *histogram = (fov_histogram){.exponent = LEAST_EXPONENT};
    histogram->bin = fov_calloc(FOV_HISTOGRAM_BINS, sizeof *histogram->bin);
    return histogram->bin ? FOV_OK : fov_fail_memory(err, "a histogram");
}

void fov_histogram_clear(fov_histogram *histogram)
{
    fov_free(histogram->bin);
    *histogram = (fov_histogram){0};
}

void fov_histogram_reset(fov_histogram *histogram)
{
    memset(histogram->bin, 0, FOV_HISTOGRAM_BINS * sizeof *histogram->bin);
    *histogram = (fov_histogram){.exponent = LEAST_EXPONENT, .bin = histogram->bin};
}

double fov_histogram_width(const fov_histogram *histogram)
{
    return ldexp(1, histogram->exponent);
}

/* Bins `times` doublings wider: on both sides bin k goes to k >> times. */
static void widen(fov_histogram *histogram, int times)
{
    uint64_t *up = histogram->bin + SIDE, *down = histogram->bin + SIDE - 1;
    histogram->exponent += times;
    for (int k = 1; k < SIDE; k++) {
        const int      to = times < 14 ? k >> times : 0;
        const uint64_t positive = up[k], negative = down[-k];
        up[k] = down[-k] = 0;
        up[to] += positive;
        down[-to] += negative;
    }
}

void fov_histogram_cover(fov_histogram *histogram, float lo, float hi)
{
    const double most = fmax(fabs((double)lo), fabs((double)hi));
    int          needed;
    if (lo < histogram->lo) histogram->lo = lo;
    if (hi > histogram->hi) histogram->hi = hi;
    frexp(most / SIDE, &needed); /* most / SIDE < 2^needed */
    if (most > 0 && needed > histogram->exponent) widen(histogram, needed - histogram->exponent);
}

size_t fov_histogram_count(const fov_histogram *histogram, const float *x, size_t count, uint32_t *bin)
{
    const float inverse = ldexpf(1, -histogram->exponent);
    size_t      zeros = 0;
    for (size_t start = 0; start < count; start += BLOCK) {
        const float *block = x + start;
        const int    n = count - start < BLOCK ? (int)(count - start) : BLOCK;
        int32_t      at[BLOCK], zero = 0;
        for (int i = 0; i < n; i++) {
            const int32_t k = (int32_t)(fabsf(block[i]) * inverse);
            at[i] = block[i] < 0 ? SIDE - 1 - k : SIDE + k;
            zero += block[i] == 0;
        }
        for (int i = 0; i < n; i++) bin[at[i]]++;
        zeros += (size_t)zero;
    }
    return zeros;
}

void fov_histogram_take(fov_histogram *histogram, const uint32_t *bin, uint64_t zeros)
{
    for (int i = 0; i < FOV_HISTOGRAM_BINS; i++) histogram->bin[i] += bin[i];
    histogram->bin[SIDE] -= zeros;
    histogram->zeros += zeros;
}

void fov_histogram_merge(fov_histogram *histogram, const fov_histogram *from)
{
    fov_histogram_cover(histogram, from->lo, from->hi);
    const int shift = histogram->exponent - from->exponent; /* >= 0: both reach just as far as they must */
    for (int k = 0; k < SIDE; k++) {
        const int to = shift < 14 ? k >> shift : 0;
        histogram->bin[SIDE + to] += from->bin[SIDE + k];
        histogram->bin[SIDE - 1 - to] += from->bin[SIDE - 1 - k];
    }
    histogram->zeros += from->zeros;
}

uint64_t fov_histogram_total(const fov_histogram *histogram)
{
    uint64_t total = histogram->zeros;
    for (int i = 0; i < FOV_HISTOGRAM_BINS; i++) total += histogram->bin[i];
    return total;
}
