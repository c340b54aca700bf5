// SPDX-License-Identifier: MIT
/* The most multiply-adds per second that one core can do in registers, by instruction set: the yardstick of --bench. */
#include "check.h"

#include "base/cpu.h"

#include <time.h>

enum { ROUNDS = 300000, REPEATS = 100 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__x86_64__)
#define TEN(op, reg)                                                                                                               \
    op " %%" reg "15, %%" reg "15, %%" reg "0\n" op " %%" reg "15, %%" reg "15, %%" reg "1\n" op " %%" reg "15, %%" reg            \
       "15, %%" reg "2\n" op " %%" reg "15, %%" reg "15, %%" reg "3\n" op " %%" reg "15, %%" reg "15, %%" reg "4\n" op " %%" reg   \
       "15, %%" reg "15, %%" reg "5\n" op " %%" reg "15, %%" reg "15, %%" reg "6\n" op " %%" reg "15, %%" reg "15, %%" reg         \
       "7\n" op " %%" reg "15, %%" reg "15, %%" reg "8\n" op " %%" reg "15, %%" reg "15, %%" reg "9\n"
#define CLOBBERED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm15"

__attribute__((target("avx512f"))) static void burn_avx512(void)
{
    __asm__ volatile("vpxorq %%zmm15, %%zmm15, %%zmm15" ::: "xmm15");
    for (int i = 0; i < ROUNDS; i++) __asm__ volatile(TEN("vfmadd231ps", "zmm")::: CLOBBERED);
}

__attribute__((target("avx2,fma"))) static void burn_avx2(void)
{
    __asm__ volatile("vpxor %%ymm15, %%ymm15, %%ymm15" ::: "xmm15");
    for (int i = 0; i < ROUNDS; i++) __asm__ volatile(TEN("vfmadd231ps", "ymm")::: CLOBBERED);
}
#endif

/* Independent sums of four lanes, multiply and add apart: what plain C can have. */
static void burn_generic(void)
{
    typedef float  v4 __attribute__((vector_size(16)));
    volatile float zero = 0; /* so that nothing below is known to be zero */
    const v4       x = {zero, zero, zero, zero};
    v4             a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x;
    for (int round = 0; round < ROUNDS; round++)
        a += a * x, b += b * x, c += c * x, d += d * x, e += e * x, f += f * x, g += g * x, h += h * x, i += i * x, j += j * x;
    __asm__ volatile("" ::"m"(a), "m"(b), "m"(c), "m"(d), "m"(e), "m"(f), "m"(g), "m"(h), "m"(i), "m"(j));
}

double peak_gflops(unsigned level)
{
    void (*burn)(void) = burn_generic;
    double lanes = 4, best = 1e9;
#if defined(__x86_64__)
    if (level & FOV_CPU_AVX2) burn = burn_avx2, lanes = 8;
    if (level & FOV_CPU_AVX512) burn = burn_avx512, lanes = 16;
#else
    (void)level;
#endif
    for (int i = 0; i < REPEATS; i++) {
        double start = now();
        burn();
        double seconds = now() - start;
        if (seconds < best) best = seconds;
    }
    return 2 * lanes * 10 * ROUNDS / best * 1e-9;
}
