// SPDX-License-Identifier: MIT
/* Six tiles by two vectors of columns, as in gemm.c. */
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/vec.h"

enum { MAX_ROWS = 6, MAX_VECS = 2 };

#include "backend/cpu/winograd_tile.h"

PRODUCTS(1)
PRODUCTS(2)
PRODUCTS(3)
PRODUCTS(4)
PRODUCTS(5)
PRODUCTS(6)

static void winograd_products(const fov_winograd_products_call *call)
{
    static products_function *const of_rows[] = {products_1, products_2, products_3, products_4, products_5, products_6};
    products_by(of_rows, call);
}

void fov_winograd_generic(fov_kernels *kernels)
{
    kernels->winograd = (fov_winograd){"f32_generic", LANES, MAX_ROWS, winograd_input, winograd_products, winograd_output};
}
