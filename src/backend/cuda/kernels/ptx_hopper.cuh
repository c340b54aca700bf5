// SPDX-License-Identifier: MIT
/* Instructions of compute capability 9.0a: barriers in shared memory, tensor copies, clusters, products by warpgroups. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_PTX_HOPPER_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_PTX_HOPPER_CUH

#include "backend/cuda/kernels/kernel.cuh"

#include <cuda.h>

static __device__ __forceinline__ uint32_t fov_shared_address(const void *shared)
{
    return (uint32_t)__cvta_generic_to_shared(shared);
}

/* ---- barriers: 8 bytes of shared memory, by address. A phase ends when all have arrived and all bytes that were announced are
 * there */

static __device__ __forceinline__ void fov_barrier_init(uint32_t barrier, uint32_t arrivals)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

/** What was initialised is seen by the cluster and by copies, once it has been synchronised. */
static __device__ __forceinline__ void fov_barrier_init_done(void)
{
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

static __device__ __forceinline__ void fov_barrier_expect(uint32_t barrier, uint32_t bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

/** Arrive at the barrier of the same place in the cluster's block `rank`. Nothing written before is made visible there: what waits
 * may only overwrite what products have read. */
static __device__ __forceinline__ void fov_barrier_arrive_at(uint32_t barrier, uint32_t rank)
{
    asm volatile("{\n.reg .b32 remote;\n"
                 "mapa.shared::cluster.u32 remote, %0, %1;\n"
                 "mbarrier.arrive.shared::cluster.b64 _, [remote];\n}" ::"r"(barrier),
                 "r"(rank)
                 : "memory");
}

/** Until the phase of this parity has ended; the first one has parity 0. */
static __device__ __forceinline__ void fov_barrier_wait(uint32_t barrier, uint32_t parity)
{
    asm volatile("{\n.reg .pred done;\n"
                 "again:\n"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
                 "@!done bra again;\n}" ::"r"(barrier),
                 "r"(parity)
                 : "memory");
}

/** A barrier of the first `threads` threads of the block. */
static __device__ __forceinline__ void fov_sync_threads(int threads)
{
    asm volatile("bar.sync 1, %0;" ::"r"(threads) : "memory");
}

/** The same; whether all of them say so. */
static __device__ __forceinline__ bool fov_threads_all(int threads, bool own)
{
    int all;
    asm volatile("{\n.reg .pred own, all;\n"
                 "setp.ne.s32 own, %2, 0;\n"
                 "bar.red.and.pred all, 1, %1, own;\n"
                 "selp.s32 %0, 1, 0, all;\n}"
                 : "=r"(all)
                 : "r"(threads), "r"((int)own)
                 : "memory");
    return all != 0;
}

/* ---- four matrices of 8 rows of 16 bytes; lane l gives the address of row l % 8 of matrix l / 8, and has of each matrix the 4
 * bytes at 4 * (l % 4) of row l / 4 */

static __device__ __forceinline__ void fov_matrices_load(uint32_t (&r)[4], uint32_t row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(row)
                 : "memory");
}

static __device__ __forceinline__ void fov_matrices_store(uint32_t row, const uint32_t (&r)[4])
{
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(row), "r"(r[0]), "r"(r[1]), "r"(r[2]),
                 "r"(r[3])
                 : "memory");
}

/* ---- clusters: of one dimension */

static __device__ __forceinline__ void fov_cluster_sync(void)
{
    asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}

/** Only that all are there, and what fov_barrier_init_done() says. */
static __device__ __forceinline__ void fov_cluster_meet(void)
{
    asm volatile("barrier.cluster.arrive.relaxed;\nbarrier.cluster.wait;" ::: "memory");
}

/** The address, for fov_cluster_load(), of the same place in the cluster's block `rank`. */
static __device__ __forceinline__ uint32_t fov_cluster_address(uint32_t shared, uint32_t rank)
{
    uint32_t remote;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(shared), "r"(rank));
    return remote;
}

static __device__ __forceinline__ void fov_cluster_load(float (&v)[4], uint32_t remote)
{
    asm volatile("ld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(v[0]), "=f"(v[1]), "=f"(v[2]), "=f"(v[3])
                 : "r"(remote)
                 : "memory");
}

static __device__ __forceinline__ void fov_cluster_load(int32_t (&v)[4], uint32_t remote)
{
    asm volatile("ld.shared::cluster.v4.s32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3])
                 : "r"(remote)
                 : "memory");
}

/* ---- tensor copies, by one thread; `barrier` gets the bytes */

static __device__ __forceinline__ void fov_tensor_prefetch(const CUtensorMap *map)
{
    asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

/** Two dimensions: a box at (k, row). */
static __device__ __forceinline__ void fov_tensor_load(uint32_t shared, const CUtensorMap *map, uint32_t barrier, int k, int row)
{
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(
            shared),
        "l"(map), "r"(barrier), "r"(k), "r"(row)
        : "memory");
}

