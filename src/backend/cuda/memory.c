// SPDX-License-Identifier: MIT
#include "backend/cuda/device.h"

#include <stdint.h>

static CUdeviceptr address_of(const void *memory)
{
    return (CUdeviceptr)(uintptr_t)memory;
}

/* Rounded up, so that no need looks like nothing. */
static size_t in_mib(size_t bytes)
{
    return bytes / (1024 * 1024) + (bytes % (1024 * 1024) != 0);
}

static fov_status fail_as_full(const fov_cuda_device *d, size_t bytes, const char *what, fov_error *err)
{
    size_t free_bytes = 0, total = d->memory_bytes;
    if (d->driver->MemGetInfo(&free_bytes, &total)) total = d->memory_bytes;
    return fov_fail(
        err, FOV_ERR_MEMORY,
        "device memory for %s: %zu MiB do not fit, %zu MiB of %zu MiB are free on GPU %d (%s): choose a smaller --size or "
        "--batch, end other programs that use the GPU, or choose another with --device",
        what, in_mib(bytes), free_bytes / (1024 * 1024), total / (1024 * 1024), d->index, d->name);
}

fov_status fov_cuda_alloc(const fov_cuda_device *d, size_t bytes, const char *what, void **memory, fov_error *err)
{
    CUdeviceptr address = 0;
    *memory = NULL;
    fov_status st = fov_cuda_device_use(d, err);
    if (st) return st;
    const CUresult result = d->driver->MemAlloc(&address, bytes ? bytes : 1);
    if (result == CUDA_ERROR_OUT_OF_MEMORY) return fail_as_full(d, bytes, what, err);
    *memory = (void *)(uintptr_t)address;
    return fov_cuda_check(d->driver, result, err, "GPU %d (%s): %zu bytes of device memory for %s", d->index, d->name, bytes, what);
}

void fov_cuda_free(const fov_cuda_device *d, void *memory)
{
    if (!memory) return;
    fov_cuda_device_use(d, NULL); /* where that fails the address still says whose it is */
    d->driver->MemFree(address_of(memory));
}

fov_status fov_cuda_alloc_pinned(const fov_cuda_device *d, size_t bytes, const char *what, void **memory, fov_error *err)
{
    *memory = NULL;
    fov_status st = fov_cuda_device_use(d, err);
    if (st) return st;
    const CUresult result = d->driver->MemAllocHost(memory, bytes ? bytes : 1);
    if (result == CUDA_ERROR_OUT_OF_MEMORY)
        return fov_fail(
            err, FOV_ERR_MEMORY,
            "host memory for %s: %zu MiB cannot be locked for copies to GPU %d (%s): choose a smaller --size or --batch, or "
            "raise the limit of locked memory (ulimit -l)",
            what, in_mib(bytes), d->index, d->name);
    return fov_cuda_check(d->driver, result, err, "GPU %d (%s): %zu bytes of locked host memory for %s", d->index, d->name, bytes,
                          what);
}

void fov_cuda_free_pinned(const fov_cuda_device *d, void *memory)
{
    if (!memory) return;
    fov_cuda_device_use(d, NULL);
    d->driver->MemFreeHost(memory);
}

/* From pageable memory the driver returns when it has a copy of its own; streams that do not wait for the default one could be
 * ahead of that copy's way to the device. */
fov_status fov_cuda_upload(const fov_cuda_device *d, void *to, const void *from, size_t bytes, fov_error *err)
{
    fov_status st = fov_cuda_device_use(d, err);
    if (st || !bytes) return st;
    CUresult result = d->driver->MemcpyHtoD(address_of(to), from, bytes);
    if (!result) result = d->driver->StreamSynchronize(NULL);
    return fov_cuda_check(d->driver, result, err, "GPU %d (%s): copy of %zu bytes to it", d->index, d->name, bytes);
}

fov_status fov_cuda_download(const fov_cuda_device *d, void *to, const void *from, size_t bytes, fov_error *err)
{
    fov_status st = fov_cuda_device_use(d, err);
    if (st || !bytes) return st;
    return fov_cuda_check(d->driver, d->driver->MemcpyDtoH(to, address_of(from), bytes), err,
                          "GPU %d (%s): copy of %zu bytes from it", d->index, d->name, bytes);
}
