// SPDX-License-Identifier: MIT
#include "base/cpu.h"

#include "base/cgroup.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const struct {
    unsigned    bit;
    const char *name;
} feature_names[] = {{FOV_CPU_AVX2, "avx2"},
                     {FOV_CPU_AVX_VNNI, "avxvnni"},
                     {FOV_CPU_AVX512, "avx512"},
                     {FOV_CPU_AVX512_VNNI, "avx512vnni"},
                     {FOV_CPU_AVX512_BF16, "avx512bf16"},
                     {FOV_CPU_AVX512_FP16, "avx512fp16"},
                     {FOV_CPU_AMX, "amx"}};

static const char known_names[] = "generic, avx2, avxvnni, avx512, avx512vnni, avx512bf16, avx512fp16, amx";

enum { N_FEATURE_NAMES = sizeof feature_names / sizeof *feature_names };

static _Atomic unsigned       mask = ~0U;
static _Thread_local unsigned thread_mask = ~0U;

#if defined(__x86_64__)
static unsigned long long xgetbv0(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}

enum {
    LEAF7_1_EAX_AVX_VNNI = 1 << 4,
    LEAF7_1_EAX_AVX512_BF16 = 1 << 5,
    LEAF7_ECX_AVX512_VNNI = 1 << 11,
    LEAF7_EDX_AVX512_FP16 = 1 << 23,
    LEAF7_EDX_AMX = 1 << 22 | 1 << 24 | 1 << 25, /* BF16, TILE, INT8 */
    STATE_AMX = 3 << 17,                         /* TILECFG, TILEDATA */
};

/* Tiles are 8 KiB of state, which Linux keeps only for processes that asked (its Documentation/arch/x86/xstate.rst); the answer
 * holds for every thread. Another system has nobody to ask, and grants nothing. */
static bool ask_for_tiles(void)
{
    enum { REQUEST = 0x1023 /* ARCH_REQ_XCOMP_PERM */, TILEDATA = 18 };
#if defined(__linux__) && defined(SYS_arch_prctl)
    return !syscall(SYS_arch_prctl, REQUEST, TILEDATA);
#else
    return false;
#endif
}

/* 0: nobody asked yet. Two threads that ask at once get the same answer. */
static bool tiles_granted(void)
{
    static _Atomic int answer;
    if (!atomic_load(&answer)) atomic_store(&answer, ask_for_tiles() ? 1 : -1);
    return atomic_load(&answer) > 0;
}

/* Intel SDM vol. 1, 13.2 and 14.3: OSXSAVE first, then XCR0 (bits 1-2: AVX state, 5-7: AVX-512 state), then leaf 7. */
unsigned fov_cpu_detected(void)
{
    unsigned a, b, c, d, found = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    const unsigned need = bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C;
    if ((c & need) != need) return 0;
    unsigned long long state = xgetbv0();
    if ((state & 0x6) != 0x6 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2)) return 0;
    found |= FOV_CPU_AVX2;
    const unsigned need512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL, leaf7_c = c, leaf7_d = d;
    const bool     has512 = (state & 0xe6) == 0xe6 && (b & need512) == need512;
    unsigned       more = 0; /* subleaf 1 answers zeros where it does not exist */
    if (!__get_cpuid_count(7, 1, &more, &b, &c, &d)) more = 0;
    if (more & LEAF7_1_EAX_AVX_VNNI) found |= FOV_CPU_AVX_VNNI;
    if (has512) found |= FOV_CPU_AVX512;
    if (has512 && (leaf7_c & LEAF7_ECX_AVX512_VNNI)) found |= FOV_CPU_AVX512_VNNI;
    if (has512 && (more & LEAF7_1_EAX_AVX512_BF16)) found |= FOV_CPU_AVX512_BF16;
    if (has512 && (leaf7_d & LEAF7_EDX_AVX512_FP16)) found |= FOV_CPU_AVX512_FP16;
    if (has512 && (leaf7_d & LEAF7_EDX_AMX) == LEAF7_EDX_AMX && (state & STATE_AMX) == STATE_AMX && tiles_granted())
        found |= FOV_CPU_AMX;
    return found;
}

