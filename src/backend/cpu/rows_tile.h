// SPDX-License-Identifier: MIT
/* Kernels over plain rows of floats, for one kind of vector that the including file has defined as gemm_tile.h describes. */
#ifndef FOVEA_BACKEND_CPU_ROWS_TILE_H
#define FOVEA_BACKEND_CPU_ROWS_TILE_H

#include "backend/cpu/kernels.h"
#include "backend/cpu/unroll.h"

#include <math.h>

enum { MAX_VECS = 4 }; /* maxima that are made side by side */

static void add_f32(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

/* nv vectors, the last of which has `last` floats. */
FOV_ALWAYS_INLINE void max_block(size_t offset, const int nv, int last, size_t rows, const float *const *row, float *y)
{
    vec best[MAX_VECS];
    FOV_UNROLL
    for (int v = 0; v < nv; v++) best[v] = vec_set1(-INFINITY);
    for (size_t r = 0; r < rows; r++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++)
            best[v] = vec_max(vec_load_part(row[r] + offset + (size_t)(LANES * v), v < nv - 1 ? LANES : last), best[v]);
    }
    FOV_UNROLL
    for (int v = 0; v < nv; v++) vec_store_part(y + offset + (size_t)(LANES * v), v < nv - 1 ? LANES : last, best[v]);
}

static void max_f32(size_t n, size_t rows, const float *const *row, float *y)
{
    size_t i = 0;
    for (; i + LANES * MAX_VECS <= n; i += LANES * MAX_VECS) max_block(i, MAX_VECS, LANES, rows, row, y);
    for (; i + LANES <= n; i += LANES) max_block(i, 1, LANES, rows, row, y);
    if (i < n) max_block(i, 1, (int)(n - i), rows, row, y);
}

#endif
