// SPDX-License-Identifier: MIT
/* CUDA C++ for a C++ compiler: what kernel.cuh includes when kernels run on the CPU, for tests on machines without a GPU.
 *
 * Each thread of a block is a fibre of one thread of the system; blocks run one after another. A fibre runs until it waits for
 * others: at a barrier, or at an instruction that a warp executes together. So threads never run at the same time, and what a
 * missing barrier lets them see is as wrong as can be: a thread runs ahead as far as it may, in every other block the last ones
 * first. Shared memory, and device memory of the fake driver, begin as bytes of 0xff, which are NaN as floats of any size. What can
 * only be a mistake in a kernel (threads that wait for ever, lanes of a warp at different instructions, addresses that are not
 * aligned) ends the program with a message that names kernel, block and thread. */
#ifndef FOVEA_TESTS_CUDA_EMULATOR_H
#define FOVEA_TESTS_CUDA_EMULATOR_H

#include "base/half.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define __CUDA_ARCH__ 900
#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __grid_constant__
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ static

/* ---- vectors */

struct alignas(8) uint2 {
    uint32_t x, y;
};
struct alignas(8) int2 {
    int32_t x, y;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) uint4 {
    uint32_t x, y, z, w;
};
struct alignas(16) int4 {
    int32_t x, y, z, w;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(4) uchar4 {
    uint8_t x, y, z, w;
};
struct alignas(4) char4 {
    int8_t x, y, z, w;
};
struct uchar3 {
    uint8_t x, y, z;
};
struct uint3 {
    uint32_t x, y, z;
};
struct dim3 {
    uint32_t x = 1, y = 1, z = 1;
};

static inline uint2 make_uint2(uint32_t x, uint32_t y)
{
    return {x, y};
}
static inline int2 make_int2(int32_t x, int32_t y)
{
    return {x, y};
}
static inline float2 make_float2(float x, float y)
{
    return {x, y};
}
static inline uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w)
{
    return {x, y, z, w};
}
static inline int4 make_int4(int32_t x, int32_t y, int32_t z, int32_t w)
{
    return {x, y, z, w};
}
static inline float4 make_float4(float x, float y, float z, float w)
{
    return {x, y, z, w};
}
static inline uchar4 make_uchar4(uint8_t x, uint8_t y, uint8_t z, uint8_t w)
{
    return {x, y, z, w};
}
static inline char4 make_char4(int8_t x, int8_t y, int8_t z, int8_t w)
{
    return {x, y, z, w};
}

/* ---- a kernel and what runs it */

struct emulator_kernel {
    const char *name;
    void (*run)(const void *params); /* as one thread */
    size_t                 params_bytes;
    unsigned               threads; /* the most of a block */
    const emulator_kernel *next;
};

/** All kernels of the program. */
extern const emulator_kernel *emulator_kernels;

struct emulator_row : emulator_kernel {
    emulator_row(const char *kernel, void (*function)(const void *), size_t bytes, unsigned most)
        : emulator_kernel{kernel, function, bytes, most, emulator_kernels}
    {
        emulator_kernels = this;
    }
};

#define FOV_KERNEL(name, params, threads) EMULATOR_KERNEL(name, params, threads)
#define EMULATOR_KERNEL(name, params, threads)                                                                                     \
    static void               name(const params &p);                                                                               \
    static const emulator_row emulator_row_of_##name(                                                                              \
        #name, [](const void *given) { name(*static_cast<const params *>(given)); }, sizeof(params), threads);                     \
    static void name(const params &p)

/**
 * Run all blocks, one launch at a time.
 * @param early  launched so that it may begin before the kernel ahead of it has ended (programmatic dependent launch): one of its
 * threads must wait for that, or nothing that comes later knows that it did
 * @param params aligned as the kernel's struct is
 */
void emulator_launch(const emulator_kernel *kernel, dim3 grid, dim3 block, size_t shared_bytes, bool early, const void *params);

/** The thread that runs. */
struct emulator_position {
    uint3 thread, block;
    dim3  threads, blocks;
};
extern emulator_position *emulator_self;
#define threadIdx (emulator_self->thread)
#define blockIdx (emulator_self->block)
#define blockDim (emulator_self->threads)
#define gridDim (emulator_self->blocks)
#define warpSize 32

/** The block's shared memory, exactly as much as was asked for: a sanitizer sees what is beyond. */
unsigned char *fov_shared(void);

