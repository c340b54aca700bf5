// SPDX-License-Identifier: MIT
#include "backend/cuda/kernels/chain.cuh"

#ifdef FOV_PTX_80 /* GPUs before it have no TF32 */
FOV_CHAIN_KERNELS(tf32)
#endif
