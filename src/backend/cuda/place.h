// SPDX-License-Identifier: MIT
/* A stream of a GPU's work, and the memory that one detector has there. */
#ifndef FOVEA_BACKEND_CUDA_PLACE_H
#define FOVEA_BACKEND_CUDA_PLACE_H

#include "backend/backend.h"
#include "backend/cuda/device.h"

/** A block of pinned memory, and its image on the device. */
typedef struct fov_cuda_staging {
    unsigned char *host, *device;
    size_t         bytes, sent;
} fov_cuda_staging;

struct fov_place {
    const fov_cuda_device *device;
    CUstream               stream;
    CUevent                start, end;   /* around a program, or a kernel, that is timed */
    fov_place_options      options;
    double                 tune_until;   /* while one is: fov_clock_s(); else 0 */
    fov_cuda_staging       staging;
    void                  *result; /* pinned */
    size_t                 result_bytes;
};

extern const fov_remote fov_cuda_remote;

#endif
