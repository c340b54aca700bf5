// SPDX-License-Identifier: MIT
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/storage.h"

#include "backend/cpu/end_tile.h"
#include "backend/cpu/widen_tile.h"

void fov_gemm_end_generic(fov_kernels *kernels)
{
    kernels->gemm_end = (fov_gemm_end){"gemm_end_generic", end_sums};
    kernels->widen = (fov_widen){"widen_generic", widen_f16, widen_bf16, widen_u8};
}
