// SPDX-License-Identifier: MIT
#include "quant/choose.h"

#include <math.h>

/* How far from zero, in widths, one may go in one direction until what lies beyond is no more than `allowed` numbers. Within a bin
 * numbers are taken to lie evenly. `step` is 1 for the positive side, -1 for the negative. */
static double reach(const uint64_t *nearest, int step, double allowed)
{
    double beyond = 0;
    for (int k = FOV_HISTOGRAM_SIDE - 1; k >= 0; k--) {
        const double here = (double)nearest[(ptrdiff_t)k * step];
        if (beyond + here > allowed) return k + 1 - (allowed - beyond) / here;
        beyond += here;
    }
    return 0;
}

fov_status fov_choose_percentile(const fov_histogram *histogram, double percent, float *lo, float *hi, fov_error *err)
{
    (void)err; /* the others need memory */
    const double allowed = (double)fov_histogram_total(histogram) * (100 - percent) / 100, width = fov_histogram_width(histogram);
    const uint64_t *up = histogram->bin + FOV_HISTOGRAM_SIDE, *down = up - 1;
    *hi = (float)fmin(reach(up, 1, allowed) * width, (double)histogram->hi);
    *lo = (float)fmax(-reach(down, -1, allowed) * width, (double)histogram->lo);
    return FOV_OK;
}
