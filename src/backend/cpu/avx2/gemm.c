// SPDX-License-Identifier: MIT
/* Six rows by two vectors take 12 of 16 registers, two are for W and one for the broadcast. A single vector of columns needs twice
 * the rows to keep both multiply-add units busy. */
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/ymm.h"

enum { MAX_ROWS = 12, MAX_VECS = 2, WIDE_ROWS = 6 };

#include "backend/cpu/gemm_tile.h"

INSTANCES_12(TILE, 1)
INSTANCES_6(TILE, 2)
GEMM_KERNEL(gemm_f32_6x16, 6, 2)
GEMM_KERNEL(gemm_f32_12x8, 12, 1)

void fov_gemm_avx2(fov_kernels *kernels)
{
    kernels->gemm[0] = (fov_gemm_f32){"f32_avx2_6x16", WIDE_ROWS, 16, gemm_f32_6x16};
    kernels->gemm[1] = (fov_gemm_f32){"f32_avx2_12x8", MAX_ROWS, 8, gemm_f32_12x8};
}
