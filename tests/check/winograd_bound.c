// SPDX-License-Identifier: MIT
#include "winograd_bound.h"

#include "backend/cpu/winograd.h"

#include <math.h>
#include <stdlib.h>

enum { IN = 6, OUT = 4, FINITE = 5 };

winograd_matrices winograd_matrices_of_points(void)
{
    const double      a = (double)FOV_WINOGRAD_A, b = (double)FOV_WINOGRAD_B, point[FINITE] = {0, a, -a, b, -b};
    winograd_matrices m = {0};
    m.g[FINITE][2] = m.at[OUT - 1][FINITE] = 1;
    for (int row = 0; row < IN; row++) {
        double f = 1, *line = m.bt[row]; /* coefficients of the product of (x - point) of all finite points but this */
        line[0] = 1;
        for (int p = 0; p < FINITE; p++) {
            if (p == row) continue;
            for (int i = IN - 1; i >= 0; i--) line[i] = (i > 0 ? line[i - 1] : 0) - point[p] * line[i];
            if (row < FINITE) f *= point[row] - point[p];
        }
        for (int i = 0; i < 3 && row < FINITE; i++) m.g[row][i] = pow(point[row], i) / f;
        for (int i = 0; i < OUT && row < FINITE; i++) m.at[i][row] = pow(point[row], i);
    }
    return m;
}

size_t winograd_roundings(int64_t cin)
{
    return (size_t)cin + 14;
}

/* |G| |w| |G|^T of all filters: [cout][cin][6][6]. */
static double *filter_magnitudes(const winograd_matrices *m, const fov_view *w)
{
    const int64_t filters = w->shape.dim[0] * w->shape.dim[1];
    double       *u = calloc((size_t)filters * IN * IN, sizeof *u);
    if (!u) abort();
    for (int64_t f = 0; f < filters; f++)
        for (int t = 0; t < 9; t++) {
            const int64_t at[] = {f / w->shape.dim[1], f % w->shape.dim[1], t / 3, t % 3};
            const double  weight = (double)fov_view_load_one(w, at);
            for (int i = 0; i < IN * IN; i++) u[f * IN * IN + i] += fabs(m->g[i / IN][t / 3] * m->g[i % IN][t % 3] * weight);
        }
    return u;
}

/* |B|^T |d| |B| of one tile of one channel. */
static void input_magnitudes(const winograd_matrices *m, const fov_view *x, const int64_t *at, double *v)
{
    double rows[IN][IN] = {{0}};
    for (int i = 0; i < IN; i++)
        for (int j = 0; j < IN; j++) {
            const int64_t y = at[2] + i, column = at[3] + j;
            if (y < 0 || column < 0 || y >= x->shape.dim[2] || column >= x->shape.dim[3]) continue;
            const double d = fabs((double)fov_view_load_one(x, (int64_t[]){at[0], at[1], y, column}));
            for (int p = 0; p < IN; p++) rows[p][j] += fabs(m->bt[p][i]) * d;
        }
    for (int i = 0; i < IN * IN; i++) {
        v[i] = 0;
        for (int j = 0; j < IN; j++) v[i] += fabs(m->bt[i % IN][j]) * rows[i / IN][j];
    }
}

/* One tile of one output channel; `v` of all input channels. */
static void add_tile(const winograd_matrices *m, const double *u, const double *v, int64_t cin, const int64_t *at, fov_view *to)
{
    double         sum[IN * IN] = {0};
    const int64_t *dim = to->shape.dim;
    for (int64_t i = 0; i < cin * IN * IN; i++) sum[i % (IN * IN)] += u[i] * v[i];
    for (int i = 0; i < OUT && at[2] + i < dim[2]; i++)
        for (int j = 0; j < OUT && at[3] + j < dim[3]; j++) {
            double total = 0;
            for (int p = 0; p < IN * IN; p++) total += fabs(m->at[i][p / IN] * m->at[j][p % IN]) * sum[p];
            ((float *)to->data)[((at[0] * dim[1] + at[1]) * dim[2] + at[2] + i) * dim[3] + at[3] + j] += (float)total;
        }
}

void winograd_add_magnitudes(const fov_view *x, const fov_view *w, const fov_node *node, fov_view *magnitude)
{
    const winograd_matrices m = winograd_matrices_of_points();
    const int64_t           cin = x->shape.dim[1], *dim = magnitude->shape.dim;
    const int64_t           top = fov_node_int_at(node, "pads", 0, 0), left = fov_node_int_at(node, "pads", 1, 0);
    double                 *u = filter_magnitudes(&m, w), *v = calloc((size_t)cin * IN * IN, sizeof *v);
    if (!v) abort();
    for (int64_t n = 0; n < dim[0]; n++)
        for (int64_t y = 0; y < dim[2]; y += OUT)
            for (int64_t column = 0; column < dim[3]; column += OUT) {
                for (int64_t c = 0; c < cin; c++)
                    input_magnitudes(&m, x, (int64_t[]){n, c, y - top, column - left}, v + c * IN * IN);
                for (int64_t c = 0; c < dim[1]; c++)
                    add_tile(&m, u + c * cin * IN * IN, v, cin, (int64_t[]){n, c, y, column}, magnitude);
            }
    free(u);
    free(v);
}