/** The same into every block of the cluster whose bit is set in `ranks`, at this place, each announced to its own barrier. */
static __device__ __forceinline__ void fov_tensor_load_to(uint32_t shared, const CUtensorMap *map, uint32_t barrier, int k, int row,
                                                          uint16_t ranks)
{
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster"
                 " [%0], [%1, {%3, %4}], [%2], %5;" ::"r"(shared),
                 "l"(map), "r"(barrier), "r"(k), "r"(row), "h"(ranks)
                 : "memory");
}

/** Pixels from (x, y, image) on as the map walks them, each moved by (dx, dy). */
static __device__ __forceinline__ void fov_tensor_load_pixels(uint32_t shared, const CUtensorMap *map, uint32_t barrier,
                                                              int channel, int x, int y, int image, uint16_t dx, uint16_t dy)
{
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes"
                 " [%0], [%1, {%3, %4, %5, %6}], [%2], {%7, %8};" ::"r"(shared),
                 "l"(map), "r"(barrier), "r"(channel), "r"(x), "r"(y), "r"(image), "h"(dx), "h"(dy)
                 : "memory");
}

/* ---- products of warpgroups: d (64 rows) = a * b, plus d where `add`. Thread t has in d[4 i + 2 h + j] row 16 * (t / 32) + t % 32
 * / 4
 * + 8 h, column 8 i + 2 * (t % 4) + j. Operands stand in shared memory, swizzled, rows of 32 bytes of k each by descriptor */

/** The half of an operand's descriptor that says where it is: in units of 16 bytes, so that what is 32 bytes further on within a
 * swizzled row, or any multiple of 1024, is found by adding. The upper half is fov_product_layout(). */
static __device__ __forceinline__ uint32_t fov_product_operand(uint32_t shared)
{
    return (shared & 0x3ffff) >> 4 | 1U << 16;
}

/** @param swizzle bytes of a swizzled row, 128 or 64; eight rows of them make a group */
static constexpr __device__ uint32_t fov_product_layout(int swizzle)
{
    return (uint32_t)swizzle * 8 >> 4 | (swizzle == 128 ? 1U : 2U) << 30;
}

static __device__ __forceinline__ void fov_product_begin(void)
{
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

static __device__ __forceinline__ void fov_product_commit(void)
{
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/** Until at most `groups` of the committed ones are under way. */
template <int groups> static __device__ __forceinline__ void fov_product_wait(void)
{
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(groups) : "memory");
}

#define FOV_D8(as, d, i) as(d[i]), as(d[i + 1]), as(d[i + 2]), as(d[i + 3]), as(d[i + 4]), as(d[i + 5]), as(d[i + 6]), as(d[i + 7])
#define FOV_D32(as, d, i) FOV_D8(as, d, i), FOV_D8(as, d, i + 8), FOV_D8(as, d, i + 16), FOV_D8(as, d, i + 24)
#define FOV_D64(as, d, i) FOV_D32(as, d, i), FOV_D32(as, d, i + 32)
#define FOV_D128(as, d, i) FOV_D64(as, d, i), FOV_D64(as, d, i + 64)

#define FOV_TEXT_32                                                                                                                \
    "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define FOV_TEXT_64                                                                                                                \
    FOV_TEXT_32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,"    \
                "%59,%60,%61,%62,%63"
#define FOV_TEXT_128                                                                                                               \
    FOV_TEXT_64 ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,"    \
                "%91,%92,%93,%94,%95,%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,%113,"       \
                "%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"

/* Of one width: `count` registers of d; a, b and add are the operands after them. */
#define FOV_PRODUCT(name, type, as, shape, count, a_at, b_at, layout_at, add_at, tail)                                             \
    static __device__ __forceinline__ void name(type(&d)[count], uint32_t a, uint32_t b, uint32_t layout, int add)                 \
    {                                                                                                                              \
        asm volatile("{\n.reg .pred add;\n.reg .b64 a, b;\nsetp.ne.b32 add, " add_at ", 0;\n"                                      \
                     "mov.b64 a, {" a_at ", " layout_at "};\nmov.b64 b, {" b_at ", " layout_at "};\n"                              \
                     "wgmma.mma_async.sync.aligned." shape " {" FOV_TEXT_##count "}, a, b, add" tail ";\n}"                        \
                     : FOV_D##count(as, d, 0)                                                                                      \
                     : "r"(a), "r"(b), "r"(layout), "r"(add));                                                                     \
    }

#define FOV_PRODUCTS(name, type, as, k_and_types, tail)                                                                            \
    FOV_PRODUCT(name, type, as, "m64n64" k_and_types, 32, "%32", "%33", "%34", "%35", tail)                                        \
    FOV_PRODUCT(name, type, as, "m64n128" k_and_types, 64, "%64", "%65", "%66", "%67", tail)                                       \
    FOV_PRODUCT(name, type, as, "m64n256" k_and_types, 128, "%128", "%129", "%130", "%131", tail)

FOV_PRODUCTS(fov_product_f16, float, "+f", "k16.f32.f16.f16", ", 1, 1, 0, 0")
FOV_PRODUCTS(fov_product_bf16, float, "+f", "k16.f32.bf16.bf16", ", 1, 1, 0, 0")
FOV_PRODUCTS(fov_product_u8s8, int32_t, "+r", "k32.s32.u8.s8", "")

#endif