/** End the program, saying which kernel, block and thread was wrong. */
[[noreturn]] void emulator_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Wait until `ready(state)`; other threads run meanwhile. */
void emulator_wait_until(bool (*ready)(const void *state), const void *state);

typedef void emulator_all(void *const lane[32]);

/**
 * An instruction that those lanes of `mask` that have not returned execute together: the last one to come runs `all` with what each
 * lane gave (NULL for those that take no part), then all go on.
 * @param what its name; lanes that wait for each other must be at the same one
 */
void emulator_together(const char *what, uint32_t mask, void *mine, emulator_all *all);

/** One that all 32 lanes of the warp must execute. */
void emulator_warp(const char *what, void *mine, emulator_all *all);

/** This thread's number in its warp. */
unsigned emulator_lane(void);

/* ---- barriers */

/** Barrier `id` (0 .. 15) of `threads` threads; 0: of all of the block that have not returned. @return the sum of what they gave */
int emulator_barrier(int id, unsigned threads, int given);

static inline void __syncthreads(void)
{
    (void)emulator_barrier(0, 0, 0);
}
static inline int __syncthreads_count(int predicate)
{
    return emulator_barrier(0, 0, predicate != 0);
}
static inline int __syncthreads_or(int predicate)
{
    return emulator_barrier(0, 0, predicate != 0) != 0;
}
static inline int __syncthreads_and(int predicate)
{
    return emulator_barrier(0, 0, predicate == 0) == 0;
}

static inline void __syncwarp(uint32_t mask = 0xffffffffU)
{
    emulator_together("__syncwarp", mask, &mask, [](void *const *) {});
}

static inline void __threadfence(void) {}
static inline void __threadfence_block(void) {}

/* ---- warps */

struct emulator_exchange {
    uint64_t value, result;
    unsigned from;
};

static inline void emulator_exchange_all(void *const lane[32])
{
    for (int i = 0; i < 32; i++) {
        if (!lane[i]) continue;
        emulator_exchange *to = (emulator_exchange *)lane[i];
        if (!lane[to->from]) emulator_fail("lane %d takes a value from lane %u, which gives none", i, to->from);
        to->result = ((const emulator_exchange *)lane[to->from])->value;
    }
}

/** The value of lane `from`. */
template <class T> static inline T emulator_shuffle(const char *what, uint32_t mask, T v, unsigned from)
{
    static_assert(sizeof v <= 8, "no shuffle of more than 8 bytes");
    emulator_exchange mine = {0, 0, from};
    memcpy(&mine.value, &v, sizeof v);
    emulator_together(what, mask, &mine, emulator_exchange_all);
    memcpy(&v, &mine.result, sizeof v);
    return v;
}

template <class T> static inline T __shfl_sync(uint32_t mask, T v, int from, int width = 32)
{
    const unsigned lane = emulator_lane(), w = (unsigned)width;
    return emulator_shuffle("__shfl_sync", mask, v, (lane & ~(w - 1)) | ((unsigned)from & (w - 1)));
}

template <class T> static inline T __shfl_xor_sync(uint32_t mask, T v, int bits, int width = 32)
{
    const unsigned lane = emulator_lane(), from = lane ^ (unsigned)bits, w = (unsigned)width;
    return emulator_shuffle("__shfl_xor_sync", mask, v, from < (lane & ~(w - 1)) + w ? from : lane);
}

template <class T> static inline T __shfl_up_sync(uint32_t mask, T v, unsigned by, int width = 32)
{
    const unsigned lane = emulator_lane(), at = lane & ((unsigned)width - 1);
    return emulator_shuffle("__shfl_up_sync", mask, v, at >= by ? lane - by : lane);
}

template <class T> static inline T __shfl_down_sync(uint32_t mask, T v, unsigned by, int width = 32)
{
    const unsigned lane = emulator_lane(), w = (unsigned)width, at = lane & (w - 1);
    return emulator_shuffle("__shfl_down_sync", mask, v, at + by < w ? lane + by : lane);
}

static inline uint32_t __ballot_sync(uint32_t mask, int predicate)
{
    emulator_exchange mine = {predicate != 0, 0, 0};
    emulator_together("a vote", mask, &mine, [](void *const lane[32]) {
        uint64_t votes = 0;
        for (int i = 0; i < 32; i++)
            if (lane[i]) votes |= ((const emulator_exchange *)lane[i])->value << i;
        for (int i = 0; i < 32; i++)
            if (lane[i]) ((emulator_exchange *)lane[i])->result = votes;
    });
    return (uint32_t)mine.result;
}

