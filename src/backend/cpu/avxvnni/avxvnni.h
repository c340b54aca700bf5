// SPDX-License-Identifier: MIT
/* The kernels of this folder; each function replaces its members of the table. */
#ifndef FOVEA_BACKEND_CPU_AVXVNNI_H
#define FOVEA_BACKEND_CPU_AVXVNNI_H

#include "backend/cpu/kernels.h"

void fov_gemm_avxvnni(fov_kernels *kernels);
void fov_depthwise_avxvnni(fov_kernels *kernels);
void fov_winograd_int8_avxvnni(fov_kernels *kernels);

/** Depthwise in blocks. @return false: there are none, and nothing was done */
bool fov_depthwise_blocks_avxvnni_run(const fov_depthwise_call *call);

#endif
