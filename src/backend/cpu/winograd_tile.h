// SPDX-License-Identifier: MIT
/* Winograd's F(4x4, 3x3) for one kind of vector, which the including file has defined as gemm_tile.h describes, with MAX_ROWS and
 * MAX_VECS of the largest tile of products. winograd.h has the formulas.
 *
 * A tile is transformed along its columns, then along its rows. Every sum is one chain, whatever tile or block it falls in. */
#ifndef FOVEA_BACKEND_CPU_WINOGRAD_TILE_H
#define FOVEA_BACKEND_CPU_WINOGRAD_TILE_H

#include "backend/cpu/instances.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/unroll.h"
#include "backend/cpu/winograd.h"

enum { OUT = FOV_WINOGRAD_OUT, IN = FOV_WINOGRAD_IN };

/* Floats of a vector that begins at `c`, of n. */
FOV_ALWAYS_INLINE int lanes_left(ptrdiff_t n, ptrdiff_t c)
{
    return n - c < LANES ? (int)(n - c) : LANES;
}

/* ---------------------------------------------------------------- input */

FOV_ALWAYS_INLINE void input_line(const vec d[IN], vec v[IN])
{
    const float a = FOV_WINOGRAD_A, b = FOV_WINOGRAD_B;
    const vec   minus_a2 = vec_set1(-a * a), minus_b2 = vec_set1(-b * b), minus_s = vec_set1(-(a * a + b * b)),
              p = vec_set1(a * a * b * b);
    const vec even_a = vec_fma(minus_b2, d[2], d[4]), odd_a = vec_fma(minus_b2, d[1], d[3]);
    const vec even_b = vec_fma(minus_a2, d[2], d[4]), odd_b = vec_fma(minus_a2, d[1], d[3]);
    v[0] = vec_fma(p, d[0], vec_fma(minus_s, d[2], d[4]));
    v[1] = vec_fma(vec_set1(a), odd_a, even_a);
    v[2] = vec_fma(vec_set1(-a), odd_a, even_a);
    v[3] = vec_fma(vec_set1(b), odd_b, even_b);
    v[4] = vec_fma(vec_set1(-b), odd_b, even_b);
    v[5] = vec_fma(p, d[1], vec_fma(minus_s, d[3], d[5]));
}

static void winograd_input(const fov_winograd_input_call *call)
{
    for (ptrdiff_t c = 0; c < call->channels; c += LANES) {
        const int n = lanes_left(call->channels, c);
        vec       columns[IN][IN], line[IN];
        FOV_UNROLL
        for (int j = 0; j < IN; j++) {
            FOV_UNROLL
            for (int i = 0; i < IN; i++) line[i] = vec_load_part(call->x + i * call->ldrow + j * call->ldpixel + c, n);
            input_line(line, columns[j]);
        }
        FOV_UNROLL
        for (int i = 0; i < IN; i++) {
            vec v[IN];
            FOV_UNROLL
            for (int j = 0; j < IN; j++) line[j] = columns[j][i];
            input_line(line, v);
            FOV_UNROLL
            for (int j = 0; j < IN; j++) vec_store_part(call->v + (i * IN + j) * call->ldpoint + c, LANES, v[j]);
        }
    }
}

/* ---------------------------------------------------------------- products */

FOV_ALWAYS_INLINE void products_tile(const fov_winograd_products_call *call, ptrdiff_t tile, const int rows, const int nv)
{
    const float *v = call->v + tile * call->ldv, *w = call->w;
    float       *m = call->m + tile * call->columns;
    vec          acc[MAX_ROWS][MAX_VECS];
    FOV_UNROLL
    for (int i = 0; i < rows; i++) {
        FOV_UNROLL
        for (int j = 0; j < nv; j++) acc[i][j] = vec_set1(0);
    }
    for (ptrdiff_t k = 0; k < call->k; k++, w += LANES * nv) {
        vec b[MAX_VECS];
        FOV_UNROLL
        for (int j = 0; j < nv; j++) b[j] = vec_load(w + LANES * j);
        FOV_UNROLL
        for (int i = 0; i < rows; i++) {
            const vec x = vec_set1(v[i * call->ldv + k]);
            FOV_UNROLL
            for (int j = 0; j < nv; j++) acc[i][j] = vec_fma(x, b[j], acc[i][j]);
        }
    }
    FOV_UNROLL
    for (int i = 0; i < rows; i++) {
        FOV_UNROLL
        for (int j = 0; j < nv; j++) vec_store_part(m + LANES * (i * nv + j), LANES, acc[i][j]);
    }
}

