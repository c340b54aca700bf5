// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/storage.h"

#include "backend/cpu/end_tile.h"
#include "backend/cpu/widen_tile.h"

static void gemm_end(const fov_gemm_end_call *call)
{
    if (call->n <= LANES / 2) fov_gemm_end_narrow_avx512_run(call);
    else end_sums(call);
}

void fov_gemm_end_avx512(fov_kernels *kernels)
{
    kernels->gemm_end = (fov_gemm_end){"gemm_end_avx512", gemm_end};
    kernels->widen = (fov_widen){"widen_avx512", widen_f16, widen_bf16, widen_u8};
}
