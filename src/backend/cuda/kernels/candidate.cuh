// SPDX-License-Identifier: MIT
/* What makes an anchor a candidate, and where its key goes: as collect_level() of face/decode.c. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_CANDIDATE_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_CANDIDATE_CUH

#include "backend/cuda/kernels/kernel.cuh"
#include "backend/cuda/kernels/params_faces.h"

#define FOV_ALL_LANES 0xffffffffU

static __device__ __forceinline__ uint32_t fov_lane_of_thread(void)
{
    return threadIdx.x % 32;
}

/** A place for each lane that takes one, in no order. All lanes of the warp. @param count advanced by as many */
static __device__ __forceinline__ uint32_t fov_take_place(bool takes, uint32_t *count)
{
    const uint32_t lane = fov_lane_of_thread(), votes = __ballot_sync(FOV_ALL_LANES, takes);
    uint32_t       first = 0;
    if (lane == 0 && votes) first = atomicAdd(count, (uint32_t)__popc(votes));
    return __shfl_sync(FOV_ALL_LANES, first, 0) + (uint32_t)__popc(votes & ((1U << lane) - 1U));
}

/** To the nearest float, as the C library's expf() is but for few numbers; that of the GPU is up to two units off. */
static __device__ __attribute__((noinline)) float fov_exponential(float v)
{
    return (float)exp((double)v);
}

/** Whether an anchor is a candidate. @param score out, where it may be one */
static __device__ __forceinline__ bool fov_candidate_score(const fov_faces_params *p, float background, float face, float *score)
{
    if (!(__fsub_rn(face, background) >= p->least)) return false;
    *score = __fdiv_rn(1.0F, __fadd_rn(1.0F, fov_exponential(__fsub_rn(background, face))));
    return *score > p->threshold;
}

/** A warp's candidates join those of an image. All lanes. @param index of the lane's prior */
static __device__ __forceinline__ void fov_candidates_add(const fov_faces_params *p, uint32_t image, bool takes, float score,
                                                          uint32_t index)
{
    const uint32_t place = fov_take_place(takes, &p->found[image]);
    if (takes) p->key[(uint64_t)image * p->priors + place] = (uint64_t)~__float_as_uint(score) << 32 | index;
}

#endif
