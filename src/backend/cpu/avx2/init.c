// SPDX-License-Identifier: MIT
#include "backend/cpu/avx2/avx2.h"

void fov_kernels_avx2(fov_kernels *kernels)
{
    fov_gemm_avx2(kernels);
    fov_gemm_int8_avx2(kernels);
    fov_gemm_end_avx2(kernels);
    fov_depthwise_avx2(kernels);
    fov_rows_avx2(kernels);
    fov_winograd_avx2(kernels);
    fov_winograd_int8_avx2(kernels);
}
