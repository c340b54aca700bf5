// SPDX-License-Identifier: MIT
#include "backend/cpu/avxvnni/avxvnni.h"

void fov_kernels_avxvnni(fov_kernels *kernels)
{
    fov_gemm_avxvnni(kernels);
    fov_depthwise_avxvnni(kernels);
    fov_winograd_int8_avxvnni(kernels);
}
