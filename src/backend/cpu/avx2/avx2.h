// SPDX-License-Identifier: MIT
/* The kernels of this folder; each function replaces its members of the table. */
#ifndef FOVEA_BACKEND_CPU_AVX2_H
#define FOVEA_BACKEND_CPU_AVX2_H

#include "backend/cpu/kernels.h"

void fov_gemm_avx2(fov_kernels *kernels);
void fov_gemm_int8_avx2(fov_kernels *kernels);
void fov_gemm_end_avx2(fov_kernels *kernels);
void fov_depthwise_avx2(fov_kernels *kernels);
void fov_rows_avx2(fov_kernels *kernels);
void fov_winograd_avx2(fov_kernels *kernels);
/** After fov_gemm_int8_avx2(). */
void fov_winograd_int8_avx2(fov_kernels *kernels);

#endif
