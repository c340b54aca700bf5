// SPDX-License-Identifier: MIT
/* Vectors of 4 floats, in the words of gemm_tile.h and depthwise_tile.h. The compiler's own vector type: it becomes whatever the
 * baseline of the machine has (SSE2, NEON), or plain floats. */
#ifndef FOVEA_BACKEND_CPU_GENERIC_VEC_H
#define FOVEA_BACKEND_CPU_GENERIC_VEC_H

#include <stdint.h>
#include <string.h>

enum { LANES = 4 };
typedef float   vec __attribute__((vector_size(16)));
typedef int32_t vec_bits __attribute__((vector_size(16)));

static inline vec vec_load_part(const float *p, int n)
{
    vec v = {0};
    if (n == LANES) memcpy(&v, p, sizeof v);
    else memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
}

static inline void vec_store_part(float *p, int n, vec v)
{
    if (n == LANES) memcpy(p, &v, sizeof v);
    else memcpy(p, &v, (size_t)n * sizeof *p);
}

static inline vec vec_load(const float *p)
{
    return vec_load_part(p, LANES);
}

static inline vec vec_set1(float v)
{
    return (vec){v, v, v, v};
}

/* Rounded twice where the machine has no fused form; the same everywhere within this table. */
static inline vec vec_fma(vec a, vec b, vec c)
{
    return a * b + c;
}

static inline vec vec_add(vec a, vec b)
{
    return a + b;
}

static inline vec vec_max(vec a, vec b)
{
    const vec_bits larger = a > b;
    return (vec)(((vec_bits)a & larger) | ((vec_bits)b & ~larger));
}

static inline vec vec_activate(vec v, vec slope)
{
    const vec_bits negative = v < 0, scaled = (vec_bits)(v * slope);
    return (vec)((scaled & negative) | ((vec_bits)v & ~negative));
}

#endif
