// SPDX-License-Identifier: MIT
/* How a kernel is launched, as the functions that fill its parameters say. */
#ifndef FOVEA_BACKEND_CUDA_LAUNCH_H
#define FOVEA_BACKEND_CUDA_LAUNCH_H

#include "backend/cuda/kernels/params.h"

#include <stddef.h>
#include <stdint.h>

typedef struct fov_cuda_launch {
    char     kernel[64];
    uint32_t blocks, threads;
    size_t   shared_bytes;
} fov_cuda_launch;

/** What tiles are chosen by: members of fov_cuda_device. */
typedef struct fov_cuda_limits {
    int    processors;
    size_t shared_bytes;
} fov_cuda_limits;

/** The images that a convolution reads. */
typedef struct fov_cuda_images {
    const void *data;
    int         count, rows, columns;
    int         ld; /* elements from pixel to pixel */
} fov_cuda_images;

/** @param by at least 1 */
static inline fov_divisor fov_divisor_of(int by)
{
    fov_divisor d = {.shift = 0};
    while ((int64_t)1 << d.shift < by) d.shift++;
    d.magic = (uint32_t)((UINT64_C(1) << 32) * ((UINT64_C(1) << d.shift) - (uint64_t)by) / (uint64_t)by + 1);
    return d;
}

#endif
