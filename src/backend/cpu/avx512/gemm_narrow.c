// SPDX-License-Identifier: MIT
/* Eight columns: half vectors, so that no lane is idle where a layer has 8 channels, or 8 are left of 20 or 24. */
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/ymm.h"

enum { MAX_ROWS = 14, MAX_VECS = 1 };

#include "backend/cpu/gemm_tile.h"

INSTANCES_14(TILE, 1)
GEMM_KERNEL(gemm_f32_14x8, 14, 1)

void fov_gemm_narrow_avx512(fov_kernels *kernels)
{
    kernels->gemm[2] = (fov_gemm_f32){"f32_avx512_14x8", MAX_ROWS, LANES, gemm_f32_14x8};
}
