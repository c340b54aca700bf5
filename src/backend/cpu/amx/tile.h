// SPDX-License-Identifier: MIT
/* The tiles of AMX in the words of matrix_tile.h, but for TILE_DOT. Compilers do not know that these instructions read memory
 * (GCC's are assembly that names none): what was written for them must be there. */
#ifndef FOVEA_BACKEND_CPU_AMX_TILE_H
#define FOVEA_BACKEND_CPU_AMX_TILE_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>

#define WRITTEN() __asm__ volatile("" ::: "memory")

#define TILE_CONFIGURE(config)                                                                                                     \
    do {                                                                                                                           \
        WRITTEN();                                                                                                                 \
        _tile_loadconfig(config);                                                                                                  \
    } while (0)
#define TILE_LOAD(t, from, stride)                                                                                                 \
    do {                                                                                                                           \
        WRITTEN();                                                                                                                 \
        _tile_loadd(t, from, stride);                                                                                              \
    } while (0)
#define TILE_STORE(t, to, stride)                                                                                                  \
    do {                                                                                                                           \
        _tile_stored(t, to, stride);                                                                                               \
        WRITTEN();                                                                                                                 \
    } while (0)
#define TILE_RELEASE() _tile_release()
#define TILE_STRAIGHT tile_straight

static inline bool tile_straight(const void *const *p, ptrdiff_t *stride)
{
    *stride = (const char *)p[1] - (const char *)p[0];
    const __m512i all = _mm512_set1_epi64(*stride);
    const __m512i first = _mm512_sub_epi64(_mm512_loadu_si512(p + 1), _mm512_loadu_si512(p));
    const __m512i second = _mm512_sub_epi64(_mm512_loadu_si512(p + 8), _mm512_loadu_si512(p + 7));
    return (_mm512_cmpeq_epi64_mask(first, all) & _mm512_cmpeq_epi64_mask(second, all)) == 0xff;
}

#endif
