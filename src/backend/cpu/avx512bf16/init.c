// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512bf16/avx512bf16.h"

void fov_kernels_avx512bf16(fov_kernels *kernels)
{
    fov_gemm_avx512bf16(kernels);
}
