// SPDX-License-Identifier: MIT
/* Compiled instead of backend/cuda where nvcc was not found. */
#include "backend/cuda/available.h"

#include <stdbool.h>

fov_status fov_cuda_available(fov_error *err)
{
    return fov_fail(
        err, FOV_ERR_UNSUPPORTED,
        "this build of Fovea has no CUDA backend: it was built where nvcc was not found; install the CUDA toolkit, 12.0 or "
        "later (NVIDIA's packages; Debian 13: nvidia-cuda-toolkit), and build again");
}

json_t *fov_cuda_json(void)
{
    fov_error err;
    fov_cuda_available(&err);
    return json_pack("{s:b, s:b, s:s}", "built", false, "usable", false, "problem", err.message);
}
