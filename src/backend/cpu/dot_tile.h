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

#include "backend/cpu/kernels.h"
#include "backend/cpu/unroll.h"

enum { GROUP_BYTES = 4 };

FOV_ALWAYS_INLINE void dot_tile(const fov_gemm_dot_call *call, const int m, const int nv)
{
    const unsigned char *w = call->w;
    sum                  s[MAX_ROWS][MAX_VECS];
    FOV_UNROLL
    for (int v = 0; v < nv; v++) {
        const sum start = sum_load(w + GROUP_BYTES * LANES * v);
        FOV_UNROLL
        for (int i = 0; i < m; i++) s[i][v] = start;
    }
    w += GROUP_BYTES * LANES * nv;
    for (size_t tap = 0; tap < call->taps; tap++) {
        const void *const   *rows = call->a + tap * call->lda;
        const unsigned char *a[MAX_ROWS];
        FOV_UNROLL
        for (int i = 0; i < m; i++) a[i] = (const unsigned char *)rows[i] + call->a_offset;
        for (size_t k = 0; k < call->groups; k++, w += GROUP_BYTES * LANES * nv) {
            groups b[MAX_VECS];
            FOV_UNROLL
            for (int v = 0; v < nv; v++) b[v] = groups_load(w + GROUP_BYTES * LANES * v);
            FOV_UNROLL
            for (int i = 0; i < m; i++) {
                const groups x = groups_set1(a[i] + GROUP_BYTES * k);
                FOV_UNROLL
                for (int v = 0; v < nv; v++) s[i][v] = dot(s[i][v], x, b[v]);
            }
        }
    }
    unsigned char *to = call->sum;
    FOV_UNROLL
    for (int i = 0; i < m; i++) {
        FOV_UNROLL
        for (int v = 0; v < nv; v++) sum_store(to + GROUP_BYTES * LANES * (i * nv + v), s[i][v]);
    }
}

typedef void dot_function(const fov_gemm_dot_call *call);

/* An instance for every number of rows: the last tile of an image costs what it computes. */
#define DOT_TILE(m, nv)                                                                                                            \
    static void dot_##m##x##nv(const fov_gemm_dot_call *call)                                                                      \
    {                                                                                                                              \
        dot_tile(call, m, nv);                                                                                                     \
    }

#define DOT_TILES_6(nv)                                                                                                            \
    DOT_TILE(1, nv)                                                                                                                \
    DOT_TILE(2, nv)                                                                                                                \
    DOT_TILE(3, nv)                                                                                                                \
    DOT_TILE(4, nv)                                                                                                                \
    DOT_TILE(5, nv)                                                                                                                \
    DOT_TILE(6, nv)

#define DOT_TILES_12(nv)                                                                                                           \
    DOT_TILES_6(nv)                                                                                                                \
    DOT_TILE(7, nv)                                                                                                                \
    DOT_TILE(8, nv)                                                                                                                \
    DOT_TILE(9, nv)                                                                                                                \
    DOT_TILE(10, nv)                                                                                                               \
    DOT_TILE(11, nv)                                                                                                               \
    DOT_TILE(12, nv)

#define DOT_TILES_14(nv)                                                                                                           \
    DOT_TILES_12(nv)                                                                                                               \
    DOT_TILE(13, nv)                                                                                                               \
    DOT_TILE(14, nv)

/* A kernel of fov_gemm_dot that picks the instance for the rows there are; `rows` is 6, 12 or 14. */
#define DOT_KERNEL(function, rows, nv)                                                                                             \
    static void function(const fov_gemm_dot_call *call)                                                                            \
    {                                                                                                                              \
        static dot_function *const tiles[] = {DOT_NAMES_##rows(nv)};                                                               \
        tiles[call->m - 1](call);                                                                                                  \
    }
#define DOT_NAMES_6(nv) dot_1x##nv, dot_2x##nv, dot_3x##nv, dot_4x##nv, dot_5x##nv, dot_6x##nv
#define DOT_NAMES_12(nv) DOT_NAMES_6(nv), dot_7x##nv, dot_8x##nv, dot_9x##nv, dot_10x##nv, dot_11x##nv, dot_12x##nv
#define DOT_NAMES_14(nv) DOT_NAMES_12(nv), dot_13x##nv, dot_14x##nv

#endif
