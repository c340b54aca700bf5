// SPDX-License-Identifier: MIT
/* Winograd's F(4x4, 3x3) in integers, with the same results to the bit as the sums it replaces.
 *
 * With the points 0, +-1, +-2 and infinity, in one dimension, of an input d of bytes and a filter g:
 *
 *     v0 = 4 d0 - 5 d2 + d4                            u0 = 6 g0
 *     v1, v2 = (d4 - 4 d2) +- (d3 - 4 d1)              u1, u2 = g0 +- g1 + g2
 *     v3, v4 = (d4 - d2) +- 2 (d3 - d1)                u3, u4 = g0 +- 2 g1 + 4 g2
 *     v5 = 4 d1 - 5 d3 + d5                            u5 = 6 g2
 *
 *     24 y0 = m0 - 4 (m1 + m2) + (m3 + m4)             12 y1 = (m3 - m4) - 2 (m1 - m2)
 *      6 y2 = (m3 + m4) - (m1 + m2)                     6 y3 = 2 (m3 - m4) - (m1 - m2) + m5
 *
 * There are no fractions. In two dimensions |v| <= 12750 and |u| <= 49 * 128: both fit 16 bits, and a pair of their products fits
 * 32. Sums of many need not: everything after the products is linear and computed modulo 2^32, where 9 has an inverse, so that
 * (3 * 2^a) * (3 * 2^b) y gives 2^(a+b) y modulo 2^32, and a shift y itself, if y has 32 - 6 bits: fov_winograd_int8_fits(). */
#ifndef FOVEA_BACKEND_CPU_WINOGRAD_INT8_H
#define FOVEA_BACKEND_CPU_WINOGRAD_INT8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 9 times this is 1 modulo 2^32. */
#define FOV_WINOGRAD_INVERSE_9 0x38e38e39U

/** Powers of two in the factors of y0 .. y3. */
static inline int fov_winograd_int8_shift(int i)
{
    return i == 0 ? 3 : i == 1 ? 2 : 1;
}

/** Any input of bytes makes results of 26 bits. @param w all weights of an output channel */
static inline bool fov_winograd_int8_fits(const int8_t *w, ptrdiff_t count)
{
    int64_t positive = 0, negative = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (w[i] > 0) positive += w[i];
        else negative -= w[i];
    }
    return positive * UINT8_MAX < 1 << 25 && negative * UINT8_MAX <= 1 << 25;
}

#endif
