// SPDX-License-Identifier: MIT
/* Types of activations as template parameters: `width` elements at a time, which are a chunk, become floats, or are made of them.
 * `Raw` is a chunk as it is loaded. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_WIDEN_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_WIDEN_CUH

#include "backend/cuda/kernels/element.cuh"

struct fov_kind_f16 {
    typedef uint4     Raw;
    static const int  width = 8, size = 2, dtype = FOV_F16;
    static const bool integer = false;

    static __device__ __forceinline__ void widen(float (&v)[8], const uint4 &raw)
    {
        const uint32_t word[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            v[2 * i] = fov_f16_to_float((uint16_t)(word[i] & 0xffffU));
            v[2 * i + 1] = fov_f16_to_float((uint16_t)(word[i] >> 16));
        }
    }

    static __device__ __forceinline__ uint32_t pair(float low, float high)
    {
        return (uint32_t)fov_float_to_f16(low) | (uint32_t)fov_float_to_f16(high) << 16;
    }

    static __device__ __forceinline__ uint4 narrow(const float (&v)[8])
    {
        return make_uint4(pair(v[0], v[1]), pair(v[2], v[3]), pair(v[4], v[5]), pair(v[6], v[7]));
    }
};

struct fov_kind_bf16 {
    typedef uint4     Raw;
    static const int  width = 8, size = 2, dtype = FOV_BF16;
    static const bool integer = false;

    static __device__ __forceinline__ void widen(float (&v)[8], const uint4 &raw)
    {
        const uint32_t word[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            v[2 * i] = __uint_as_float(word[i] << 16);
            v[2 * i + 1] = __uint_as_float(word[i] & 0xffff0000U);
        }
    }

    static __device__ __forceinline__ uint32_t pair(float low, float high)
    {
        return (uint32_t)fov_float_to_bf16(low) | (uint32_t)fov_float_to_bf16(high) << 16;
    }

    static __device__ __forceinline__ uint4 narrow(const float (&v)[8])
    {
        return make_uint4(pair(v[0], v[1]), pair(v[2], v[3]), pair(v[4], v[5]), pair(v[6], v[7]));
    }
};

/** The integers themselves: their sums of fewer than 500 products with signed bytes are exact in floats. narrow() takes what
 * quantize() gives. */
struct fov_kind_u8 {
    typedef uint2     Raw;
    static const int  width = 8, size = 1, dtype = FOV_U8;
    static const bool integer = true;

    /* Byte i of a word, as the low bits of 2^23. */
    static __device__ __forceinline__ float byte(uint32_t word, uint32_t i)
    {
        return __fsub_rn(__uint_as_float(__byte_perm(word, 0x4b000000U, 0x7440U + i)), 8388608.0F);
    }

    static __device__ __forceinline__ void widen(float (&v)[8], const uint2 &raw)
    {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            v[i] = byte(raw.x, (uint32_t)i);
            v[4 + i] = byte(raw.y, (uint32_t)i);
        }
    }

    /* The low bytes of four words. */
    static __device__ __forceinline__ uint32_t word(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
    {
        return __byte_perm(__byte_perm(a, b, 0x0040U), __byte_perm(c, d, 0x0040U), 0x5410U);
    }

    /* fov_quantize_u8() less the zero point, as a float that is so much more than 2^23 + 2^22 (fov_round_small()). */
    static __device__ __forceinline__ float centred(float v, float inverse_scale, float zero_point)
    {
        const float scaled = __fmul_rn(v, inverse_scale), known = scaled == scaled ? scaled : 0.0F;
        return __fadd_rn(fminf(fmaxf(known, -zero_point), 255.0F - zero_point), 12582912.0F);
    }

    /* fov_quantize_u8(), as a float whose low byte it is. */
    static __device__ __forceinline__ float quantize(float v, float inverse_scale, float zero_point)
    {
        return __fadd_rn(centred(v, inverse_scale, zero_point), zero_point);
    }

    static __device__ __forceinline__ uint2 narrow(const float (&v)[8])
    {
        uint32_t bits[8];
#pragma unroll
        for (int i = 0; i < 8; i++) bits[i] = __float_as_uint(v[i]);
        return make_uint2(word(bits[0], bits[1], bits[2], bits[3]), word(bits[4], bits[5], bits[6], bits[7]));
    }
};

struct fov_kind_f32 {
    typedef uint4     Raw;
    static const int  width = 4, size = 4, dtype = FOV_F32;
    static const bool integer = false;

    static __device__ __forceinline__ void widen(float (&v)[4], const uint4 &raw)
    {
        v[0] = __uint_as_float(raw.x);
        v[1] = __uint_as_float(raw.y);
        v[2] = __uint_as_float(raw.z);
        v[3] = __uint_as_float(raw.w);
    }

    static __device__ __forceinline__ uint4 narrow(const float (&v)[4])
    {
        return make_uint4(__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]), __float_as_uint(v[3]));
    }
};

/** A chunk's numbers of a row of floats. @param row the row's first float; chunk of `chunks` */
template <int width> static __device__ __forceinline__ void fov_chunk_numbers(float *v, const float *row, int chunk, int chunks)
{
#pragma unroll
    for (int i = 0; i < width / 4; i++) {
        const float4 four = ((const float4 *)row)[i * chunks + chunk];
        v[4 * i] = four.x;
        v[4 * i + 1] = four.y;
        v[4 * i + 2] = four.z;
        v[4 * i + 3] = four.w;
    }
}

#endif
