// SPDX-License-Identifier: MIT
/* Integers in the words of winograd_int8_tile.h, and sums in those of dot_tile.h, for vectors of 4. They wrap, which the unsigned
 * types say. */
#ifndef FOVEA_BACKEND_CPU_GENERIC_WIDE_H
#define FOVEA_BACKEND_CPU_GENERIC_WIDE_H

#include <stdint.h>
#include <string.h>

/* gcc -fanalyzer takes the logarithm of a vector's lanes for the bits of each, and all shifts below for too far. */
#if __GNUC__ >= 12
#pragma GCC diagnostic ignored "-Wanalyzer-shift-count-overflow"
#endif

enum { LANES = 4 };

typedef uint32_t sum __attribute__((vector_size(16)));
typedef int32_t  sum_signed __attribute__((vector_size(16)));
typedef uint16_t wide __attribute__((vector_size(16)));
typedef uint8_t  wide_bytes __attribute__((vector_size(8)));

static inline sum sum_load(const void *p)
{
    sum s;
    memcpy(&s, p, sizeof s);
    return s;
}

static inline void sum_store(void *p, sum s)
{
    memcpy(p, &s, sizeof s);
}

static inline sum sum_set1(int32_t v)
{
    const uint32_t bits = (uint32_t)v;
    return (sum){bits, bits, bits, bits};
}

static inline sum sum_add(sum a, sum b)
{
    return a + b;
}

static inline sum sum_sub(sum a, sum b)
{
    return a - b;
}

static inline sum sum_mul(sum a, sum b)
{
    return a * b;
}

static inline sum sum_shl(sum v, int bits)
{
    return v << bits;
}

static inline sum sum_sar(sum v, int bits)
{
    return (sum)((sum_signed)v >> bits);
}

static inline wide wide_load_u8(const uint8_t *p)
{
    wide_bytes bytes;
    memcpy(&bytes, p, sizeof bytes);
    return __builtin_convertvector(bytes, wide);
}

static inline void wide_store(int16_t *p, wide v)
{
    memcpy(p, &v, sizeof v);
}

static inline wide wide_add(wide a, wide b)
{
    return a + b;
}

static inline wide wide_sub(wide a, wide b)
{
    return a - b;
}

static inline wide wide_shl(wide v, int bits)
{
    return v << bits;
}

#endif
