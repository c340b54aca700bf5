// SPDX-License-Identifier: MIT
/* Eight columns: half vectors, so that no lane is idle where a layer has 8 channels, or 8 are left of 20 or 24. */
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/ymm.h"

enum { MAX_ROWS = 14, MAX_VECS = 1 };

#include "backend/cpu/gemm_tile.h"

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
TILE(13, 1)
TILE(14, 1)

static void gemm_f32_14x8(const fov_gemm_f32_call *call)
{
    static tile_function *const tiles[] = {tile_1x1, tile_2x1, tile_3x1,  tile_4x1,  tile_5x1,  tile_6x1,  tile_7x1,
                                           tile_8x1, tile_9x1, tile_10x1, tile_11x1, tile_12x1, tile_13x1, tile_14x1};
    tiles[call->m - 1](call);
}

void fov_gemm_narrow_avx512(fov_kernels *kernels)
{
    kernels->gemm[2] = (fov_gemm_f32){"f32_avx512_14x8", MAX_ROWS, LANES, gemm_f32_14x8};
}
