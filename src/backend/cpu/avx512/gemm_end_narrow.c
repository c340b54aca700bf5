// SPDX-License-Identifier: MIT
/* Up to eight columns in half vectors: their stores need no masks. */
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/ymm.h"

#include "backend/cpu/avx2/storage.h"

#include "backend/cpu/end_tile.h"

void fov_gemm_end_narrow_avx512_run(const fov_gemm_end_call *call)
{
    end_sums(call);
}
