// SPDX-License-Identifier: MIT
/* Elements of any type as floats, one or several side by side; the same roundings as base/half.h and graph/view.h. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_ELEMENT_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_ELEMENT_CUH

#include "backend/cuda/kernels/kernel.cuh"

static __device__ __forceinline__ float fov_f16_to_float(uint16_t bits)
{
    return __half2float(__ushort_as_half(bits));
}

/** To nearest even; NaN and infinities as they are. */
static __device__ __forceinline__ uint16_t fov_float_to_f16(float v)
{
    return __half_as_ushort(__float2half_rn(v));
}

static __device__ __forceinline__ float fov_bf16_to_float(uint16_t bits)
{
    return __uint_as_float((uint32_t)bits << 16);
}

static __device__ __forceinline__ uint16_t fov_float_to_bf16(float v)
{
    const uint32_t bits = __float_as_uint(v);
    if ((bits & 0x7fffffffU) > 0x7f800000U) return (uint16_t)(bits >> 16 | 0x40U);
    return (uint16_t)((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

/** Two at once, the first in the lower half. */
static __device__ __forceinline__ uint32_t fov_floats_to_f16(float first, float second)
{
#if defined(FOVEA_CUDA_EMULATOR) || __CUDA_ARCH__ < 800
    return fov_float_to_f16(first) | (uint32_t)fov_float_to_f16(second) << 16;
#else
    uint32_t bits;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
    return bits;
#endif
}

/** The same; a NaN may become another one. */
static __device__ __forceinline__ uint32_t fov_floats_to_bf16(float first, float second)
{
#if defined(FOVEA_CUDA_EMULATOR) || __CUDA_ARCH__ < 800
    return fov_float_to_bf16(first) | (uint32_t)fov_float_to_bf16(second) << 16;
#else
    uint32_t bits;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
    return bits;
#endif
}

/** A float of small magnitude (below 2^22) to the nearest integer, ties to even: where units of 1 are the last bit of a float, adding
 * rounds, at the full rate that conversions do not have. */
static __device__ __forceinline__ int32_t fov_round_small(float v)
{
    return __float_as_int(__fadd_rn(v, 12582912.0F)) - 0x4b400000;
}

/** fov_quantize() of graph/view.h, into 0 .. 255. */
static __device__ __forceinline__ int32_t fov_quantize_u8(float v, float inverse_scale, int32_t zero_point)
{
    const float scaled = __fmul_rn(v, inverse_scale), least = (float)-zero_point, most = (float)(255 - zero_point);
    if (!(scaled == scaled)) return zero_point;
    return fov_round_small(scaled < least ? least : scaled > most ? most : scaled) + zero_point;
}

/* W bytes, or 2 W or 4 W, that are aligned to their size, at most 16 at a time. */
template <int bytes> static __device__ __forceinline__ void fov_copy_aligned(void *to, const void *from)
{
    if (bytes % 16 == 0)
        for (int i = 0; i < bytes / 16; i++) ((uint4 *)to)[i] = ((const uint4 *)from)[i];
    else if (bytes == 8) *(uint2 *)to = *(const uint2 *)from;
    else if (bytes == 4) *(uint32_t *)to = *(const uint32_t *)from;
    else if (bytes == 2) *(uint16_t *)to = *(const uint16_t *)from;
    else *(uint8_t *)to = *(const uint8_t *)from;
}

/** W elements from `at` on; U8 as the integers they are. W > 1: aligned to their size. */
template <int W> static __device__ __forceinline__ void fov_load_elements(float *v, const void *data, int dtype, int64_t at)
{
    if (dtype == FOV_F32) {
        alignas(16) float raw[W];
        fov_copy_aligned<W * 4>(raw, (const float *)data + at);
#pragma unroll
        for (int i = 0; i < W; i++) v[i] = raw[i];
    } else if (dtype == FOV_U8) {
        alignas(16) uint8_t raw[W];
        fov_copy_aligned<W>(raw, (const uint8_t *)data + at);
#pragma unroll
        for (int i = 0; i < W; i++) v[i] = (float)raw[i];
    } else {
        alignas(16) uint16_t raw[W];
        fov_copy_aligned<W * 2>(raw, (const uint16_t *)data + at);
#pragma unroll
        for (int i = 0; i < W; i++) v[i] = dtype == FOV_F16 ? fov_f16_to_float(raw[i]) : fov_bf16_to_float(raw[i]);
    }
}

/** The other way; U8 takes whole numbers 0 .. 255. */
template <int W> static __device__ __forceinline__ void fov_store_elements(void *data, int dtype, int64_t at, const float *v)
{
    if (dtype == FOV_F32) {
        alignas(16) float raw[W];
#pragma unroll
        for (int i = 0; i < W; i++) raw[i] = v[i];
        fov_copy_aligned<W * 4>((float *)data + at, raw);
    } else if (dtype == FOV_U8) {
        alignas(16) uint8_t raw[W];
#pragma unroll
        for (int i = 0; i < W; i++) raw[i] = (uint8_t)v[i];
        fov_copy_aligned<W>((uint8_t *)data + at, raw);
    } else if (W == 1) {
        ((uint16_t *)data)[at] = dtype == FOV_F16 ? fov_float_to_f16(v[0]) : fov_float_to_bf16(v[0]);
    } else {
        alignas(16) uint32_t raw[(W + 1) / 2];
#pragma unroll
        for (int i = 0; i + 1 < W; i += 2)
            raw[i / 2] = dtype == FOV_F16 ? fov_floats_to_f16(v[i], v[i + 1]) : fov_floats_to_bf16(v[i], v[i + 1]);
        fov_copy_aligned<W * 2>((uint16_t *)data + at, raw);
    }
}

#endif
