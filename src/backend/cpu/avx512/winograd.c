// SPDX-License-Identifier: MIT
/* Fourteen tiles by two vectors of columns, as in gemm.c. */
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/zmm.h"

enum { MAX_ROWS = 14, MAX_VECS = 2 };

#include "backend/cpu/winograd_tile.h"

PRODUCTS_KERNEL(14)

void fov_winograd_avx512(fov_kernels *kernels)
{
    kernels->winograd = (fov_winograd){"f32_avx512", LANES, MAX_ROWS, winograd_input, winograd_products, winograd_output};
}
