// SPDX-License-Identifier: MIT
/* The types that tensor cores multiply: 32 bytes of k at once, of any of them. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_PRODUCT_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_PRODUCT_CUH

#include "backend/cuda/kernels/kernel.cuh"

#define FOV_PRODUCT(mma)                                                                                                           \
    template <int M, int N>                                                                                                        \
    static __device__ __forceinline__ void multiply(sum (&d)[M][N][4], const uint32_t (&a)[M][4], const uint32_t (&b)[N][2])       \
    {                                                                                                                              \
        _Pragma("unroll") for (int i = 0; i < M; i++) _Pragma("unroll") for (int j = 0; j < N; j++) mma(d[i][j], a[i], b[j]);      \
    }

struct fov_product_f16 {
    typedef float sum;
    enum { RESTARTS = 0 };
    FOV_PRODUCT(fov_mma_f16)
};

struct fov_product_u8 { /* times signed weights */
    typedef int32_t sum;
    enum { RESTARTS = 0 };
    FOV_PRODUCT(fov_mma_u8s8)
};

#ifdef FOV_PTX_80

struct fov_product_bf16 {
    typedef float sum;
    enum { RESTARTS = 0 };
    FOV_PRODUCT(fov_mma_bf16)
};

/* A float is the sum of two that tensor cores see whole, but for its last bits; of the four products the smallest is left out. */
static __device__ __forceinline__ void fov_tf32_split(uint32_t bits, uint32_t *high, uint32_t *low)
{
    const float v = __uint_as_float(bits);
    *high = fov_to_tf32(v);
    *low = fov_to_tf32(v - __uint_as_float(*high));
}

struct fov_product_f32 {
    typedef float sum;
    /* Tensor cores cut off what does not fit beside a sum, always towards zero: over thousands of products that adds up to more than a
     * float's rounding. Each step's sum begins at 0, and is added as floats are. */
    enum { RESTARTS = 1 };
    template <int M, int N>
    static __device__ __forceinline__ void multiply(sum (&d)[M][N][4], const uint32_t (&a)[M][4], const uint32_t (&b)[N][2])
    {
        uint32_t b_high[N][2], b_low[N][2];
#pragma unroll
        for (int j = 0; j < N; j++)
#pragma unroll
            for (int k = 0; k < 2; k++) fov_tf32_split(b[j][k], &b_high[j][k], &b_low[j][k]);
#pragma unroll
        for (int i = 0; i < M; i++) {
            uint32_t high[4], low[4];
#pragma unroll
            for (int k = 0; k < 4; k++) fov_tf32_split(a[i][k], &high[k], &low[k]);
#pragma unroll
            for (int j = 0; j < N; j++) {
                fov_mma_tf32(d[i][j], low, b_high[j]);
                fov_mma_tf32(d[i][j], high, b_low[j]);
                fov_mma_tf32(d[i][j], high, b_high[j]);
            }
        }
    }
};

/* The same with the ten bits after the point that TF32 has, in one product. */
struct fov_product_tf32 {
    typedef float sum;
    enum { RESTARTS = 0 };
    template <int M, int N>
    static __device__ __forceinline__ void multiply(sum (&d)[M][N][4], const uint32_t (&a)[M][4], const uint32_t (&b)[N][2])
    {
        uint32_t rounded[N][2];
#pragma unroll
        for (int j = 0; j < 2 * N; j++) rounded[j / 2][j % 2] = fov_to_tf32(__uint_as_float(b[j / 2][j % 2]));
#pragma unroll
        for (int i = 0; i < M; i++) {
            uint32_t row[4];
#pragma unroll
            for (int k = 0; k < 4; k++) row[k] = fov_to_tf32(__uint_as_float(a[i][k]));
#pragma unroll
            for (int j = 0; j < N; j++) fov_mma_tf32(d[i][j], row, rounded[j]);
        }
    }
};

#endif
#endif
