// SPDX-License-Identifier: MIT
/* Elements of tensors of any rank and type, as the reals they stand for. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_TENSOR_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_TENSOR_CUH

#include "backend/cuda/kernels/element.cuh"
#include "backend/cuda/kernels/general_params.h"

static __device__ __forceinline__ int64_t fov_tensor_at(const fov_tensor &t, const int64_t *at)
{
    int64_t offset = 0;
#pragma unroll
    for (int k = 0; k < FOV_MAX_RANK; k++) offset += at[k] * t.stride[k];
    return offset;
}

static __device__ __forceinline__ float fov_tensor_load(const fov_tensor &t, int64_t offset, int64_t channel)
{
    float v;
    fov_load_elements<1>(&v, t.data, t.dtype, offset);
    if (t.dtype != FOV_U8) return v;
    const int64_t c = t.per_channel ? channel : 0;
    return __fmul_rn(v - (float)t.zero_point[c], t.scale[c]);
}

static __device__ __forceinline__ void fov_tensor_store(const fov_tensor &t, int64_t offset, int64_t channel, float v)
{
    const int64_t c = t.per_channel ? channel : 0;
    if (t.dtype == FOV_U8) v = (float)fov_quantize_u8(v, __fdiv_rn(1.0F, t.scale[c]), t.zero_point[c]);
    fov_store_elements<1>(t.data, t.dtype, offset, &v);
}

/** The place of element `i` in row-major order. */
static __device__ __forceinline__ void fov_tensor_place(int64_t i, const int64_t *dim, int64_t *at)
{
#pragma unroll
    for (int k = FOV_MAX_RANK - 1; k >= 0; k--) {
        at[k] = i % dim[k];
        i /= dim[k];
    }
}

/** Element number of this thread; the kernel returns where it is `count` or more. */
static __device__ __forceinline__ int64_t fov_thread_number(void)
{
    return (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
}

#endif
