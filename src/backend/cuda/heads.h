// SPDX-License-Identifier: MIT
/* The heads of a network and the collecting of candidates as one launch (kernels/heads.cu), so that heads need not go through
 * memory. Here alone is decided which networks' heads can. */
#ifndef FOVEA_BACKEND_CUDA_HEADS_H
#define FOVEA_BACKEND_CUDA_HEADS_H

#include "backend/backend.h"
#include "backend/cuda/device.h"
#include "backend/cuda/kernels/params_heads.h"
#include "backend/cuda/launch.h"

typedef struct fov_cuda_heads {
    int              levels;               /* 0: they are steps like all others */
    int              step[FOV_MAX_LEVELS]; /* that makes each level's: number of its call */
    fov_heads_params params; /* but for the faces */
    fov_cuda_launch  launch;
} fov_cuda_heads;

/**
 * Look for the steps that make the heads. They are taken if each level's three are one step, a product of no more channels than a
 * tile has, all of one type, and nothing runs after them.
 * @param calls of the program, in the order of their waves
 * @param heads out
 */
fov_status fov_cuda_heads_find(const fov_place *place, const fov_call *calls, int count, const fov_ends *ends,
                               fov_cuda_heads *heads, fov_error *err);

/** Whether step number `step` is one of those that were taken. */
bool fov_cuda_heads_have(const fov_cuda_heads *heads, int step);

#endif
