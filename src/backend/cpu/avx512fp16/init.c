// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512fp16/avx512fp16.h"

void fov_kernels_avx512fp16(fov_kernels *kernels)
{
    fov_gemm_avx512fp16(kernels);
}
