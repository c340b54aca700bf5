// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/storage.h"

#include "backend/cpu/end_tile.h"
#include "backend/cpu/widen_tile.h"

/* Rows of all channels without gaps, two to a vector. */
static bool is_dense(const fov_gemm_end_call *call)
{
    const int half = LANES / 2;
    return call->plain && !call->residual && call->n == half && call->channels == half && call->ldc == half && call->ldsum == half;
}

static void end_dense(const fov_gemm_end_call *call)
{
    fov_gemm_end_call pairs = *call, last = *call;
    pairs.m = call->m / 2;
    pairs.n = LANES;
    pairs.ldc = pairs.ldsum = LANES;
    end_plain(pairs, false);
    if (call->m % 2 == 0) return;
    last.m = 1;
    last.sum = (const int32_t *)call->sum + (call->m - 1) * call->ldsum;
    last.c += (call->m - 1) * call->ldc;
    fov_gemm_end_narrow_avx512_run(&last);
}

static void gemm_end(const fov_gemm_end_call *call)
{
    if (is_dense(call)) end_dense(call);
    else if (call->n <= LANES / 2) fov_gemm_end_narrow_avx512_run(call);
    else end_sums(call);
}

void fov_gemm_end_avx512(fov_kernels *kernels)
{
    kernels->gemm_end = (fov_gemm_end){"gemm_end_avx512", gemm_end};
    kernels->widen = (fov_widen){"widen_avx512", widen_f16, widen_bf16, widen_u8};
}