static inline int __any_sync(uint32_t mask, int predicate)
{
    return __ballot_sync(mask, predicate) != 0;
}
static inline int __all_sync(uint32_t mask, int predicate)
{
    return __ballot_sync(mask, predicate == 0) == 0;
}

/** Threads run one at a time: whoever runs is alone. */
static inline uint32_t __activemask(void)
{
    return 1U << emulator_lane();
}

/* ---- atomics, for memory of one kernel at a time */

template <class T, class F> static inline T emulator_change(T *at, F change)
{
    const T old = *at;
    *at = change(old);
    return old;
}

/** Keeps the second operand from having a say in what T is. */
template <class T> struct emulator_same {
    typedef T type;
};
template <class T> using emulator_as = typename emulator_same<T>::type;

template <class T> static inline T atomicAdd(T *at, emulator_as<T> v)
{
    return emulator_change(at, [v](T old) {
        T sum;
        (void)__builtin_add_overflow(old, v, &sum);
        return sum;
    });
}
static inline float atomicAdd(float *at, float v)
{
    return emulator_change(at, [v](float old) { return old + v; });
}
template <class T> static inline T atomicMax(T *at, emulator_as<T> v)
{
    return emulator_change(at, [v](T old) { return old < v ? v : old; });
}
template <class T> static inline T atomicMin(T *at, emulator_as<T> v)
{
    return emulator_change(at, [v](T old) { return v < old ? v : old; });
}
template <class T> static inline T atomicOr(T *at, emulator_as<T> v)
{
    return emulator_change(at, [v](T old) { return (T)(old | v); });
}
template <class T> static inline T atomicAnd(T *at, emulator_as<T> v)
{
    return emulator_change(at, [v](T old) { return (T)(old & v); });
}
template <class T> static inline T atomicExch(T *at, emulator_as<T> v)
{
    return emulator_change(at, [v](T) { return v; });
}
template <class T> static inline T atomicCAS(T *at, emulator_as<T> compare, emulator_as<T> v)
{
    return emulator_change(at, [compare, v](T old) { return old == compare ? v : old; });
}

/* ---- numbers */

#define EMULATOR_MIN_MAX(T)                                                                                                        \
    static inline T min(T a, T b)                                                                                                  \
    {                                                                                                                              \
        return b < a ? b : a;                                                                                                      \
    }                                                                                                                              \
    static inline T max(T a, T b)                                                                                                  \
    {                                                                                                                              \
        return a < b ? b : a;                                                                                                      \
    }
EMULATOR_MIN_MAX(int)
EMULATOR_MIN_MAX(unsigned)
EMULATOR_MIN_MAX(long)
EMULATOR_MIN_MAX(unsigned long)
EMULATOR_MIN_MAX(long long)
EMULATOR_MIN_MAX(unsigned long long)
static inline float min(float a, float b)
{
    return fminf(a, b);
}
static inline float max(float a, float b)
{
    return fmaxf(a, b);
}

#define __expf expf
static inline float __fmul_rn(float a, float b)
{
    return a * b;
}
static inline float __fadd_rn(float a, float b)
{
    return a + b;
}
static inline float __fsub_rn(float a, float b)
{
    return a - b;
}
static inline float __fdiv_rn(float a, float b)
{
    return a / b;
}
static inline float __frcp_rn(float a)
{
    return 1.0F / a;
}
static inline float __fsqrt_rn(float a)
{
    return sqrtf(a);
}
static inline float __fmaf_rn(float a, float b, float c)
{
    return fmaf(a, b, c);
}
static inline float __fdividef(float a, float b)
{
    return a / b;
}
static inline float rsqrtf(float a)
{
    return 1.0F / sqrtf(a);
}
static inline float __saturatef(float a)
{
    return a > 0 ? a < 1 ? a : 1.0F : 0.0F;
}

static inline float __int2float_rn(int a)
{
    return (float)a;
}
static inline float __uint2float_rn(unsigned a)
{
    return (float)a;
}

/** What is beyond goes to the nearest there is, NaN to 0: as the GPU's conversions. `whole` has no fraction. */
static inline int32_t emulator_int(float whole)
{
    if (whole != whole) return 0;
    if (whole >= 0x1p31F) return INT32_MAX;
    return whole <= -0x1p31F ? INT32_MIN : (int32_t)whole;
}

