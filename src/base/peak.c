// SPDX-License-Identifier: MIT
/* Chains of one instruction, long enough and enough of them beside each other that only the processor's ports are the limit. */
#include "base/peak.h"

#include "base/cpu.h"

#include <stddef.h>
#include <time.h>

enum { ROUNDS = 30000, REPEATS = 60, CHAINS = 12 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Independent sums of four lanes, multiply and add apart: what plain C can have. */
static void burn_generic(void)
{
    typedef float  v4 __attribute__((vector_size(16)));
    volatile float zero = 0; /* so that nothing below is known to be zero */
    const v4       x = {zero, zero, zero, zero};
    v4             a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
    for (int round = 0; round < ROUNDS; round++) {
        a += a * x, b += b * x, c += c * x, d += d * x, e += e * x, f += f * x;
        g += g * x, h += h * x, i += i * x, j += j * x, k += k * x, l += l * x;
    }
    __asm__ volatile("" ::"m"(a), "m"(b), "m"(c), "m"(d), "m"(e), "m"(f), "m"(g), "m"(h), "m"(i), "m"(j), "m"(k), "m"(l));
}

#if defined(__x86_64__)
#define TWELVE(M, reg)                                                                                                             \
    M(reg, "0")                                                                                                                    \
    M(reg, "1")                                                                                                                    \
    M(reg, "2") M(reg, "3") M(reg, "4") M(reg, "5") M(reg, "6") M(reg, "7") M(reg, "8") M(reg, "9") M(reg, "10") M(reg, "11")
#define CLOBBERED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm14", "xmm15"
#define FMA(reg, n) "vfmadd231ps %%" reg "15, %%" reg "15, %%" reg n "\n"
#define DOT_BYTES(reg, n) "vpdpbusd %%" reg "15, %%" reg "15, %%" reg n "\n"
#define DOT_BYTES_VEX(reg, n) "%{vex%} vpdpbusd %%" reg "15, %%" reg "15, %%" reg n "\n"
#define DOT_WORDS(reg, n) "vpmaddwd %%" reg "15, %%" reg "15, %%" reg "14\nvpaddd %%" reg "14, %%" reg n ", %%" reg n "\n"
#define FMA_HALVES(reg, n) "vfmadd231ph %%" reg "15, %%" reg "15, %%" reg n "\n"
#define DOT_BF16(reg, n) "vdpbf16ps %%" reg "15, %%" reg "15, %%" reg n "\n"

/* Register 15 is zero: sums stay zero, and no number is denormal. */
#define BURN(name, isa, clear, M, reg)                                                                                             \
    __attribute__((target(isa))) static void name(void)                                                                            \
    {                                                                                                                              \
        __asm__ volatile(clear " %%" reg "15, %%" reg "15, %%" reg "15" ::: "xmm15");                                              \
        for (int i = 0; i < ROUNDS; i++) __asm__ volatile(TWELVE(M, reg)::: CLOBBERED);                                            \
    }

BURN(burn_fma_ymm, "avx2,fma", "vpxor", FMA, "ymm")
BURN(burn_fma_zmm, "avx512f", "vpxorq", FMA, "zmm")
BURN(burn_words_ymm, "avx2", "vpxor", DOT_WORDS, "ymm")
BURN(burn_words_zmm, "avx512bw", "vpxorq", DOT_WORDS, "zmm")
BURN(burn_bytes_ymm, "avx2", "vpxor", DOT_BYTES_VEX, "ymm")
BURN(burn_bytes_zmm, "avx512vnni", "vpxorq", DOT_BYTES, "zmm")
BURN(burn_bf16_zmm, "avx512bf16", "vpxorq", DOT_BF16, "zmm")
#if defined(FOVEA_AVX512FP16)
BURN(burn_halves_zmm, "avx512fp16", "vpxorq", FMA_HALVES, "zmm")
#endif
#endif

/* The last row whose feature is there counts. INT8 kernels without a dot product of bytes widen to words. */
static const struct {
    fov_peak what;
    unsigned feature; /* 0: always there */
    void (*burn)(void);
    int macs; /* an instruction does */
} rows[] = {
    {FOV_PEAK_FP32, 0, burn_generic, 4},
#if defined(__x86_64__)
    {FOV_PEAK_FP32, FOV_CPU_AVX2, burn_fma_ymm, 8},
    {FOV_PEAK_FP32, FOV_CPU_AVX512, burn_fma_zmm, 16},
    {FOV_PEAK_BF16, FOV_CPU_AVX512_BF16, burn_bf16_zmm, 32},
#if defined(FOVEA_AVX512FP16)
    {FOV_PEAK_FP16, FOV_CPU_AVX512_FP16, burn_halves_zmm, 32},
#endif
    {FOV_PEAK_INT8, FOV_CPU_AVX2, burn_words_ymm, 16},
    {FOV_PEAK_INT8, FOV_CPU_AVX_VNNI, burn_bytes_ymm, 32},
    {FOV_PEAK_INT8, FOV_CPU_AVX512, burn_words_zmm, 32},
    {FOV_PEAK_INT8, FOV_CPU_AVX512_VNNI, burn_bytes_zmm, 64},
#endif
};

static double measure(void (*burn)(void), int macs)
{
    double best = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        const double start = now();
        burn();
        const double seconds = now() - start;
        if (seconds < best) best = seconds;
    }
    return (double)macs * CHAINS * ROUNDS / best;
}

double fov_peak_macs(fov_peak what, unsigned features)
{
    size_t found = sizeof rows / sizeof *rows;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].what == what && (rows[i].feature & features) == rows[i].feature) found = i;
    if (found == sizeof rows / sizeof *rows) return fov_peak_macs(FOV_PEAK_FP32, features);
    return measure(rows[found].burn, rows[found].macs);
}
