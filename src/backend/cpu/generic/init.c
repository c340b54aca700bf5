// SPDX-License-Identifier: MIT
#include "backend/cpu/generic/generic.h"

void fov_kernels_generic(fov_kernels *kernels)
{
    fov_gemm_generic(kernels);
    fov_gemm_int8_generic(kernels);
    fov_gemm_end_generic(kernels);
    fov_depthwise_generic(kernels);
    fov_rows_generic(kernels);
    fov_winograd_generic(kernels);
    fov_winograd_int8_generic(kernels);
}
