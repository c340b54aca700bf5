// SPDX-License-Identifier: MIT
/* What tests of single kernels share: the GPU, its memory, launches that are waited for. */
#ifndef FOVEA_TESTS_CUDA_GPU_H
#define FOVEA_TESTS_CUDA_GPU_H

#include "support.h"

#include "backend/cuda/device.h"
#include "backend/cuda/grid.h"

static const fov_cuda_device *gpu;

static inline int gpu_open(void **state)
{
    fov_error err;
    (void)state;
    if (!fov_cuda_device_open(0, &gpu, &err)) return 0;
    print_error("%s\n", err.message);
    return -1;
}

static inline void *gpu_memory(size_t bytes)
{
    fov_error err;
    void     *memory;
    assert_ok(fov_cuda_alloc(gpu, bytes, "a test", &memory, &err));
    return memory;
}

static inline void gpu_upload(void *to, const void *from, size_t bytes)
{
    fov_error err;
    assert_ok(fov_cuda_upload(gpu, to, from, bytes, &err));
}

static inline void gpu_download(void *to, const void *from, size_t bytes)
{
    fov_error err;
    assert_ok(fov_cuda_download(gpu, to, from, bytes, &err));
}

static inline void gpu_free(void *memory)
{
    fov_cuda_free(gpu, memory);
}

static inline void gpu_run(const char *name, fov_cuda_grid grid, const void *params)
{
    fov_error  err;
    CUfunction kernel;
    void      *argument[] = {(void *)(uintptr_t)params};
    assert_ok(fov_cuda_kernel(gpu, name, grid.shared_bytes, &kernel, &err));
    assert_ok(fov_cuda_device_use(gpu, &err));
    assert_int_equal(
        gpu->driver->LaunchKernel(kernel, grid.x, grid.y, 1, grid.threads, 1, 1, grid.shared_bytes, NULL, argument, NULL),
        CUDA_SUCCESS);
    assert_int_equal(gpu->driver->CtxSynchronize(), CUDA_SUCCESS);
}

#endif
