// SPDX-License-Identifier: MIT
#include "backend/cuda/kernels/conv_gemm.cuh"

#define FOV_GEMM_TILE(bm, bn, wm, wn, kb, stages) FOV_GEMM_KERNEL(u8, fov_product_u8, bm, bn, wm, wn, kb, stages)
#include "backend/cuda/kernels/gemm_tiles.def"
