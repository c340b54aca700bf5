// SPDX-License-Identifier: MIT
/* vpdpbusd adds four products of bytes to a 32-bit sum without saturation. Tiles are those of avx512/gemm.c. */
#include "backend/cpu/avx512vnni/avx512vnni.h"

#include "backend/cpu/avx512/dot_zmm.h"

enum { MAX_ROWS = 14, MAX_VECS = 2 };

static inline sum dot(sum s, groups a, groups w)
{
    return _mm512_dpbusd_epi32(s, a, w);
}

#include "backend/cpu/dot_tile.h"

INSTANCES_14(DOT_TILE, 1)
INSTANCES_14(DOT_TILE, 2)
DOT_KERNEL(gemm_u8_14x32, 14, 2)
DOT_KERNEL(gemm_u8_14x16, 14, 1)

void fov_gemm_avx512vnni(fov_kernels *kernels)
{
    kernels->gemm_int8[0] = (fov_gemm_dot){"u8_avx512vnni_14x32", MAX_ROWS, 32, FOV_GROUP_U8, gemm_u8_14x32};
    kernels->gemm_int8[1] = (fov_gemm_dot){"u8_avx512vnni_14x16", MAX_ROWS, 16, FOV_GROUP_U8, gemm_u8_14x16};
}
