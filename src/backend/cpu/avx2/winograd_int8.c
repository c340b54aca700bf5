// SPDX-License-Identifier: MIT
/* Products are the kernel's of gemm_int8.c: it takes pairs of 16 bits. */
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/wide_ymm.h"
#include "backend/cpu/winograd_int8_tile.h"

void fov_winograd_int8_avx2(fov_kernels *kernels)
{
    kernels->winograd_int8 = (fov_winograd_int8){.name = "u8_avx2",
                                                 .lanes = LANES,
                                                 .products = {kernels->gemm_int8[0]},
                                                 .input = winograd_int8_input,
                                                 .output = winograd_int8_output};
}
