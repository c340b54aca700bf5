// SPDX-License-Identifier: MIT
/* Bytes as pairs of 16-bit integers. The products of a pair are made apart, so that a compiler finds instructions for them. */
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/wide.h"

enum { MAX_ROWS = 6, MAX_VECS = 2 };

typedef int32_t number __attribute__((vector_size(16)));
typedef int16_t groups __attribute__((vector_size(16)));

static inline groups groups_load(const void *p)
{
    groups g;
    memcpy(&g, p, sizeof g);
    return g;
}

static inline groups groups_set1(const void *p)
{
    int32_t both;
    memcpy(&both, p, sizeof both);
    return (groups)(number){both, both, both, both};
}

/* Each lane holds two numbers; shifts bring one of them to 32 bits, whatever the byte order. */
static inline sum dot(sum s, groups a, groups w)
{
    const number even_a = (number)((sum)a << 16) >> 16, even_w = (number)((sum)w << 16) >> 16;
    return s + (sum)(even_a * even_w) + (sum)(((number)a >> 16) * ((number)w >> 16));
}

#include "backend/cpu/dot_tile.h"

INSTANCES_6(DOT_TILE, 2)
DOT_KERNEL(gemm_u8_6x8, 6, 2)

void fov_gemm_int8_generic(fov_kernels *kernels)
{
    kernels->gemm_int8[0] = (fov_gemm_dot){"u8_generic_6x8", MAX_ROWS, 8, FOV_GROUP_S16, gemm_u8_6x8};
}
