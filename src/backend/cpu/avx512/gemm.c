// SPDX-License-Identifier: MIT
/* A tile of up to 14 rows by two vectors takes 28 of 32 registers; per k it needs two loads of W and one broadcast per row, which
 * the load ports serve in fewer cycles than the 28 multiply-adds take. */
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/zmm.h"

enum { MAX_ROWS = 14, MAX_VECS = 2 };

#include "backend/cpu/gemm_tile.h"

INSTANCES_14(TILE, 1)
INSTANCES_14(TILE, 2)
GEMM_KERNEL(gemm_f32_14x32, 14, 2)
GEMM_KERNEL(gemm_f32_14x16, 14, 1)

void fov_gemm_avx512(fov_kernels *kernels)
{
    kernels->gemm[0] = (fov_gemm_f32){"f32_avx512_14x32", MAX_ROWS, 32, gemm_f32_14x32};
    kernels->gemm[1] = (fov_gemm_f32){"f32_avx512_14x16", MAX_ROWS, 16, gemm_f32_14x16};
}
