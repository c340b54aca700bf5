// SPDX-License-Identifier: MIT
/* Small kernels that prove the emulator (test_emulator.c). */
#include "emulator_check.h"

#include "backend/cuda/kernels/kernel.cuh"

/** The sum of a block's numbers: halves are added until one is left. */
FOV_KERNEL(check_sum, check_params, 256)
{
    int32_t  *sums = (int32_t *)fov_shared();
    const int t = (int)threadIdx.x, size = (int)blockDim.x;
    sums[t] = ((const int32_t *)p.x)[(int)blockIdx.x * size + t];
    __syncthreads();
    for (int half = size / 2; half > 0; half /= 2) {
        if (t < half) sums[t] += sums[t + half];
        __syncthreads();
    }
    if (t == 0) ((int32_t *)p.y)[blockIdx.x] = sums[0];
}

/** What each lane gets of the others; y: 5 numbers a thread. */
FOV_KERNEL(check_lanes, check_params, 64)
{
    const int      t = (int)threadIdx.x, v = ((const int32_t *)p.x)[t];
    const uint32_t odd = __ballot_sync(0xffffffffU, v & 1);
    int32_t       *y = (int32_t *)p.y + t * 5;
    int32_t        sum = v;
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffU, sum, step);
    y[0] = sum;
    y[1] = __shfl_up_sync(0xffffffffU, v, 1);
    y[2] = __shfl_down_sync(0xffffffffU, v, 3, 8);
    y[3] = (int32_t)odd;
    if (t % 32 < 4) y[4] = __shfl_sync(0xfU, v, 2);
    else y[4] = __popc(odd);
    atomicAdd((int32_t *)p.count, v);
}

/** D = A * B of one warp: 16 x 32 bytes times 32 bytes x 8, A and B (its columns) in rows of 32 bytes. */
template <class T, class Multiply> static __device__ __forceinline__ void product(const check_params *p, Multiply multiply)
{
    unsigned char *shared = fov_shared();
    const int      l = (int)threadIdx.x;
    T              d[4] = {};
    uint32_t       a[4], b[2];
    for (int i = l; i < 32; i += 32) fov_copy_async_16(shared + 16 * i, (const unsigned char *)p->x + 16 * i);
    if (l < 16) fov_copy_async_16(shared + 512 + 16 * l, (const unsigned char *)p->weight + 16 * l);
    fov_copy_async_commit();
    fov_copy_async_wait<0>();
    __syncthreads();
    fov_ldmatrix_x4(a, shared + l % 16 * 32 + l / 16 * 16);
    fov_ldmatrix_x2(b, shared + 512 + l % 8 * 32 + l / 8 % 2 * 16);
    multiply(d, a, b);
    multiply(d, a, b);
    for (int i = 0; i < 4; i++) ((T *)p->y)[(l / 4 + i / 2 * 8) * 8 + l % 4 * 2 + i % 2] = d[i];
}

FOV_KERNEL(check_f16, check_params, 32)
{
    product<float>(&p, fov_mma_f16);
}

FOV_KERNEL(check_bf16, check_params, 32)
{
    product<float>(&p, fov_mma_bf16);
}

FOV_KERNEL(check_tf32, check_params, 32)
{
    product<float>(&p, fov_mma_tf32);
}

FOV_KERNEL(check_u8s8, check_params, 32)
{
    product<int32_t>(&p, fov_mma_u8s8);
}

/** A chain of products, for the time that they take. */
FOV_KERNEL(check_many, check_params, 128)
{
    float          d[4] = {};
    const uint32_t a[4] = {0x3c003c00, 0x3c003c00, 0x3c003c00, 0x3c003c00}, b[2] = {0x3c003c00, 0x3c003c00};
    for (int i = 0; i < p.mode; i++) fov_mma_f16(d, a, b);
    if (threadIdx.x == 0) ((float *)p.y)[blockIdx.x] = d[0];
}

