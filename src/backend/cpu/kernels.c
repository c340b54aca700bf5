// SPDX-License-Identifier: MIT
#include "backend/cpu/kernels.h"

#include "base/cpu.h"

void fov_kernels_init(fov_kernels *kernels, unsigned cpu)
{
    *kernels = (fov_kernels){0};
    fov_kernels_generic(kernels); /* complete on any machine; later lines only replace */
#if defined(__x86_64__)
    if (cpu & FOV_CPU_AVX2) fov_kernels_avx2(kernels);
    if (cpu & FOV_CPU_AVX_VNNI) fov_kernels_avxvnni(kernels);
    if (cpu & FOV_CPU_AVX512) fov_kernels_avx512(kernels);
    if (cpu & FOV_CPU_AVX512_VNNI) fov_kernels_avx512vnni(kernels);
    if (cpu & FOV_CPU_AVX512_BF16) fov_kernels_avx512bf16(kernels);
#else
    (void)cpu;
#endif
}
