// SPDX-License-Identifier: MIT
#include "backend/cuda/kernels/conv_gemm.cuh"

#ifdef FOV_PTX_80 /* GPUs before it have no TF32 */
#define FOV_GEMM_TILE(bm, bn, wm, wn, kb, stages) FOV_GEMM_KERNEL(tf32, fov_product_tf32, bm, bn, wm, wn, kb, stages)
#include "backend/cuda/kernels/gemm_tiles.def"
#endif
