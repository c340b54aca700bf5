// SPDX-License-Identifier: MIT
/* The functions of ptx.cuh, described there. */
#ifndef FOVEA_TESTS_CUDA_PTX_EMULATOR_H
#define FOVEA_TESTS_CUDA_PTX_EMULATOR_H

#include "emulator.h"

/** Fails where `bytes` from `at` on are not all in the block's shared memory, or not aligned to their size. */
void emulator_check_shared(const char *what, const void *at, size_t bytes);

struct emulator_ldmatrix {
    const void *row;
    uint32_t   *to;
};

template <int matrices> static inline void emulator_ldmatrix_all(void *const lane[32])
{
    for (int l = 0; l < 32; l++)
        for (int i = 0; i < matrices; i++) {
            const emulator_ldmatrix *from = (const emulator_ldmatrix *)lane[8 * i + l / 4];
            memcpy(&((emulator_ldmatrix *)lane[l])->to[i], (const unsigned char *)from->row + l % 4 * 4, 4);
        }
}

static inline void fov_ldmatrix_x4(uint32_t (&r)[4], const void *row)
{
    emulator_ldmatrix mine = {row, r};
    emulator_check_shared("ldmatrix", row, 16);
    emulator_warp("ldmatrix.x4", &mine, emulator_ldmatrix_all<4>);
}

/** Addresses of lanes beyond 15 are not looked at. */
static inline void fov_ldmatrix_x2(uint32_t (&r)[2], const void *row)
{
    emulator_ldmatrix mine = {row, r};
    if (emulator_lane() < 16) emulator_check_shared("ldmatrix", row, 16);
    emulator_warp("ldmatrix.x2", &mine, emulator_ldmatrix_all<2>);
}

/** What a lane gives to a product: 4 floats or int32_t of D, 4 registers of A, 2 of B. */
struct emulator_mma {
    void           *d;
    const uint32_t *a, *b;
};

void emulator_mma_f16(void *const lane[32]);
void emulator_mma_bf16(void *const lane[32]);
void emulator_mma_tf32(void *const lane[32]);
void emulator_mma_u8s8(void *const lane[32]);

static inline void fov_mma_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    emulator_mma mine = {d, a, b};
    emulator_warp("mma f16", &mine, emulator_mma_f16);
}

static inline void fov_mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    emulator_mma mine = {d, a, b};
    emulator_warp("mma bf16", &mine, emulator_mma_bf16);
}

static inline void fov_mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    emulator_mma mine = {d, a, b};
    emulator_warp("mma tf32", &mine, emulator_mma_tf32);
}

static inline void fov_mma_u8s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    emulator_mma mine = {d, a, b};
    emulator_warp("mma u8s8", &mine, emulator_mma_u8s8);
}

/** To 10 bits of fraction, ties away from zero. */
static inline uint32_t fov_to_tf32(float v)
{
    const uint32_t bits = fov_bits_from_float(v);
    return ((bits & 0x7f800000U) == 0x7f800000U ? bits : bits + 0x1000U) & 0xffffe000U;
}

/* Copies are done no sooner than the wait that waits for them, so what is read without it is wrong. */
void fov_copy_async_16(void *shared, const void *global);
void fov_copy_async_commit(void);

static inline void fov_copy_async_16_if(bool read, void *shared, const void *global)
{
    alignas(16) static const unsigned char zeros[16] = {0};
    fov_copy_async_16(shared, read ? global : zeros);
}
void emulator_copy_async_wait(size_t groups);

template <int groups> static inline void fov_copy_async_wait(void)
{
    emulator_copy_async_wait(groups);
}

/* Kernels never overlap here; but emulator_launch() sees whether they wait. */
void               fov_depend_wait(void);
static inline void fov_depend_launch(void) {}

#endif
