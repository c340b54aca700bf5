// SPDX-License-Identifier: MIT
/* tdpbusd adds products of bytes to 32-bit sums without saturation. */
#include "backend/cpu/amx/amx.h"

#include "backend/cpu/amx/tile.h"

#define TILE_DOT(c, a, b) _tile_dpbusd(c, a, b)

#include "backend/cpu/matrix_tile.h"

void fov_gemm_int8_amx(fov_kernels *kernels)
{
    kernels->tile_int8 = (fov_gemm_tiles){
        {{"u8_amx_32x32", GEMM_ROWS, 32, FOV_GROUP_U8, tiles_32x32}, {"u8_amx_32x16", GEMM_ROWS, 16, FOV_GROUP_U8, tiles_32x16}},
        tiles_begin,
        tiles_end};
}
