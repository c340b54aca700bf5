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

static fov_status name_device(int device, char *name, size_t bytes, fov_error *err)
{
    if (bytes) *name = '\0';
    return check(device, err);
}

static const fov_remote absent = {.check = check, .name = name_device};

const fov_backend fov_backend_cuda = {.name = "cuda", .remote = &absent};
