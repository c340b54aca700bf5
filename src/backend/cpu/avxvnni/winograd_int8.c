// SPDX-License-Identifier: MIT
/* vpdpwssd in 256 bits. */
#include "backend/cpu/avxvnni/avxvnni.h"

#include "backend/cpu/avx2/wide_ymm.h"

enum { MAX_ROWS = 6, MAX_VECS = 2 };

static inline sum dot(sum s, groups a, groups w)
{
    return _mm256_dpwssd_avx_epi32(s, a, w);
}

#include "backend/cpu/dot_tile.h"

INSTANCES_6(DOT_TILE, 2)
DOT_KERNEL(products_6x16, 6, 2)

#include "backend/cpu/winograd_int8_tile.h"

void fov_winograd_int8_avxvnni(fov_kernels *kernels)
{
    kernels->winograd_int8 = (fov_winograd_int8){.name = "u8_avxvnni",
                                                 .lanes = LANES,
                                                 .products = {{"s16_avxvnni_6x16", MAX_ROWS, 16, FOV_GROUP_S16, products_6x16}},
                                                 .input = winograd_int8_input,
                                                 .output = winograd_int8_output};
}
