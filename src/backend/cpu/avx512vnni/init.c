// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512vnni/avx512vnni.h"

void fov_kernels_avx512vnni(fov_kernels *kernels)
{
    fov_gemm_avx512vnni(kernels);
    fov_gemm_narrow_avx512vnni(kernels);
    fov_depthwise_avx512vnni(kernels);
    fov_winograd_int8_avx512vnni(kernels);
}
