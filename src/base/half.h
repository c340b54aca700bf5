// SPDX-License-Identifier: MIT
/* 16-bit floats as files store them -> float; both conversions are exact. */
#ifndef FOVEA_BASE_HALF_H
#define FOVEA_BASE_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float fov_float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** bfloat16: the upper half of a float. */
static inline float fov_bf16_to_float(uint16_t bits)
{
    return fov_float_from_bits((uint32_t)bits << 16);
}

/** IEEE binary16: sign, 5 bits of exponent (bias 15), 10 of fraction. */
static inline float fov_half_to_float(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) return fov_float_from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent) return fov_float_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float tiny = ldexpf((float)fraction, -24); /* subnormal or zero */
    return sign ? -tiny : tiny;
}

#endif