static inline uint32_t emulator_uint(float whole)
{
    if (!(whole > 0)) return 0;
    return whole >= 0x1p32F ? UINT32_MAX : (uint32_t)whole;
}

static inline int __float2int_rn(float a)
{
    return emulator_int(rintf(a));
}
static inline int __float2int_rz(float a)
{
    return emulator_int(truncf(a));
}
static inline int __float2int_rd(float a)
{
    return emulator_int(floorf(a));
}
static inline int __float2int_ru(float a)
{
    return emulator_int(ceilf(a));
}
static inline unsigned __float2uint_rn(float a)
{
    return emulator_uint(rintf(a));
}
static inline unsigned __float2uint_rz(float a)
{
    return emulator_uint(truncf(a));
}

static inline uint32_t __float_as_uint(float a)
{
    return fov_bits_from_float(a);
}
static inline float __uint_as_float(uint32_t a)
{
    return fov_float_from_bits(a);
}
static inline int32_t __float_as_int(float a)
{
    return (int32_t)fov_bits_from_float(a);
}
static inline float __int_as_float(int32_t a)
{
    return fov_float_from_bits((uint32_t)a);
}

struct alignas(2) __half {
    uint16_t bits;
};
struct alignas(2) __nv_bfloat16 {
    uint16_t bits;
};

static inline float __half2float(__half a)
{
    return fov_float_from_half(a.bits);
}
static inline __half __float2half_rn(float a)
{
    return {fov_half_from_float(a)};
}
static inline __half __ushort_as_half(uint16_t a)
{
    return {a};
}
static inline uint16_t __half_as_ushort(__half a)
{
    return a.bits;
}
static inline float __bfloat162float(__nv_bfloat16 a)
{
    return fov_float_from_bf16(a.bits);
}
static inline __nv_bfloat16 __float2bfloat16_rn(float a)
{
    return {fov_bf16_from_float(a)};
}
static inline __nv_bfloat16 __ushort_as_bfloat16(uint16_t a)
{
    return {a};
}
static inline uint16_t __bfloat16_as_ushort(__nv_bfloat16 a)
{
    return a.bits;
}

static inline int __popc(uint32_t a)
{
    return __builtin_popcount(a);
}
static inline int __clz(int a)
{
    return a ? __builtin_clz((unsigned)a) : 32;
}
static inline int __ffs(int a)
{
    return __builtin_ffs(a);
}
static inline uint32_t __umulhi(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b >> 32);
}

/** Four products of bytes, added to c. */
static inline int __dp4a(int a, int b, int c)
{
    for (int i = 0; i < 4; i++) c += (int8_t)(a >> 8 * i) * (int8_t)(b >> 8 * i);
    return c;
}
static inline unsigned __dp4a(unsigned a, unsigned b, unsigned c)
{
    for (int i = 0; i < 4; i++) c += (uint8_t)(a >> 8 * i) * (unsigned)(uint8_t)(b >> 8 * i);
    return c;
}

/** Byte i of the result is that byte of b:a which the i-th hexadecimal digit of the selector names; 8 more: its sign eight times.
 */
static inline uint32_t __byte_perm(uint32_t a, uint32_t b, uint32_t selector)
{
    const uint64_t bytes = (uint64_t)b << 32 | a;
    uint32_t       result = 0;
    for (int i = 0; i < 4; i++) {
        const uint32_t digit = selector >> 4 * i & 15U, byte = (uint32_t)(bytes >> 8 * (digit & 7U)) & 255U;
        result |= (digit & 8U ? (byte & 128U ? 255U : 0U) : byte) << 8 * i;
    }
    return result;
}

/** The larger ones of two pairs of halves of a word. */
static inline uint32_t __vmaxu2(uint32_t a, uint32_t b)
{
    const uint32_t low = max(a & 0xffffU, b & 0xffffU), high = max(a >> 16, b >> 16);
    return high << 16 | low;
}

template <class T> static inline T __ldg(const T *at)
{
    return *at;
}
template <class T> static inline T __ldcg(const T *at)
{
    return *at;
}
template <class T> static inline T __ldcs(const T *at)
{
    return *at;
}
template <class T> static inline void __stcs(T *at, T v)
{
    *at = v;
}
template <class T> static inline void __stcg(T *at, T v)
{
    *at = v;
}

#include "ptx_emulator.h"

#endif
