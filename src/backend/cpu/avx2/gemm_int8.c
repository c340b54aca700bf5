// SPDX-License-Identifier: MIT
/* Bytes as 16-bit integers: vpmaddwd adds two products into 32 bits and cannot overflow. (vpmaddubsw would take bytes as they are,
 * but saturates at 16 bits, which 255 * 127 twice exceeds.) Tiles are those of gemm.c. */
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/dot_ymm.h"

enum { MAX_ROWS = 12, MAX_VECS = 2, WIDE_ROWS = 6 };

static inline sum dot(sum s, groups a, groups w)
{
    return _mm256_add_epi32(s, _mm256_madd_epi16(a, w));
}

#include "backend/cpu/dot_tile.h"

INSTANCES_12(DOT_TILE, 1)
INSTANCES_6(DOT_TILE, 2)
DOT_KERNEL(gemm_u8_6x16, 6, 2)
DOT_KERNEL(gemm_u8_12x8, 12, 1)

void fov_gemm_int8_avx2(fov_kernels *kernels)
{
    kernels->gemm_int8[0] = (fov_gemm_dot){"u8_avx2_6x16", WIDE_ROWS, 16, FOV_GROUP_S16, gemm_u8_6x16};
    kernels->gemm_int8[1] = (fov_gemm_dot){"u8_avx2_12x8", MAX_ROWS, 8, FOV_GROUP_S16, gemm_u8_12x8};
}
