// SPDX-License-Identifier: MIT
/* Six rows by two vectors: 12 sums, two of W and one broadcast fit the 16 registers of a plain x86-64. */
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/vec.h"

enum { MAX_ROWS = 6, MAX_VECS = 2 };

#include "backend/cpu/gemm_tile.h"

TILE(1, 2)
TILE(2, 2)
TILE(3, 2)
TILE(4, 2)
TILE(5, 2)
TILE(6, 2)

static void gemm_f32_6x8(const fov_gemm_f32_call *call)
{
    static tile_function *const tiles[] = {tile_1x2, tile_2x2, tile_3x2, tile_4x2, tile_5x2, tile_6x2};
    tiles[call->m - 1](call);
}

void fov_gemm_generic(fov_kernels *kernels)
{
    kernels->gemm[0] = (fov_gemm_f32){"f32_generic_6x8", MAX_ROWS, 8, gemm_f32_6x8};
    for (int i = 1; i < FOV_GEMM_WIDTHS; i++) kernels->gemm[i] = (fov_gemm_f32){0};
}
