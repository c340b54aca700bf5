// SPDX-License-Identifier: MIT
/* The 16-bit floating-point formats: widened exactly, narrowed to nearest, ties to even. */
#ifndef FOVEA_BASE_HALF_H
#define FOVEA_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline float fov_float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** bfloat16 is the upper half of a float32. */
static inline float fov_float_from_bf16(uint16_t bits)
{
    return fov_float_from_bits((uint32_t)bits << 16);
}

/** IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction; subnormals, infinities and NaN payloads are kept. */
static inline float fov_float_from_half(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000U) << 16, exponent = bits >> 10 & 31U, fraction = bits & 0x3ffU;
    if (exponent == 31) return fov_float_from_bits(sign | 0x7f800000U | fraction << 13);
    if (exponent) return fov_float_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float magnitude = (float)fraction * 0x1p-24F;
    return sign ? -magnitude : magnitude;
}

static inline uint32_t fov_bits_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/** NaN stays NaN (quiet); what is beyond the largest bfloat16 becomes infinite. */
static inline uint16_t fov_bf16_from_float(float value)
{
    const uint32_t bits = fov_bits_from_float(value);
    if ((bits & 0x7fffffffU) > 0x7f800000U) return (uint16_t)(bits >> 16 | 0x40U);
    return (uint16_t)((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

/** Subnormals are kept; beyond 65504 (from 65520 on) infinity; NaN stays NaN (quiet). As F16C's vcvtps2ph. */
static inline uint16_t fov_half_from_float(float value)
{
    const uint32_t bits = fov_bits_from_float(value), sign = bits >> 16 & 0x8000U, magnitude = bits & 0x7fffffffU;
    if (magnitude > 0x7f800000U) return (uint16_t)(sign | 0x7e00U | (magnitude >> 13 & 0x3ffU));
    if (magnitude >= 0x477ff000U) return (uint16_t)(sign | 0x7c00U);
    if (magnitude < 0x38800000U) { /* below 2^-14: adding 0.5 leaves the multiple of 2^-24 in the low bits, rounded */
        const float shifted = fov_float_from_bits(magnitude) + 0.5F;
        return (uint16_t)(sign | (fov_bits_from_float(shifted) - 0x3f000000U));
    }
    return (uint16_t)(sign | ((magnitude - 0x38000000U + 0xfffU + (magnitude >> 13 & 1U)) >> 13));
}

#endif
