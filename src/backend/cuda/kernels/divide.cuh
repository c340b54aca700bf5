// SPDX-License-Identifier: MIT
/* Division without a division. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_DIVIDE_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_DIVIDE_CUH

#include "backend/cuda/kernels/kernel.cuh"

/** n / d, for 0 <= n < 2^31. */
static __device__ __forceinline__ int fov_divide(int n, fov_divisor by)
{
    return (int)((__umulhi((uint32_t)n, by.magic) + (uint32_t)n) >> by.shift);
}

#endif
