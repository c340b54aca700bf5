// SPDX-License-Identifier: MIT
/* Which tile of conv_gemm.cuh makes a product. */
#ifndef FOVEA_BACKEND_CUDA_GEMM_TILE_H
#define FOVEA_BACKEND_CUDA_GEMM_TILE_H

#include "backend/cuda/kernels/params.h"

typedef struct fov_gemm_tile {
    int pixels, channels, threads, step_bytes, shared_bytes;
} fov_gemm_tile;

/** The tile that these products, of one launch, are likely to be done soonest with. @param processors of the GPU */
const fov_gemm_tile *fov_gemm_tile_choose(const fov_gemm_problem *const *problem, int count, int processors);

/** Blocks that a product takes. */
int64_t fov_gemm_blocks(const fov_gemm_problem *problem, const fov_gemm_tile *tile);

#endif
