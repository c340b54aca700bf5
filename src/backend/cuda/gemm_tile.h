// SPDX-License-Identifier: MIT
/* Which tile of conv_gemm.cuh makes a product. */
#ifndef FOVEA_BACKEND_CUDA_GEMM_TILE_H
#define FOVEA_BACKEND_CUDA_GEMM_TILE_H

#include "backend/cuda/launch.h"
#include "base/error.h"
#include "base/text.h"

enum {
    FOV_GEMM_TILES = 0
#define FOV_GEMM_TILE(...) +1
#include "backend/cuda/kernels/gemm_tiles.def"
#undef FOV_GEMM_TILE
};

/** Number of the tile that these products, of one launch, are likely to be done soonest with. @param processors of the GPU */
int fov_gemm_tile_choose(const fov_gemm_problem *const *problem, int count, int processors);

/**
 * A launch of products with tile number `tile`.
 * @param type  "f16", "u8", ...
 * @param count 1 to FOV_GEMM_PROBLEMS
 * @return FOV_OK, FOV_ERR_LIMIT (it would have too many blocks)
 */
fov_status fov_gemm_fill(const char *type, const fov_gemm_problem *const *problem, int count, int tile, fov_gemm_params *params,
                         fov_cuda_launch *launch, fov_error *err);

/** Add what its time depends on, so that it is known again. */
void fov_gemm_describe(const fov_gemm_problem *problem, fov_text *text);

#endif
