// SPDX-License-Identifier: MIT
/* The register tile of the GEMM kernels that multiply in half precision. A file that includes it has defined, for its vectors:
 *
 *     halves, sums                   vectors of two halves for each column, and of as many floats
 *     LANES                          how many columns
 *     halves_load(p)                 aligned, of W
 *     halves_set1(p)                 the two halves at p, anywhere, for every column
 *     halves_zero()
 *     halves_fma(a, w, h)            a * w + h, rounded once, to half
 *     sums_load(p, written)          aligned; zeros where nothing was written yet
 *     sums_store(p, s)               aligned
 *     sums_add(s, h)                 s + h, h being widened
 *     columns_store(p, s, factor)    the two floats of each column, added up, times its factor
 *     MAX_ROWS, MAX_VECS             of the largest tile
 *
 * and then instantiates HALF_TILE() with constants, as dot_tile.h does with its own.
 *
 * Halves add up FOV_HALF_RUN products, of even and of odd places along k apart; what a run came to is added to floats, which wait
 * in the first cache. Runs are counted through all taps, so a sum is the same however its pieces are cut. No run overflows:
 * weights are packed as half_pack.h says. */
#ifndef FOVEA_BACKEND_CPU_HALF_TILE_H
#define FOVEA_BACKEND_CPU_HALF_TILE_H

#include "backend/cpu/instances.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/row_step.h"
#include "backend/cpu/unroll.h"

enum { PAIR_BYTES = 4, PAIR = 2 };

/* What runs came to. */
typedef struct half_runs {
    size_t left;    /* pairs until the one under way ends */
    bool   written; /* one has ended: `whole` has something */
    _Alignas(64) float whole[MAX_ROWS][MAX_VECS][PAIR * LANES];
} half_runs;

FOV_ALWAYS_INLINE void begin_run(half_runs *runs, const int m, const int nv, halves h[MAX_ROWS][MAX_VECS])
{
    runs->left = FOV_HALF_RUN;
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) h[i][v] = halves_zero();
    }
}

FOV_ALWAYS_INLINE void end_run(half_runs *runs, const int m, const int nv, halves h[MAX_ROWS][MAX_VECS])
{
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) {
            float *whole = runs->whole[i][v];
            sums_store(whole, sums_add(sums_load(whole, runs->written), h[i][v]));
        }
    }
    runs->written = true;
    begin_run(runs, m, nv, h);
}

/* How many of the pairs that a piece has left belong to this run, which is a new one where the last has ended. */
FOV_ALWAYS_INLINE size_t next_pairs(half_runs *runs, size_t of_piece, const int m, const int nv, halves h[MAX_ROWS][MAX_VECS])
{
    if (!runs->left) end_run(runs, m, nv, h);
    const size_t pairs = of_piece < runs->left ? of_piece : runs->left;
    runs->left -= pairs;
    return pairs;
}

FOV_ALWAYS_INLINE void half_finish(const fov_gemm_dot_call *call, const half_runs *runs, const int m, const int nv,
                                   halves h[MAX_ROWS][MAX_VECS])
{
    const float *factor = call->w;
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++)
            columns_store((float *)call->sum + LANES * (i * nv + v), sums_add(sums_load(runs->whole[i][v], runs->written), h[i][v]),
                          factor + LANES * v);
    }
}

FOV_ALWAYS_INLINE void pairs_load(const unsigned char *w, const int nv, halves b[MAX_VECS])
{
    FOV_UNROLL
    for (int v = 0; v < nv; v++) b[v] = halves_load(w + PAIR_BYTES * LANES * v);
}

/* One pair of row i meets its weights. */
FOV_ALWAYS_INLINE void half_row(halves h[MAX_VECS], const unsigned char *a, const halves b[MAX_VECS], const int nv)
{
    const halves x = halves_set1(a);
    FOV_UNROLL
    for (int v = 0; v < nv; v++) h[v] = halves_fma(x, b[v], h[v]);
}

FOV_ALWAYS_INLINE void half_tile(const fov_gemm_dot_call *call, const int m, const int nv)
{
    const unsigned char *w = (const unsigned char *)call->w + PAIR_BYTES * LANES * nv;
    half_runs            runs;
    halves               h[MAX_ROWS][MAX_VECS], b[MAX_VECS];
    runs.written = false;
    begin_run(&runs, m, nv, h);
    for (size_t tap = 0; tap < call->taps; tap++) {
        const void *const   *rows = call->a + tap * call->lda;
        const unsigned char *a[MAX_ROWS];
        FOV_UNROLL
        for (int i = 0; i < m; i++) a[i] = (const unsigned char *)rows[i] + call->a_offset;
        for (size_t k = 0; k < call->groups;) {
            const size_t end = k + next_pairs(&runs, call->groups - k, m, nv, h);
            for (; k < end; k++, w += PAIR_BYTES * LANES * nv) {
                pairs_load(w, nv, b);
                FOV_UNROLL
                for (int i = 0; i < m; i++) half_row(h[i], a[i] + PAIR_BYTES * k, b, nv);
            }
        }
    }
    half_finish(call, &runs, m, nv, h);
}

/* The same of rows at a constant step. */
FOV_ALWAYS_INLINE void half_tile_step(const fov_gemm_dot_call *call, const int m, const int nv)
{
    const unsigned char *w = (const unsigned char *)call->w + PAIR_BYTES * LANES * nv;
    row_steps            step = row_steps_of(call->a_step);
    half_runs            runs;
    halves               h[MAX_ROWS][MAX_VECS], b[MAX_VECS];
    runs.written = false;
    begin_run(&runs, m, nv, h);
    for (size_t tap = 0; tap < call->taps; tap++) {
        const unsigned char *first = (const unsigned char *)call->a[tap * call->lda] + call->a_offset;
        for (size_t done = 0; done < call->groups;) {
            const size_t         pairs = next_pairs(&runs, call->groups - done, m, nv, h);
            const unsigned char *seventh = first + 7 * call->a_step, *end = first + PAIR_BYTES * pairs;
            for (; first < end; first += PAIR_BYTES, seventh += PAIR_BYTES, w += PAIR_BYTES * LANES * nv) {
                ROW_STEPS_HIDE(step);
                pairs_load(w, nv, b);
                FOV_UNROLL
                for (int i = 0; i < m; i++) half_row(h[i], row_at(first, seventh, &step, i), b, nv);
            }
            done += pairs;
        }
    }
    half_finish(call, &runs, m, nv, h);
}

typedef void half_function(const fov_gemm_dot_call *call);

/* To be given to INSTANCES_6 and its kin. */
#define HALF_TILE(m, nv)                                                                                                           \
    static void half_##m##x##nv(const fov_gemm_dot_call *call)                                                                     \
    {                                                                                                                              \
        half_tile(call, m, nv);                                                                                                    \
    }                                                                                                                              \
    static void half_step_##m##x##nv(const fov_gemm_dot_call *call)                                                                \
    {                                                                                                                              \
        half_tile_step(call, m, nv);                                                                                               \
    }

/* A kernel of fov_gemm_dot that picks the instance for the rows there are; `rows` is 6, 12 or 14. */
#define HALF_KERNEL(function, rows, nv)                                                                                            \
    static void function(const fov_gemm_dot_call *call)                                                                            \
    {                                                                                                                              \
        static half_function *const tiles[] = {NAMES_##rows(half, nv)}, *const steps[] = {NAMES_##rows(half_step, nv)};            \
        (call->a_step ? steps[call->m - 1] : tiles[call->m - 1])(call);                                                            \
    }

#endif
