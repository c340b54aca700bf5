// SPDX-License-Identifier: MIT
#include "backend/cpu/amx/amx.h"

void fov_kernels_amx(fov_kernels *kernels)
{
    fov_gemm_int8_amx(kernels);
    fov_gemm_bf16_amx(kernels);
}
