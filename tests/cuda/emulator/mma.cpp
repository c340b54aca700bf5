// SPDX-License-Identifier: MIT
/* The products of ptx.cuh for a whole warp. All four types share a layout: of A 16 rows, of B 8 columns, of 32 bytes of k each;
 * lane l holds 4 bytes at 4 * (l % 4) of row or column l / 4, and the same 16 bytes, and (A) 8 rows, further on. PTX ISA, "Matrix
 * Fragments for mma.m16n8k8 / k16 / k32". */
#include "emulator.h"

struct operands {
    alignas(32) unsigned char a[16][32];
    alignas(32) unsigned char b[8][32];
};

static void gather(operands *to, void *const lane[32])
{
    for (int l = 0; l < 32; l++) {
        const emulator_mma *from = (const emulator_mma *)lane[l];
        const int           row = l / 4, at = l % 4 * 4;
        memcpy(&to->a[row][at], &from->a[0], 4);
        memcpy(&to->a[row + 8][at], &from->a[1], 4);
        memcpy(&to->a[row][at + 16], &from->a[2], 4);
        memcpy(&to->a[row + 8][at + 16], &from->a[3], 4);
        memcpy(&to->b[row][at], &from->b[0], 4);
        memcpy(&to->b[row][at + 16], &from->b[1], 4);
    }
}

static inline void add(float *d, float more)
{
    *d += more;
}

static inline void add(int32_t *d, float more)
{
    (void)__builtin_add_overflow(*d, (int32_t)more, d);
}

/** Add to what the lanes have. */
template <class T> static void scatter(void *const lane[32], const float (&sum)[16][8])
{
    for (int l = 0; l < 32; l++) {
        T *d = (T *)((const emulator_mma *)lane[l])->d;
        for (int i = 0; i < 4; i++) add(&d[i], sum[l / 4 + i / 2 * 8][l % 4 * 2 + i % 2]);
    }
}

/* A row of D or B; the compiler makes of it what the machine has. */
typedef float eight __attribute__((vector_size(32)));

/** sum[m][n] of a[m][k] * b[k][n] */
template <int K> static void multiply(float (&sum)[16][8], const float (&a)[16][K], const float (&b)[K][8])
{
    eight rows[K];
    memcpy(rows, b, sizeof rows);
    for (int m = 0; m < 16; m++) {
        eight row = {};
        for (int k = 0; k < K; k++) row += a[m][k] * rows[k];
        memcpy(sum[m], &row, sizeof row);
    }
}

/** binary16 as float, without branches: the exponent is moved by a product, which is exact also for subnormals. */
static inline float widen_f16(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000U) << 16, magnitude = (uint32_t)(bits & 0x7fffU) << 13;
    const float    v = fov_float_from_bits(magnitude) * 0x1p112F;
    return fov_float_from_bits(fov_bits_from_float(v) | (magnitude >= 0x0f800000U ? 0x7f800000U : 0) | sign);
}

static inline float widen_bf16(uint16_t bits)
{
    return fov_float_from_bf16(bits);
}

/** The tensor cores do not look at the lower bits. */
static inline float widen_tf32(uint32_t bits)
{
    return fov_float_from_bits(bits & 0xffffe000U);
}

static inline float widen_u8(uint8_t v)
{
    return v;
}

static inline float widen_s8(int8_t v)
{
    return v;
}

/** The product of rows of K elements, A's and B's made floats by two functions, added to D's of type T. Sums of bytes are exact:
 * they stay below 2^24. */
template <class T, int K, class A, class B, float widen_a(A), float widen_b(B)> static void product(void *const lane[32])
{
    operands bytes;
    float    a[16][K], b[K][8], sum[16][8];
    A        row[16][K];
    B        column[8][K];
    gather(&bytes, lane);
    memcpy(row, bytes.a, sizeof row);
    memcpy(column, bytes.b, sizeof column);
    for (int i = 0; i < 16 * K; i++) (&a[0][0])[i] = widen_a((&row[0][0])[i]);
    for (int k = 0; k < K; k++)
        for (int n = 0; n < 8; n++) b[k][n] = widen_b(column[n][k]);
    multiply<K>(sum, a, b);
    scatter<T>(lane, sum);
}

void emulator_mma_f16(void *const lane[32])
{
    product<float, 16, uint16_t, uint16_t, widen_f16, widen_f16>(lane);
}

void emulator_mma_bf16(void *const lane[32])
{
    product<float, 16, uint16_t, uint16_t, widen_bf16, widen_bf16>(lane);
}

void emulator_mma_tf32(void *const lane[32])
{
    product<float, 8, uint32_t, uint32_t, widen_tf32, widen_tf32>(lane);
}

void emulator_mma_u8s8(void *const lane[32])
{
    product<int32_t, 32, uint8_t, int8_t, widen_u8, widen_s8>(lane);
}
