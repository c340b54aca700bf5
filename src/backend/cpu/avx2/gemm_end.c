// SPDX-License-Identifier: MIT
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/ymm.h"
#include "backend/cpu/avx2/storage.h"

#include "backend/cpu/end_tile.h"
#include "backend/cpu/widen_tile.h"

void fov_gemm_end_avx2(fov_kernels *kernels)
{
    kernels->gemm_end = (fov_gemm_end){"gemm_end_avx2", end_sums};
    kernels->widen = (fov_widen){"widen_avx2", widen_f16, widen_bf16, widen_u8};
}
