// SPDX-License-Identifier: MIT
/* The register tile of the vector GEMM kernels. A file that includes it has defined, for its vectors:
 *
 *     vec, LANES                        a vector and its number of floats
 *     vec_load(p), vec_set1(v)          aligned load, broadcast
 *     vec_fma(a, b, c)                  a * b + c, rounded once
 *     vec_add(a, b), vec_max(a, b)      a > b ? a : b
 *     vec_activate(v, slope)            v < 0 ? slope * v : v
 *     vec_load_part(p, n)               n floats, 1 .. LANES, zeros beyond; touches no others
 *     vec_store_part(p, n, v)
 *     MAX_ROWS, MAX_VECS                of the largest tile
 *
 * and then instantiates tile() with constants: everything below is inlined and unrolled, and the sums stay in registers.
 * Each output is one chain of multiply-adds, k ascending from zero, then the bias, in every instance. The bias comes last
 * because a large one among the partial sums would cost each of them digits: on RetinaFace that doubles the error. */
#ifndef FOVEA_BACKEND_CPU_GEMM_TILE_H
#define FOVEA_BACKEND_CPU_GEMM_TILE_H

#include "backend/cpu/instances.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/row_step.h"
#include "backend/cpu/unroll.h"

/* Floats of vector `v` among n columns. */
FOV_ALWAYS_INLINE int part(int n, int v)
{
    const int left = n - LANES * v;
    return left < LANES ? left : LANES;
}

FOV_ALWAYS_INLINE void load_all(const float *w, const int nv, vec b[MAX_VECS])
{
    FOV_UNROLL
    for (int v = 0; v < nv; v++) b[v] = vec_load(w + LANES * v);
}

/* One element of row i meets its weights. */
FOV_ALWAYS_INLINE void multiply(vec acc[MAX_VECS], const float *a, const vec b[MAX_VECS], const int nv)
{
    const vec x = vec_set1(*a);
    FOV_UNROLL
    for (int v = 0; v < nv; v++) acc[v] = vec_fma(x, b[v], acc[v]);
}

FOV_ALWAYS_INLINE void accumulate(const fov_gemm_f32_call *call, const int m, const int nv, vec acc[MAX_ROWS][MAX_VECS])
{
    const float *w = call->w + LANES * nv;
    vec          b[MAX_VECS];
    for (size_t tap = 0; tap < call->taps; tap++) {
        const void *const *rows = call->a + tap * call->lda;
        const float       *a[MAX_ROWS];
        FOV_UNROLL
        for (int i = 0; i < m; i++) a[i] = (const float *)rows[i] + call->a_offset;
        for (size_t k = 0; k < call->k; k++, w += LANES * nv) {
            load_all(w, nv, b);
            FOV_UNROLL
            for (int i = 0; i < m; i++) multiply(acc[i], a[i] + k, b, nv);
        }
    }
}

/* The same of rows at a constant step. */
FOV_ALWAYS_INLINE void accumulate_step(const fov_gemm_f32_call *call, const int m, const int nv, vec acc[MAX_ROWS][MAX_VECS])
{
    const float *w = call->w + LANES * nv;
    row_steps    step = row_steps_of(call->a_step);
    vec          b[MAX_VECS];
    for (size_t tap = 0; tap < call->taps; tap++) {
        const unsigned char *first = (const unsigned char *)((const float *)call->a[tap * call->lda] + call->a_offset);
        const unsigned char *seventh = first + 7 * call->a_step, *end = first + sizeof(float) * call->k;
        for (; first < end; first += sizeof(float), seventh += sizeof(float), w += LANES * nv) {
            ROW_STEPS_HIDE(step);
            load_all(w, nv, b);
            FOV_UNROLL
            for (int i = 0; i < m; i++) multiply(acc[i], (const float *)(const void *)row_at(first, seventh, &step, i), b, nv);
        }
    }
}

FOV_ALWAYS_INLINE void add_bias(const fov_gemm_f32_call *call, const int m, const int nv, vec acc[MAX_ROWS][MAX_VECS])
{
    FOV_UNROLL
    for (int v = 0; v < nv; v++) {
        const vec bias = vec_load(call->w + LANES * v);
        FOV_UNROLL
        for (int i = 0; i < m; i++) acc[i][v] = vec_add(acc[i][v], bias);
    }
}

FOV_ALWAYS_INLINE const float *residual_at(const fov_gemm_f32_call *call, int i, int v)
{
    return (const float *)call->residual[i] + call->residual_offset + LANES * v;
}

FOV_ALWAYS_INLINE void add_residual(const fov_gemm_f32_call *call, const int m, const int nv, vec acc[MAX_ROWS][MAX_VECS])
{
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) {
            const int n = part(call->n, v);
            if (n > 0) acc[i][v] = vec_add(acc[i][v], vec_load_part(residual_at(call, i, v), n));
        }
    }
}

/* Fetch what the end of the tile will touch while its sums are made: the rows of C, and of the residual, are far apart, and nothing
 * else would ask for them in time. */
FOV_ALWAYS_INLINE void prefetch_ends(const fov_gemm_f32_call *call, const int m, const int nv)
{
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) {
            __builtin_prefetch(call->c + i * call->ldc + LANES * v, 1);
            if (call->residual) __builtin_prefetch(residual_at(call, i, v));
        }
    }
}

FOV_ALWAYS_INLINE void tile(const fov_gemm_f32_call *call, const int m, const int nv, const bool constant_step)
{
    vec acc[MAX_ROWS][MAX_VECS];
    prefetch_ends(call, m, nv);
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) acc[i][v] = vec_set1(0);
    }
    if (constant_step) accumulate_step(call, m, nv, acc);
    else accumulate(call, m, nv, acc);
    add_bias(call, m, nv, acc);
    if (call->residual && !call->residual_after) add_residual(call, m, nv, acc);
    const vec slope = vec_set1(call->slope);
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) acc[i][v] = vec_activate(acc[i][v], slope);
    }
    if (call->residual && call->residual_after) add_residual(call, m, nv, acc);
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) {
            const int n = part(call->n, v);
            if (n > 0) vec_store_part(call->c + i * call->ldc + LANES * v, n, acc[i][v]);
        }
    }
}

typedef void tile_function(const fov_gemm_f32_call *call);

/* To be given to INSTANCES_6 and its kin. */
#define TILE(m, nv)                                                                                                                \
    static void tile_##m##x##nv(const fov_gemm_f32_call *call)                                                                     \
    {                                                                                                                              \
        tile(call, m, nv, false);                                                                                                  \
    }                                                                                                                              \
    static void tile_step_##m##x##nv(const fov_gemm_f32_call *call)                                                                \
    {                                                                                                                              \
        tile(call, m, nv, true);                                                                                                   \
    }

/* A kernel of fov_gemm_f32 that picks the instance for the rows there are; `rows` is 6, 12 or 14. */
#define GEMM_KERNEL(function, rows, nv)                                                                                            \
    static void function(const fov_gemm_f32_call *call)                                                                            \
    {                                                                                                                              \
        static tile_function *const tiles[] = {NAMES_##rows(tile, nv)}, *const steps[] = {NAMES_##rows(tile_step, nv)};            \
        (call->a_step ? steps[call->m - 1] : tiles[call->m - 1])(call);                                                            \
    }

#endif
