// SPDX-License-Identifier: MIT
/* The kernels of this folder; each function replaces its members of the table. */
#ifndef FOVEA_BACKEND_CPU_AVXVNNI_H
#define FOVEA_BACKEND_CPU_AVXVNNI_H

#include "backend/cpu/kernels.h"

void fov_gemm_avxvnni(fov_kernels *kernels);
void fov_depthwise_avxvnni(fov_kernels *kernels);

#endif
