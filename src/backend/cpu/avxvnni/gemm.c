// SPDX-License-Identifier: MIT
/* vpdpbusd in 256 bits, for processors that have it and no AVX-512. Tiles are those of avx2/gemm.c. */
#include "backend/cpu/avxvnni/avxvnni.h"

#include "backend/cpu/avx2/dot_ymm.h"

enum { MAX_ROWS = 12, MAX_VECS = 2, WIDE_ROWS = 6 };

static inline sum dot(sum s, groups a, groups w)
{
    return _mm256_dpbusd_avx_epi32(s, a, w);
}

#include "backend/cpu/dot_tile.h"

INSTANCES_12(DOT_TILE, 1)
INSTANCES_6(DOT_TILE, 2)
DOT_KERNEL(gemm_u8_6x16, 6, 2)
DOT_KERNEL(gemm_u8_12x8, 12, 1)

void fov_gemm_avxvnni(fov_kernels *kernels)
{
    kernels->gemm_int8[0] = (fov_gemm_dot){"u8_avxvnni_6x16", WIDE_ROWS, 16, FOV_GROUP_U8, gemm_u8_6x16};
    kernels->gemm_int8[1] = (fov_gemm_dot){"u8_avxvnni_12x8", MAX_ROWS, 8, FOV_GROUP_U8, gemm_u8_12x8};
    kernels->gemm_int8[2] = (fov_gemm_dot){0};
}
