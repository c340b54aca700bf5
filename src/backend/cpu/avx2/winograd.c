// SPDX-License-Identifier: MIT
/* Six tiles by two vectors of columns, as in gemm.c. */
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/ymm.h"

enum { MAX_ROWS = 6, MAX_VECS = 2 };

#include "backend/cpu/winograd_tile.h"

PRODUCTS_KERNEL(6)

void fov_winograd_avx2(fov_kernels *kernels)
{
    kernels->winograd = (fov_winograd){"f32_avx2", LANES, MAX_ROWS, winograd_input, winograd_products, winograd_output};
}
