// SPDX-License-Identifier: MIT
/* The backend that a user may name in every build; here it can only say that it is not there. */
#include "backend/backend.h"
#include "backend/cuda/available.h"

extern const fov_backend fov_backend_cuda;

static fov_status check(int device, fov_error *err)
{
    (void)device;
    return fov_cuda_available(err);
}

static const fov_remote absent = {.check = check};

const fov_backend fov_backend_cuda = {.name = "cuda", .remote = &absent};
