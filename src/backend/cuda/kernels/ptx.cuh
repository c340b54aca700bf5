// SPDX-License-Identifier: MIT
/* Instructions that CUDA C++ has no words for. The emulator has the same functions in C++ (tests/cuda/emulator/). */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_PTX_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_PTX_CUH

/* What compute capability 8.0 brought: products of bfloat16 and of floats. */
#if defined(FOVEA_CUDA_EMULATOR) || __CUDA_ARCH__ >= 800
#define FOV_PTX_80
#endif

#ifndef FOVEA_CUDA_EMULATOR

/** Lane l gives the address of row l % 8 of matrix l / 8: 16 bytes each, in shared memory. Lane l gets of each matrix the 4 bytes at
 * 4 * (l % 4) of row l / 4. */
static __device__ __forceinline__ void fov_ldmatrix_x4(uint32_t (&r)[4], const void *row)
{
    const uint32_t at = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(at));
}

static __device__ __forceinline__ void fov_ldmatrix_x2(uint32_t (&r)[2], const void *row)
{
    const uint32_t at = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(at));
}

/* d += a * b, a of 16 rows and b of 8 columns. Fragments as PTX's "Matrix Fragments for mma.m16n8k16/k8/k32" lays them out: with
 * ldmatrix, a[0] and a[1] are rows 0-7 and 8-15 of the first 16 bytes of k, a[2] and a[3] of the second; b[0] and b[1] likewise of
 * columns; d[0], d[1] are row l / 4, columns 2 * (l % 4) and the next, d[2], d[3] row l / 4 + 8. */

/** 16 of k, binary16. */
static __device__ __forceinline__ void fov_mma_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    for (int k = 0; k < 2; k++)
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                     : "r"(a[2 * k]), "r"(a[2 * k + 1]), "r"(b[k]));
#endif
}

/** 32 of k, unsigned times signed bytes; wraps around. */
static __device__ __forceinline__ void fov_mma_u8s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    for (int k = 0; k < 2; k++)
        for (int half = 0; half < 2; half++)
            asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.u8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
                         : "+r"(d[2 * half]), "+r"(d[2 * half + 1])
                         : "r"(a[2 * k + half]), "r"(b[k]));
#endif
}

#ifdef FOV_PTX_80
/** 16 of k, bfloat16. From compute capability 8.0 on. */
static __device__ __forceinline__ void fov_mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/** 8 of k, floats of which the tensor cores see 10 bits of fraction. From compute capability 8.0 on. */
static __device__ __forceinline__ void fov_mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/** Rounded to what fov_mma_tf32() sees. */
static __device__ __forceinline__ uint32_t fov_to_tf32(float v)
{
    uint32_t bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(v));
    return bits;
}
#endif

/* Copies of 16 bytes to shared memory that go on while the thread does: grouped by commit, waited for by wait. Before compute
 * capability 8.0 they are done at once. */

static __device__ __forceinline__ void fov_copy_async_16(void *shared, const void *global)
{
#if __CUDA_ARCH__ >= 800
    const uint32_t at = (uint32_t)__cvta_generic_to_shared(shared);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(global) : "memory");
#else
    *(uint4 *)shared = *(const uint4 *)global;
#endif
}

/** The same, or zeros where it is not to be read. */
static __device__ __forceinline__ void fov_copy_async_16_if(bool read, void *shared, const void *global)
{
#if __CUDA_ARCH__ >= 800
    const uint32_t at = (uint32_t)__cvta_generic_to_shared(shared);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(global), "r"(read ? 16 : 0) : "memory");
#else
    *(uint4 *)shared = read ? *(const uint4 *)global : make_uint4(0, 0, 0, 0);
#endif
}

static __device__ __forceinline__ void fov_copy_async_commit(void)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/** Until at most `groups` of this thread's committed groups are under way. */
template <int groups> static __device__ __forceinline__ void fov_copy_async_wait(void)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory");
#endif
}

/** Until all of the kernels before this one have finished, where it was launched early (programmatic dependent launch). Everything that
 * reads what they write, or overwrites what they read, comes after. */
static __device__ __forceinline__ void fov_depend_wait(void)
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/** The next kernel may be launched when every block has said so. */
static __device__ __forceinline__ void fov_depend_launch(void)
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

#endif
#endif
