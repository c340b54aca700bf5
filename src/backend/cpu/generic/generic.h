// SPDX-License-Identifier: MIT
/* The kernels of this folder; each function replaces its members of the table. */
#ifndef FOVEA_BACKEND_CPU_GENERIC_H
#define FOVEA_BACKEND_CPU_GENERIC_H

#include "backend/cpu/kernels.h"

void fov_gemm_generic(fov_kernels *kernels);
void fov_gemm_int8_generic(fov_kernels *kernels);
void fov_gemm_end_generic(fov_kernels *kernels);
void fov_depthwise_generic(fov_kernels *kernels);
void fov_rows_generic(fov_kernels *kernels);
void fov_winograd_generic(fov_kernels *kernels);
/** After fov_gemm_int8_generic(). */
void fov_winograd_int8_generic(fov_kernels *kernels);

#endif
