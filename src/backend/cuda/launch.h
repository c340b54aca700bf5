// SPDX-License-Identifier: MIT
/* How a kernel is launched, as the functions that fill its parameters say. */
#ifndef FOVEA_BACKEND_CUDA_LAUNCH_H
#define FOVEA_BACKEND_CUDA_LAUNCH_H

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

#endif
