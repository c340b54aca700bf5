// SPDX-License-Identifier: MIT
/* Products are the kernel's of gemm_int8.c: it takes pairs of 16 bits. */
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/wide.h"
#include "backend/cpu/winograd_int8_tile.h"

void fov_winograd_int8_generic(fov_kernels *kernels)
{
    kernels->winograd_int8 = (fov_winograd_int8){.name = "u8_generic",
                                                 .lanes = LANES,
                                                 .products = {kernels->gemm_int8[0]},
                                                 .input = winograd_int8_input,
                                                 .output = winograd_int8_output};
}
