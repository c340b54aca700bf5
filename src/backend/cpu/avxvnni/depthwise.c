// SPDX-License-Identifier: MIT
#include "backend/cpu/avxvnni/avxvnni.h"

#include "backend/cpu/avx2/ymm.h"

#include "backend/cpu/avx2/integers.h"

enum { TAPS = 4, BLOCK = 32 };

static inline ivec ivec_dot(ivec sum, ivec x, ivec w)
{
    return _mm256_dpbusd_avx_epi32(sum, x, w);
}

#include "backend/cpu/depthwise_int8_tile.h"

static void depthwise_int8_avxvnni(const fov_depthwise_call *call)
{
    if (!fov_depthwise_blocks_avxvnni_run(call)) depthwise_int8(call);
}

void fov_depthwise_avxvnni(fov_kernels *kernels)
{
    kernels->depthwise_int8 = (fov_depthwise_kernel){"int8_avxvnni", TAPS, BLOCK, depthwise_int8_avxvnni};
}
