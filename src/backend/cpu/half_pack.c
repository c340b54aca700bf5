// SPDX-License-Identifier: MIT
#include "backend/cpu/half_pack.h"

#include "backend/cpu/kernels.h"

#include <math.h>

void fov_half_reach_add(fov_half_reach *reach, size_t group, size_t place, float weight)
{
    const size_t run = group / FOV_HALF_RUN;
    if (run != reach->run) *reach = (fov_half_reach){.run = run, .most = reach->most};
    reach->sum[place] += fabs((double)weight);
    if (reach->sum[place] > reach->most || isnan(reach->sum[place])) reach->most = reach->sum[place]; /* no number stays */
}

float fov_half_scale(const fov_half_reach *reach)
{
    int exponent;
    if (!(reach->most > 0 && isfinite(reach->most))) return 1;
    frexp(reach->most, &exponent);
    return ldexpf(1, -exponent - 1);
}
