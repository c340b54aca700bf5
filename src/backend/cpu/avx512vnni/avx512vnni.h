// SPDX-License-Identifier: MIT
/* The kernels of this folder; each function replaces its members of the table. */
#ifndef FOVEA_BACKEND_CPU_AVX512VNNI_H
#define FOVEA_BACKEND_CPU_AVX512VNNI_H

#include "backend/cpu/kernels.h"

void fov_gemm_avx512vnni(fov_kernels *kernels);
void fov_gemm_narrow_avx512vnni(fov_kernels *kernels);
void fov_depthwise_avx512vnni(fov_kernels *kernels);
void fov_winograd_int8_avx512vnni(fov_kernels *kernels);

/** Depthwise in half vectors: for up to 8 channels. */
void fov_depthwise_int8_narrow_avx512vnni_run(const fov_depthwise_call *call);

/** Depthwise in blocks. @return false: there are none, and nothing was done */
bool fov_depthwise_blocks_avx512vnni_run(const fov_depthwise_call *call);

#endif
