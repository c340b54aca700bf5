// SPDX-License-Identifier: MIT
/* The kernels of this folder; each function replaces its members of the table. */
#ifndef FOVEA_BACKEND_CPU_AMX_H
#define FOVEA_BACKEND_CPU_AMX_H

#include "backend/cpu/kernels.h"

void fov_gemm_int8_amx(fov_kernels *kernels);
void fov_gemm_bf16_amx(fov_kernels *kernels);

#endif
