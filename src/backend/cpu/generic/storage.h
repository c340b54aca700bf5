// SPDX-License-Identifier: MIT
/* Storage types into vectors of floats and back, in the words of storage_tile.h, for the vectors of vec.h. */
#ifndef FOVEA_BACKEND_CPU_GENERIC_STORAGE_H
#define FOVEA_BACKEND_CPU_GENERIC_STORAGE_H

#include "backend/cpu/generic/vec.h"

#include <stddef.h>
#include "base/half.h"

typedef vec_bits ivec;

static inline vec vec_mul(vec a, vec b)
{
    return a * b;
}

static inline ivec ivec_load(const int32_t *p)
{
    ivec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline ivec ivec_set1(int32_t v)
{
    return (ivec){v, v, v, v};
}

static inline vec vec_from_int(ivec v)
{
    return __builtin_convertvector(v, vec);
}

static inline vec vec_load_f16(const uint16_t *p, int n)
{
    vec v = {0};
    for (int i = 0; i < n; i++) v[i] = fov_float_from_half(p[i]);
    return v;
}

static inline void vec_store_f16(uint16_t *p, int n, vec v)
{
    for (int i = 0; i < n; i++) p[i] = fov_half_from_float(v[i]);
}

static inline vec vec_load_bf16(const uint16_t *p, int n)
{
    ivec v = {0};
    for (int i = 0; i < n; i++) v[i] = (int32_t)((uint32_t)p[i] << 16);
    return (vec)v;
}

static inline void vec_store_bf16(uint16_t *p, int n, vec v)
{
    for (int i = 0; i < n; i++) p[i] = fov_bf16_from_float(v[i]);
}

static inline ivec ivec_load_u8(const uint8_t *p, int n)
{
    uint8_t bytes __attribute__((vector_size(LANES))) = {0};
    if (n == LANES) memcpy(&bytes, p, LANES);
    else memcpy(&bytes, p, (size_t)n);
    return __builtin_convertvector(bytes, ivec);
}

static inline void ivec_store_u8(uint8_t *p, int n, ivec v)
{
    for (int i = 0; i < n; i++) p[i] = (uint8_t)(v[i] < 0 ? 0 : v[i] > UINT8_MAX ? UINT8_MAX : v[i]);
}

/** Four vectors of integers, saturated to bytes: `a` at p, the others each `ld` bytes after the one before. */
static inline void ivec_store_u8_rows(uint8_t *p, ptrdiff_t ld, ivec a, ivec b, ivec c, ivec d)
{
    ivec_store_u8(p, LANES, a);
    ivec_store_u8(p + ld, LANES, b);
    ivec_store_u8(p + 2 * ld, LANES, c);
    ivec_store_u8(p + 3 * ld, LANES, d);
}

/** The same: `a` and `b` side by side at p, `c` and `d` at p + ld. */
static inline void ivec_store_u8_pairs(uint8_t *p, ptrdiff_t ld, ivec a, ivec b, ivec c, ivec d)
{
    ivec_store_u8(p, LANES, a);
    ivec_store_u8(p + LANES, LANES, b);
    ivec_store_u8(p + ld, LANES, c);
    ivec_store_u8(p + ld + LANES, LANES, d);
}

static inline vec vec_dequantize(ivec q, ivec zero_point, vec scale)
{
    return vec_from_int(q - zero_point) * scale;
}

/* Adding 1.5 * 2^23 leaves no bits for fractions: the sum is rounded to nearest even. */
static inline ivec round_bounded(vec scaled, ivec zero_point)
{
    const vec limit = vec_set1(512), shift = vec_set1(0x1.8p23F);
    const vec bounded = -vec_max(-vec_max(scaled, -limit), -limit);
    return __builtin_convertvector((bounded + shift) - shift, ivec) + zero_point;
}

static inline ivec vec_quantize_number(vec v, vec inverse, ivec zero_point)
{
    return round_bounded(v * inverse, zero_point);
}

/* Of what is a number below 2^30; here no faster than any number. */
static inline ivec vec_quantize_small(vec v, vec inverse, ivec zero_point)
{
    return vec_quantize_number(v, inverse, zero_point);
}

static inline ivec vec_quantize(vec v, vec inverse, ivec zero_point)
{
    const vec  scaled = v * inverse;
    const ivec is_number = scaled == scaled;
    return round_bounded((vec)((ivec)scaled & is_number), zero_point);
}

#endif
