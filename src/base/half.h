// SPDX-License-Identifier: MIT
/* The 16-bit floating-point formats of weight files, widened exactly. */
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

#endif
