// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

void fov_kernels_avx512(fov_kernels *kernels)
{
    fov_gemm_avx512(kernels);
    fov_gemm_end_avx512(kernels);
    fov_gemm_narrow_avx512(kernels);
    fov_depthwise_avx512(kernels);
    fov_rows_avx512(kernels);
    fov_winograd_avx512(kernels);
}
