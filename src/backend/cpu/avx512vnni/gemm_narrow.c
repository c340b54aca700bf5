// SPDX-License-Identifier: MIT
/* Eight columns: half vectors, as in avx512/gemm_narrow.c. */
#include "backend/cpu/avx512vnni/avx512vnni.h"

#include "backend/cpu/avx2/dot_ymm.h"

enum { MAX_ROWS = 14, MAX_VECS = 1 };

static inline sum dot(sum s, groups a, groups w)
{
    return _mm256_dpbusd_epi32(s, a, w);
}

#include "backend/cpu/dot_tile.h"

DOT_TILES_14(1)
DOT_KERNEL(gemm_u8_14x8, 14, 1)

void fov_gemm_narrow_avx512vnni(fov_kernels *kernels)
{
    kernels->gemm_int8[2] = (fov_gemm_dot){"u8_avx512vnni_14x8", MAX_ROWS, LANES, FOV_GROUP_U8, gemm_u8_14x8};
}
