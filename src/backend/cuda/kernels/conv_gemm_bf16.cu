// SPDX-License-Identifier: MIT
#include "backend/cuda/kernels/conv_gemm.cuh"

#ifdef FOV_PTX_80 /* GPUs before it take conv_direct.cu */
#define FOV_GEMM_TILE(bm, bn, wm, wn, kb, stages) FOV_GEMM_KERNEL(bf16, fov_product_bf16, bm, bn, wm, wn, kb, stages)
#include "backend/cuda/kernels/gemm_tiles.def"
#endif
