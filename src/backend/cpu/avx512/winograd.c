// SPDX-License-Identifier: MIT
/* Fourteen tiles by two vectors of columns, as in gemm.c. */
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/zmm.h"

enum { MAX_ROWS = 14, MAX_VECS = 2 };

#include "backend/cpu/winograd_tile.h"

PRODUCTS(1)
PRODUCTS(2)
PRODUCTS(3)
PRODUCTS(4)
PRODUCTS(5)
PRODUCTS(6)
PRODUCTS(7)
PRODUCTS(8)
PRODUCTS(9)
PRODUCTS(10)
PRODUCTS(11)
PRODUCTS(12)
PRODUCTS(13)
PRODUCTS(14)

static void winograd_products(const fov_winograd_products_call *call)
{
    static products_function *const of_rows[] = {products_1,  products_2,  products_3,  products_4, products_5,
                                                 products_6,  products_7,  products_8,  products_9, products_10,
                                                 products_11, products_12, products_13, products_14};
    products_by(of_rows, call);
}

void fov_winograd_avx512(fov_kernels *kernels)
{
    kernels->winograd = (fov_winograd){"f32_avx512", LANES, MAX_ROWS, winograd_input, winograd_products, winograd_output};
}