typedef void products_function(const fov_winograd_products_call *call, ptrdiff_t tile);

/* To be given to INSTANCES_6 and its kin. */
#define PRODUCTS(rows, nv)                                                                                                         \
    static void products_##rows##x##nv(const fov_winograd_products_call *call, ptrdiff_t tile)                                     \
    {                                                                                                                              \
        products_tile(call, tile, rows, nv);                                                                                       \
    }

FOV_ALWAYS_INLINE void products_by(products_function *const *of_rows, const fov_winograd_products_call *call)
{
    for (ptrdiff_t tile = 0; tile < call->tiles; tile += MAX_ROWS) {
        const ptrdiff_t left = call->tiles - tile;
        of_rows[(left < MAX_ROWS ? left : MAX_ROWS) - 1](call, tile);
    }
}

/* All products, for tiles of `most` rows, which is MAX_ROWS. */
#define PRODUCTS_KERNEL(most)                                                                                                      \
    INSTANCES_##most(PRODUCTS, 1) INSTANCES_##most(PRODUCTS, 2) static void winograd_products(                                     \
        const fov_winograd_products_call *call)                                                                                    \
    {                                                                                                                              \
        static products_function *const one[] = {NAMES_##most(products, 1)}, *const two[] = {NAMES_##most(products, 2)};           \
        products_by(call->columns == LANES ? one : two, call);                                                                     \
    }

/* ---------------------------------------------------------------- output */

FOV_ALWAYS_INLINE void output_line(const vec m[IN], vec y[OUT])
{
    const float a = FOV_WINOGRAD_A, b = FOV_WINOGRAD_B;
    const vec   zero = vec_set1(0), minus = vec_set1(-1);
    const vec   sum_a = vec_add(m[1], m[2]), sum_b = vec_add(m[3], m[4]);
    const vec   apart_a = vec_fma(minus, m[2], m[1]), apart_b = vec_fma(minus, m[4], m[3]);
    y[0] = vec_add(vec_add(m[0], sum_a), sum_b);
    y[1] = vec_fma(vec_set1(a), apart_a, vec_fma(vec_set1(b), apart_b, zero));
    y[2] = vec_fma(vec_set1(a * a), sum_a, vec_fma(vec_set1(b * b), sum_b, zero));
    y[3] = vec_fma(vec_set1(a * a * a), apart_a, vec_fma(vec_set1(b * b * b), apart_b, m[5]));
}

FOV_ALWAYS_INLINE vec finish(const fov_winograd_output_call *call, vec v, int pixel, int c, int n)
{
    const vec slope = vec_set1(call->slope);
    v = vec_add(v, vec_load(call->bias + c));
    if (!call->residual) return vec_activate(v, slope);
    const vec residual = vec_load_part(call->residual[pixel] + c, n);
    return call->residual_after ? vec_add(vec_activate(v, slope), residual) : vec_activate(vec_add(v, residual), slope);
}

static void winograd_output(const fov_winograd_output_call *call)
{
    for (int c = 0; c < call->channels; c += LANES) {
        const int n = lanes_left(call->channels, c);
        vec       columns[IN][OUT], line[IN];
        FOV_UNROLL
        for (int j = 0; j < IN; j++) {
            FOV_UNROLL
            for (int i = 0; i < IN; i++) line[i] = vec_load(call->m + (i * IN + j) * call->ldpoint + c);
            output_line(line, columns[j]);
        }
        FOV_UNROLL
        for (int i = 0; i < OUT; i++) {
            vec y[OUT];
            if (i >= call->rows) break;
            FOV_UNROLL
            for (int j = 0; j < IN; j++) line[j] = columns[j][i];
            output_line(line, y);
            FOV_UNROLL
            for (int j = 0; j < OUT; j++)
                if (j < call->cols)
                    vec_store_part(call->y + i * call->ldrow + j * call->ldpixel + c, n, finish(call, y[j], i * OUT + j, c, n));
        }
    }
}

#endif