/** Two groups of copies, looked at before, between and after their waits. */
FOV_KERNEL(check_copies, check_params, 32)
{
    uint32_t *first = (uint32_t *)fov_shared() + 4 * threadIdx.x, *second = first + 128;
    uint32_t *y = (uint32_t *)p.y + 6 * threadIdx.x;
    fov_copy_async_16(first, (const uint4 *)p.x + threadIdx.x);
    fov_copy_async_commit();
    fov_copy_async_16(second, (const uint4 *)p.weight + threadIdx.x);
    fov_copy_async_commit();
    y[0] = *(volatile uint32_t *)first;
    y[1] = *(volatile uint32_t *)second;
    fov_copy_async_wait<1>();
    y[2] = *(volatile uint32_t *)first;
    y[3] = *(volatile uint32_t *)second;
    fov_copy_async_wait<0>();
    y[4] = *(volatile uint32_t *)first;
    y[5] = *(volatile uint32_t *)second;
}

/** y[i] += x[i] */
FOV_KERNEL(check_add, check_params, 256)
{
    const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    ((int32_t *)p.y)[i] += ((const int32_t *)p.x)[i];
}

/** Each mode is a mistake. */
FOV_KERNEL(check_mistake, check_params, 64)
{
    unsigned char *shared = fov_shared();
    uint32_t       r[4] = {};
    float          d[4] = {};
    const int      t = (int)threadIdx.x;
    switch (p.mode) {
    case CHECK_LONELY_BARRIER:
        if (t % 32 == 5) __syncwarp();
        else __syncthreads();
        break;
    case CHECK_DIVERGENCE:
        if (t % 2) fov_ldmatrix_x4(r, shared);
        else fov_mma_f16(d, r, {0, 0});
        break;
    case CHECK_RETURNED_LANE:
        if (t != 40) fov_ldmatrix_x4(r, shared);
        break;
    case CHECK_UNALIGNED:
        fov_ldmatrix_x4(r, shared + 8);
        break;
    case CHECK_OUTSIDE:
        fov_copy_async_16(shared + 64 * 1024, p.x);
        break;
    case CHECK_NEVER_WAITS:
        break;
    case CHECK_BEYOND_SHARED:
        shared[1024 + t] = 0;
        break;
    }
}

/** A value of thread 0 read by the last without a barrier, and the other way: one of them is not there. */
FOV_KERNEL(check_no_barrier, check_params, 64)
{
    int32_t  *shared = (int32_t *)fov_shared();
    const int t = (int)threadIdx.x;
    shared[t] = 1;
    ((int32_t *)p.y)[blockIdx.x * 64 + threadIdx.x] = shared[63 - t];
}

/** Three conversions of each number. */
FOV_KERNEL(check_numbers, check_params, 32)
{
    const float v = ((const float *)p.x)[threadIdx.x];
    uint32_t   *y = (uint32_t *)p.y + 3 * threadIdx.x;
    y[0] = fov_to_tf32(v);
    y[1] = __half_as_ushort(__float2half_rn(v));
    y[2] = (uint32_t)__float2int_rn(v);
}

/** Where a thread finds itself; x, y, z of the block and of the thread make its number. */
FOV_KERNEL(check_places, check_params, 64)
{
    const uint32_t block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const uint32_t thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    atomicAdd((uint32_t *)p.y + block * blockDim.x * blockDim.y * blockDim.z + thread, 1000 * block + thread + 1);
}

/** The second warp waits for a flag that the first one sets, then both meet at a barrier of their own, without the third. */
FOV_KERNEL(check_waits, check_params, 96)
{
    int32_t  *shared = (int32_t *)fov_shared();
    const int warp = (int)threadIdx.x / 32;
    int       met = 0;
    if (threadIdx.x == 0) shared[0] = 0;
    __syncthreads();
    if (warp == 0) atomicAdd(&shared[0], 1);
    if (warp == 1) emulator_wait_until([](const void *count) { return *(const int32_t *)count == 32; }, shared);
    const int seen = shared[0];
    if (warp < 2) met = emulator_barrier(1, 64, 1);
    ((int32_t *)p.y)[threadIdx.x] = warp == 0 ? met : warp == 1 ? 1000 * seen + met : __syncthreads_count(1);
    if (warp < 2) (void)__syncthreads_count(0);
}
