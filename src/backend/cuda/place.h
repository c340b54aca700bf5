// SPDX-License-Identifier: MIT
/* A stream of a GPU's work, and the memory that one detector has there. */
#ifndef FOVEA_BACKEND_CUDA_PLACE_H
#define FOVEA_BACKEND_CUDA_PLACE_H

#include "backend/backend.h"
#include "backend/cuda/device.h"

struct fov_place {
    const fov_cuda_device *device;
    CUstream               stream;
    CUevent                start, end; /* around a program that is timed */
};

extern const fov_remote fov_cuda_remote;

#endif
