// SPDX-License-Identifier: MIT
#include "half_sum.h"

#include "backend/cpu/kernels.h"
#include "base/half.h"

#include <math.h>
#include <string.h>

enum { DOUBLE_TO_HALF = 42 /* digits that a half has less */ };

/* a + b, the last digit of which is 1 where digits behind it were lost: to be rounded again as if they were there. */
static double add_to_odd(double a, double b)
{
    const double sum = a + b, part = sum - a, lost = (a - (sum - part)) + (b - part);
    uint64_t     bits;
    memcpy(&bits, &sum, sizeof bits);
    if (lost == 0 || !isfinite(sum) || bits & 1) return sum;
    return nextafter(sum, lost > 0 ? INFINITY : -INFINITY);
}

/* Rounded once: of normal halves digits are added up as integers are, others are multiples of 2^-24. */
static uint16_t half_from_double(double v)
{
    if (!isfinite(v) || fabs(v) >= 65520) return fov_half_from_float((float)v);
    if (fabs(v) < 0x1p-14) return fov_half_from_float((float)(nearbyint(v * 0x1p24) * 0x1p-24));
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits += ((uint64_t)1 << (DOUBLE_TO_HALF - 1)) - 1 + (bits >> DOUBLE_TO_HALF & 1);
    bits = bits >> DOUBLE_TO_HALF << DOUBLE_TO_HALF;
    memcpy(&v, &bits, sizeof v);
    return fov_half_from_float((float)v);
}

uint16_t half_fma(uint16_t a, uint16_t b, uint16_t c)
{
    const double product = (double)fov_float_from_half(a) * (double)fov_float_from_half(b); /* 22 digits: exact */
    return half_from_double(add_to_odd(product, (double)fov_float_from_half(c)));
}

void half_sum_add(half_sum *sum, const uint16_t *a, const uint16_t *w)
{
    if (sum->group && sum->group % FOV_HALF_RUN == 0)
        for (int i = 0; i < 2; i++) {
            sum->whole[i] += fov_float_from_half(sum->run[i]);
            sum->run[i] = 0;
        }
    for (int i = 0; i < 2; i++) {
        const double x = (double)fov_float_from_half(a[i]), term = x * (double)fov_float_from_half(w[i]);
        sum->run[i] = half_fma(a[i], w[i], sum->run[i]);
        sum->exact += term;
        sum->magnitudes += fabs(term);
        sum->inputs += 1 + fabs(x);
    }
    sum->group++;
}

float half_sum_of(const half_sum *sum, float factor)
{
    const float even = sum->whole[0] + fov_float_from_half(sum->run[0]), odd = sum->whole[1] + fov_float_from_half(sum->run[1]);
    return (even + odd) * factor;
}

double half_sum_bound(size_t groups, double magnitudes, double inputs, double factor)
{
    const double chain = pow(1 + 0x1p-11, FOV_HALF_RUN), floats = (double)(groups / FOV_HALF_RUN + 4) * 0x1p-24;
    return (chain - 1 + 2 * floats) * magnitudes + 2 * chain * 0x1p-25 * factor * inputs;
}