const char *fov_cpu_brand(void)
{
    static _Thread_local char brand[49];
    unsigned                  words[12] = {0};
    unsigned                  highest = (unsigned)__get_cpuid_max(0x80000000U, NULL); /* clang's is an int */
    if (highest < 0x80000004U) return "";
    for (unsigned i = 0, *at = words; i < 3; i++, at += 4) __get_cpuid(0x80000002U + i, at, at + 1, at + 2, at + 3);
    memcpy(brand, words, sizeof words);
    brand[48] = '\0';
    size_t length = strlen(brand);
    while (length && brand[length - 1] == ' ') brand[--length] = '\0';
    return brand;
}
#else
unsigned fov_cpu_detected(void)
{
    return 0;
}

const char *fov_cpu_brand(void)
{
    return "";
}
#endif

unsigned fov_cpu_features(void)
{
    return fov_cpu_detected() & atomic_load(&mask) & thread_mask;
}

void fov_cpu_limit_thread(unsigned bits)
{
    thread_mask = bits;
}

/* On AMD's Zen 5 a vdpbf16ps takes as long as one multiply-add and does two. On Intel's Xeons with it, a network in BF16 takes 1.65
 * times as long as in FP32, and less by plain multiply-adds of widened numbers. AMX is worthwhile wherever it is. */
unsigned fov_cpu_worthwhile(void)
{
    const bool slow_dot = !strncmp(fov_cpu_brand(), "Intel", 5);
    return fov_cpu_features() & ~(slow_dot ? (unsigned)FOV_CPU_AVX512_BF16 : 0U);
}

const char *fov_cpu_feature_name(unsigned bit)
{
    for (size_t i = 0; i < N_FEATURE_NAMES; i++)
        if (feature_names[i].bit == bit) return feature_names[i].name;
    return NULL;
}

/* A level implies those below it: "avx512" leaves AVX2 on, because kernels that have no AVX-512 form use it. */
static bool add_level(const char *name, size_t length, unsigned *bits)
{
    if (length == strlen("generic") && !memcmp(name, "generic", length)) return true;
    for (size_t i = 0; i < N_FEATURE_NAMES; i++) {
        if (length != strlen(feature_names[i].name) || memcmp(name, feature_names[i].name, length) != 0) continue;
        *bits |= (feature_names[i].bit << 1) - 1;
        return true;
    }
    return false;
}

fov_status fov_cpu_limit(const char *names, fov_error *err)
{
    unsigned bits = 0;
    if (!names) {
        atomic_store(&mask, ~0U);
        return FOV_OK;
    }
    if (!*names) return fov_fail(err, FOV_ERR_ARGUMENT, "no instruction set was named: known are %s", known_names);
    for (const char *p = names; *p;) {
        size_t length = strcspn(p, ",");
        if (!add_level(p, length, &bits))
            return fov_fail(err, FOV_ERR_ARGUMENT, "unknown instruction set '%.*s': known are %s", (int)length, p, known_names);
        p += length + (p[length] == ',');
    }
    atomic_store(&mask, bits);
    return FOV_OK;
}

/* sched_getaffinity() refuses a mask with room for fewer processors than the machine may have. */
static int processors_allowed(void)
{
    cpu_set_t set;
    if (!sched_getaffinity(0, sizeof set, &set)) return CPU_COUNT(&set);
    return errno == EINVAL ? CPU_SETSIZE : 1;
}

int fov_cpu_threads(void)
{
    int    allowed = processors_allowed();
    double quota = ceil(fov_cgroup_cpus("/proc/self/cgroup", "/sys/fs/cgroup"));
    if (quota < allowed) allowed = (int)quota;
    return allowed < 1 ? 1 : allowed;
}
