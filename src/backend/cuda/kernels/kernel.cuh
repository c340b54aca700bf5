// SPDX-License-Identifier: MIT
/* How a kernel is written here, so that the same source is compiled by nvcc for GPUs and by a C++ compiler for the emulator that
 * tests run on machines without one (tests/cuda/emulator/).
 *
 * A kernel takes one struct by value, of those in params.h, and is declared with FOV_KERNEL. Its shared memory is dynamic, given by
 * fov_shared(). What has no C++ spelling (matrix products, asynchronous copies) is a function of ptx.cuh. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_KERNEL_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_KERNEL_CUH

#ifdef FOVEA_CUDA_EMULATOR
#include "emulator.h"
#else

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

/* The body follows; the parameters are called p. @param threads the most of a block */
#define FOV_KERNEL(name, params, threads)                                                                                          \
    extern "C" __global__ void __launch_bounds__(threads) name(const __grid_constant__ params p)

static __device__ __forceinline__ unsigned char *fov_shared(void)
{
    extern __shared__ __align__(1024) unsigned char fov_shared_memory[];
    return fov_shared_memory;
}

#endif

#include "backend/cuda/kernels/params.h"
#include "backend/cuda/kernels/ptx.cuh"

#endif
