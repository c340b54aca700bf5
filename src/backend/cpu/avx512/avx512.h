// SPDX-License-Identifier: MIT
/* The kernels of this folder; each function replaces its members of the table. */
#ifndef FOVEA_BACKEND_CPU_AVX512_H
#define FOVEA_BACKEND_CPU_AVX512_H

#include "backend/cpu/kernels.h"

void fov_gemm_avx512(fov_kernels *kernels);
void fov_gemm_end_avx512(fov_kernels *kernels);
void fov_gemm_narrow_avx512(fov_kernels *kernels);
void fov_depthwise_avx512(fov_kernels *kernels);
void fov_rows_avx512(fov_kernels *kernels);
void fov_winograd_avx512(fov_kernels *kernels);

/** Depthwise in half vectors: for up to 8 channels. */
void fov_depthwise_narrow_avx512_run(const fov_depthwise_call *call);
void fov_depthwise_int8_narrow_avx512_run(const fov_depthwise_call *call);
/** The end of sums in half vectors: for up to 8 columns. */
void fov_gemm_end_narrow_avx512_run(const fov_gemm_end_call *call);

#endif
