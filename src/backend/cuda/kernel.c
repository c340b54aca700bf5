// SPDX-License-Identifier: MIT
#include "backend/cuda/device.h"

#include <pthread.h>

/* Asking for an attribute also has a kernel loaded that the driver would else load at its first launch, in the midst of a run. What
 * was allowed is never lowered: another engine's launches may need what was asked for earlier. */
static fov_status allow_shared(const fov_cuda_device *d, const char *name, CUfunction kernel, size_t bytes, fov_error *err)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    const CUfunction_attribute most = CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    int                        allowed = 0;
    pthread_mutex_lock(&mutex);
    CUresult result = d->driver->FuncGetAttribute(&allowed, most, kernel);
    if (!result && (size_t)allowed < bytes) result = d->driver->FuncSetAttribute(kernel, most, (int)bytes);
    pthread_mutex_unlock(&mutex);
    return fov_cuda_check(d->driver, result, err, "GPU %d (%s): %zu bytes of shared memory for kernel %s", d->index, d->name, bytes,
                          name);
}

static CUresult find(const fov_cuda_device *d, const char *name, CUfunction *kernel)
{
    CUresult result = CUDA_ERROR_NOT_FOUND;
    for (size_t i = 0; i < d->modules && result == CUDA_ERROR_NOT_FOUND; i++)
        result = d->driver->ModuleGetFunction(kernel, d->module[i], name);
    return result;
}

fov_status fov_cuda_kernel(const fov_cuda_device *d, const char *name, size_t shared_bytes, CUfunction *kernel, fov_error *err)
{
    *kernel = NULL;
    if (shared_bytes > d->shared_bytes)
        return fov_fail(err, FOV_ERR_DEVICE, "GPU %d (%s): kernel %s needs %zu bytes of shared memory, of %zu that there are",
                        d->index, d->name, name, shared_bytes, d->shared_bytes);
    fov_status st = fov_cuda_device_use(d, err);
    if (st) return st;
    const CUresult result = find(d, name, kernel);
    if (result == CUDA_ERROR_NOT_FOUND)
        return fov_fail(err, FOV_ERR_INTERNAL, "GPU %d (%s): this build has no kernel %s for capability %d.%d", d->index, d->name,
                        name, d->capability / 10, d->capability % 10);
    st = fov_cuda_check(d->driver, result, err, "GPU %d (%s): kernel %s", d->index, d->name, name);
    if (!st) st = allow_shared(d, name, *kernel, shared_bytes, err);
    return st;
}

bool fov_cuda_has_kernel(const fov_cuda_device *d, const char *name)
{
    CUfunction kernel;
    return !fov_cuda_device_use(d, NULL) && find(d, name, &kernel) == CUDA_SUCCESS;
}
