// SPDX-License-Identifier: MIT
/* Six rows by two vectors: 12 sums, two of W and one broadcast fit the 16 registers of a plain x86-64. */
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/vec.h"

enum { MAX_ROWS = 6, MAX_VECS = 2 };

#include "backend/cpu/gemm_tile.h"

INSTANCES_6(TILE, 2)
GEMM_KERNEL(gemm_f32_6x8, 6, 2)

void fov_gemm_generic(fov_kernels *kernels)
{
    kernels->gemm[0] = (fov_gemm_f32){"f32_generic_6x8", MAX_ROWS, 8, gemm_f32_6x8};
    for (int i = 1; i < FOV_GEMM_WIDTHS; i++) kernels->gemm[i] = (fov_gemm_f32){0};
}
