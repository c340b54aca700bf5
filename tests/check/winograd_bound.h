// SPDX-License-Identifier: MIT
/* How far the sums of Winograd's F(4x4, 3x3) may be from exact ones, from the interpolation points alone.
 *
 * y = A^T [sum over c of (G w G^T) * (B^T d B)] A. A computed sum of products, in any order, is off by at most n u times the sum of
 * their magnitudes, n the roundings that a term passes through and u = 2^-24. So y is off by at most n u times
 *     W = |A|^T [sum over c of (|G| |w| |G|^T) * (|B|^T |d| |B|)] |A|
 * A term is rounded twice in each of two passes to v, once in u, cin times in the products, at most 3 times in each of two passes
 * to y, and 3 times for bias, residual and activation: n = cin + 14. */
#ifndef FOVEA_TESTS_WINOGRAD_BOUND_H
#define FOVEA_TESTS_WINOGRAD_BOUND_H

#include "graph/graph.h"

/** B^T (6x6), G (6x3) and A^T (4x6), made from the points by the formulas of Toom and Cook, not by those that kernels use. */
typedef struct winograd_matrices {
    double bt[6][6], g[6][3], at[4][6];
} winograd_matrices;

winograd_matrices winograd_matrices_of_points(void);

/** n of above. */
size_t winograd_roundings(int64_t cin);

/** Add W of a Conv to every element of `magnitude`, which is dense. */
void winograd_add_magnitudes(const fov_view *x, const fov_view *w, const fov_node *node, fov_view *magnitude);

#endif
