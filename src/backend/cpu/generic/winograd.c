// SPDX-License-Identifier: MIT
/* Six tiles by two vectors of columns, as in gemm.c. */
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/vec.h"

enum { MAX_ROWS = 6, MAX_VECS = 2 };

#include "backend/cpu/winograd_tile.h"

PRODUCTS_KERNEL(6)

void fov_winograd_generic(fov_kernels *kernels)
{
    kernels->winograd = (fov_winograd){"f32_generic", LANES, MAX_ROWS, winograd_input, winograd_products, winograd_output};
}
