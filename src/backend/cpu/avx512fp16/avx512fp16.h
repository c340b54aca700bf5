// SPDX-License-Identifier: MIT
/* The kernels of this folder; each function replaces its members of the table. */
#ifndef FOVEA_BACKEND_CPU_AVX512FP16_H
#define FOVEA_BACKEND_CPU_AVX512FP16_H

#include "backend/cpu/kernels.h"

void fov_gemm_avx512fp16(fov_kernels *kernels);

#endif
