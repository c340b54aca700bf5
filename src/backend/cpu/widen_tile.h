// SPDX-License-Identifier: MIT
/* Elements made wider (fov_widen), for the vectors of <isa>/storage.h; whole vectors, as fov_widen allows. */
#ifndef FOVEA_BACKEND_CPU_WIDEN_TILE_H
#define FOVEA_BACKEND_CPU_WIDEN_TILE_H

#include "backend/cpu/kernels.h"

#include <stdint.h>

static void widen_f16(size_t n, const void *from, void *to)
{
    for (size_t i = 0; i < n; i += LANES) vec_store_part((float *)to + i, LANES, vec_load_f16((const uint16_t *)from + i, LANES));
}

static void widen_bf16(size_t n, const void *from, void *to)
{
    for (size_t i = 0; i < n; i += LANES) vec_store_part((float *)to + i, LANES, vec_load_bf16((const uint16_t *)from + i, LANES));
}

/* Compilers have instructions for this loop, of whatever length they are told. */
static void widen_u8(size_t n, const void *from, void *to)
{
    const uint8_t *f = from;
    int16_t       *t = to;
    for (size_t i = 0; i < n; i += 16)
        for (size_t j = 0; j < 16; j++) t[i + j] = f[i + j];
}

#endif
