// SPDX-License-Identifier: MIT
/* Ranges that were expected, checked against what a photo shows. */
#include "quant/ranges.h"

#include <math.h>
#include <stdio.h>

static void widen(fov_range *range, const fov_range *seen)
{
    range->lo = fminf(range->lo, seen->lo);
    range->hi = fmaxf(range->hi, seen->hi);
    if (range->channels != seen->channels) return;
    for (int c = 0; c < range->channels; c++) {
        range->channel_lo[c] = fminf(range->channel_lo[c], seen->channel_lo[c]);
        range->channel_hi[c] = fmaxf(range->channel_hi[c], seen->channel_hi[c]);
    }
}

void fov_calibration_widen(struct fov_calibration *ranges, const struct fov_calibration *seen)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const fov_range *other = fov_range_find(seen, ranges->range[i].name);
        if (other) widen(&ranges->range[i], other);
    }
    snprintf(ranges->method, sizeof ranges->method, "data-free, checked");
}
