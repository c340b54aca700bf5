// SPDX-License-Identifier: MIT
#include "backend/cuda/kernels/chain.cuh"

FOV_CHAIN_KERNELS(u8)
