// SPDX-License-Identifier: MIT
#include "backend/cpu/kernels.h"

#include "base/cpu.h"

#include <math.h>

void fov_kernels_init(fov_kernels *kernels, unsigned cpu)
{
    *kernels = (fov_kernels){0};
    fov_kernels_generic(kernels); /* complete on any machine; later lines only replace */
#if defined(__x86_64__) && !defined(FOVEA_PLAIN)
    if (cpu & FOV_CPU_AVX2) fov_kernels_avx2(kernels);
    if (cpu & FOV_CPU_AVX_VNNI) fov_kernels_avxvnni(kernels);
    if (cpu & FOV_CPU_AVX512) fov_kernels_avx512(kernels);
    if (cpu & FOV_CPU_AVX512_VNNI) fov_kernels_avx512vnni(kernels);
    if (cpu & FOV_CPU_AVX512_BF16) fov_kernels_avx512bf16(kernels);
#if defined(FOVEA_AVX512FP16)
    if (cpu & FOV_CPU_AVX512_FP16) fov_kernels_avx512fp16(kernels);
#endif
    if (cpu & FOV_CPU_AMX) fov_kernels_amx(kernels);
#else
    (void)cpu;
#endif
}

size_t fov_gemm_tile_step(size_t groups)
{
    size_t step = groups < 16 ? groups : 16;
    while (groups % step) step--;
    return step;
}

static bool moderate(float v)
{
    return fabsf(v) < 0x1p60F;
}

bool fov_gemm_end_is_plain(size_t channel, float slope, float most, float bias, const fov_storage *y)
{
    return y->dtype == FOV_U8 && slope >= 0 && slope <= 1 && moderate(most) && moderate(bias) &&
           (most + fabsf(bias)) * y->inverse[channel & y->mask] < 0x1p30F;
}

bool fov_depthwise_is_plain(size_t channels, float slope, const float *scale, const float *bias, const fov_storage *y)
{
    bool plain = slope >= 0 && slope <= 1;
    for (size_t c = 0; c < channels; c++)
        plain = plain && moderate(scale[c]) && moderate(bias[c]) && (y->dtype != FOV_U8 || moderate(y->inverse[c & y->mask]));
    return plain;
}
