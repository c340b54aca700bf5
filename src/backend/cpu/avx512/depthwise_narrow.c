// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/ymm.h"
#include "backend/cpu/depthwise_tile.h"

void fov_depthwise_narrow_avx512_run(const fov_depthwise_f32_call *call)
{
    depthwise(call);
}
