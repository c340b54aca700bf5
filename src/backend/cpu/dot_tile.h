// SPDX-License-Identifier: MIT
/* The register tile of the GEMM kernels that take four bytes along k at once. A file that includes it has defined, for its vectors:
 *
 *     sum, groups                    vectors of 32-bit sums, and of as many groups of four bytes
 *     LANES                          how many
 *     sum_load(p), sum_store(p, s)   aligned
 *     groups_load(p)                 aligned, of W
 *     groups_set1(p)                 the four bytes at p, anywhere, in every lane
 *     dot(s, a, w)                   s + the products of each lane's group, added up
 *     MAX_ROWS, MAX_VECS             of the largest tile
 *
 * and then instantiates DOT_TILE() with constants: everything below is inlined and unrolled, and the sums stay in registers until
 * they are whole. They go through memory, which is in the first cache, to what ends them (gemm_end.h): so that there is one
 * instance of that for each type of output, and not one for each tile too. */
#ifndef FOVEA_BACKEND_CPU_DOT_TILE_H
#define FOVEA_BACKEND_CPU_DOT_TILE_H

#include "backend/cpu/instances.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/row_step.h"
#include "backend/cpu/unroll.h"

enum { GROUP_BYTES = 4 };

FOV_ALWAYS_INLINE void dot_start(const fov_gemm_dot_call *call, const int m, const int nv, sum s[MAX_ROWS][MAX_VECS])
{
    FOV_UNROLL
    for (int v = 0; v < nv; v++) {
        const sum start = sum_load((const unsigned char *)call->w + GROUP_BYTES * LANES * v);
        FOV_UNROLL
        for (int i = 0; i < m; i++) s[i][v] = start;
    }
}

FOV_ALWAYS_INLINE void dot_finish(const fov_gemm_dot_call *call, const int m, const int nv, sum s[MAX_ROWS][MAX_VECS])
{
    unsigned char *to = call->sum;
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) sum_store(to + GROUP_BYTES * LANES * (i * nv + v), s[i][v]);
    }
}

/* One group of row i meets its weights. */
FOV_ALWAYS_INLINE void dot_row(sum s[MAX_VECS], const unsigned char *a, const groups b[MAX_VECS], const int nv)
{
    const groups x = groups_set1(a);
    FOV_UNROLL
    for (int v = 0; v < nv; v++) s[v] = dot(s[v], x, b[v]);
}

FOV_ALWAYS_INLINE void groups_load_all(const unsigned char *w, const int nv, groups b[MAX_VECS])
{
    FOV_UNROLL
    for (int v = 0; v < nv; v++) b[v] = groups_load(w + GROUP_BYTES * LANES * v);
}

FOV_ALWAYS_INLINE void dot_tile(const fov_gemm_dot_call *call, const int m, const int nv)
{
    const unsigned char *w = (const unsigned char *)call->w + GROUP_BYTES * LANES * nv;
    sum                  s[MAX_ROWS][MAX_VECS];
    groups               b[MAX_VECS];
    dot_start(call, m, nv, s);
    for (size_t tap = 0; tap < call->taps; tap++) {
        const void *const   *rows = call->a + tap * call->lda;
        const unsigned char *a[MAX_ROWS];
        FOV_UNROLL
        for (int i = 0; i < m; i++) a[i] = (const unsigned char *)rows[i] + call->a_offset;
        for (size_t k = 0; k < call->groups; k++, w += GROUP_BYTES * LANES * nv) {
            groups_load_all(w, nv, b);
            FOV_UNROLL
            for (int i = 0; i < m; i++) dot_row(s[i], a[i] + GROUP_BYTES * k, b, nv);
        }
    }
    dot_finish(call, m, nv, s);
}

/* The same of rows at a constant step. */
FOV_ALWAYS_INLINE void dot_tile_step(const fov_gemm_dot_call *call, const int m, const int nv)
{
    const unsigned char *w = (const unsigned char *)call->w + GROUP_BYTES * LANES * nv;
    row_steps            step = row_steps_of(call->a_step);
    sum                  s[MAX_ROWS][MAX_VECS];
    groups               b[MAX_VECS];
    dot_start(call, m, nv, s);
    for (size_t tap = 0; tap < call->taps; tap++) {
        const unsigned char *first = (const unsigned char *)call->a[tap * call->lda] + call->a_offset;
        const unsigned char *seventh = first + 7 * call->a_step, *end = first + GROUP_BYTES * call->groups;
        for (; first < end; first += GROUP_BYTES, seventh += GROUP_BYTES, w += GROUP_BYTES * LANES * nv) {
            ROW_STEPS_HIDE(step);
            groups_load_all(w, nv, b);
            FOV_UNROLL
            for (int i = 0; i < m; i++) dot_row(s[i], row_at(first, seventh, &step, i), b, nv);
        }
    }
    dot_finish(call, m, nv, s);
}

typedef void dot_function(const fov_gemm_dot_call *call);

/* To be given to INSTANCES_6 and its kin. */
#define DOT_TILE(m, nv)                                                                                                            \
    static void dot_##m##x##nv(const fov_gemm_dot_call *call)                                                                      \
    {                                                                                                                              \
        dot_tile(call, m, nv);                                                                                                     \
    }                                                                                                                              \
    static void dot_step_##m##x##nv(const fov_gemm_dot_call *call)                                                                 \
    {                                                                                                                              \
        dot_tile_step(call, m, nv);                                                                                                \
    }

/* A kernel of fov_gemm_dot that picks the instance for the rows there are; `rows` is 6, 12 or 14. */
#define DOT_KERNEL(function, rows, nv)                                                                                             \
    static void function(const fov_gemm_dot_call *call)                                                                            \
    {                                                                                                                              \
        static dot_function *const tiles[] = {NAMES_##rows(dot, nv)}, *const steps[] = {NAMES_##rows(dot_step, nv)};               \
        (call->a_step ? steps[call->m - 1] : tiles[call->m - 1])(call);                                                            \
    }

#endif
