// SPDX-License-Identifier: MIT
/* tdpbf16ps adds products of bfloat16 to sums of float; it knows no denormal numbers. */
#include "backend/cpu/amx/amx.h"

#include "backend/cpu/amx/tile.h"

#define TILE_DOT(c, a, b) _tile_dpbf16ps(c, a, b)

#include "backend/cpu/matrix_tile.h"

void fov_gemm_bf16_amx(fov_kernels *kernels)
{
    kernels->tile_bf16 = (fov_gemm_tiles){{{"bf16_amx_32x32", GEMM_ROWS, 32, FOV_GROUP_BF16, tiles_32x32},
                                           {"bf16_amx_32x16", GEMM_ROWS, 16, FOV_GROUP_BF16, tiles_32x16}},
                                          tiles_begin,
                                          tiles_end};
}
