// SPDX-License-Identifier: MIT
/* A tile of up to 14 rows by two vectors takes 28 of 32 registers; per k it needs two loads of W and one broadcast per row, which
 * the load ports serve in fewer cycles than the 28 multiply-adds take. */
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/zmm.h"

enum { MAX_ROWS = 14, MAX_VECS = 2 };

#include "backend/cpu/gemm_tile.h"

#define TILES(nv)                                                                                                                  \
    TILE(1, nv)                                                                                                                    \
    TILE(2, nv)                                                                                                                    \
    TILE(3, nv)                                                                                                                    \
    TILE(4, nv)                                                                                                                    \
    TILE(5, nv)                                                                                                                    \
    TILE(6, nv)                                                                                                                    \
    TILE(7, nv)                                                                                                                    \
    TILE(8, nv)                                                                                                                    \
    TILE(9, nv)                                                                                                                    \
    TILE(10, nv)                                                                                                                   \
    TILE(11, nv)                                                                                                                   \
    TILE(12, nv)                                                                                                                   \
    TILE(13, nv)                                                                                                                   \
    TILE(14, nv)
TILES(1)
TILES(2)

static void gemm_f32_14x32(const fov_gemm_f32_call *call)
{
    static tile_function *const tiles[] = {tile_1x2, tile_2x2, tile_3x2,  tile_4x2,  tile_5x2,  tile_6x2,  tile_7x2,
                                           tile_8x2, tile_9x2, tile_10x2, tile_11x2, tile_12x2, tile_13x2, tile_14x2};
    tiles[call->m - 1](call);
}

static void gemm_f32_14x16(const fov_gemm_f32_call *call)
{
    static tile_function *const tiles[] = {tile_1x1, tile_2x1, tile_3x1,  tile_4x1,  tile_5x1,  tile_6x1,  tile_7x1,
                                           tile_8x1, tile_9x1, tile_10x1, tile_11x1, tile_12x1, tile_13x1, tile_14x1};
    tiles[call->m - 1](call);
}

void fov_gemm_avx512(fov_kernels *kernels)
{
    kernels->gemm[0] = (fov_gemm_f32){"f32_avx512_14x32", MAX_ROWS, 32, gemm_f32_14x32};
    kernels->gemm[1] = (fov_gemm_f32){"f32_avx512_14x16", MAX_ROWS, 16, gemm_f32_14x16};
}
