// SPDX-License-Identifier: MIT
/* Six rows by two vectors take 12 of 16 registers, two are for W and one for the broadcast. A single vector of columns needs twice
 * the rows to keep both multiply-add units busy. */
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/ymm.h"

enum { MAX_ROWS = 12, MAX_VECS = 2, WIDE_ROWS = 6 };

#include "backend/cpu/gemm_tile.h"

TILE(1, 2)
TILE(2, 2)
TILE(3, 2)
TILE(4, 2)
TILE(5, 2)
TILE(6, 2)
TILE(1, 1)
TILE(2, 1)
TILE(3, 1)
TILE(4, 1)
TILE(5, 1)
TILE(6, 1)
TILE(7, 1)
TILE(8, 1)
TILE(9, 1)
TILE(10, 1)
TILE(11, 1)
TILE(12, 1)

static void gemm_f32_6x16(const fov_gemm_f32_call *call)
{
    static tile_function *const tiles[] = {tile_1x2, tile_2x2, tile_3x2, tile_4x2, tile_5x2, tile_6x2};
    tiles[call->m - 1](call);
}

static void gemm_f32_12x8(const fov_gemm_f32_call *call)
{
    static tile_function *const tiles[] = {tile_1x1, tile_2x1, tile_3x1, tile_4x1,  tile_5x1,  tile_6x1,
                                           tile_7x1, tile_8x1, tile_9x1, tile_10x1, tile_11x1, tile_12x1};
    tiles[call->m - 1](call);
}

void fov_gemm_avx2(fov_kernels *kernels)
{
    kernels->gemm[0] = (fov_gemm_f32){"f32_avx2_6x16", WIDE_ROWS, 16, gemm_f32_6x16};
    kernels->gemm[1] = (fov_gemm_f32){"f32_avx2_12x8", MAX_ROWS, 8, gemm_f32_12x8};
}
