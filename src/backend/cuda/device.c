// SPDX-License-Identifier: MIT
#include "backend/cuda/device.h"

#include "backend/cuda/available.h"
#include "backend/cuda/images.h"
#include "base/alloc.h"
#include "base/text.h"

#include <pthread.h>

static fov_status attribute(const fov_cuda_device *d, CUdevice_attribute which, int *value, fov_error *err)
{
    return fov_cuda_check(d->driver, d->driver->DeviceGetAttribute(value, which, d->handle), err, "GPU %d: attribute %d", d->index,
                          (int)which);
}

static fov_status read_attributes(fov_cuda_device *d, fov_error *err)
{
    int        major, minor, shared;
    fov_status st;
    if ((st = attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major, err))) return st;
    if ((st = attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor, err))) return st;
    if ((st = attribute(d, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &d->processors, err))) return st;
    if ((st = attribute(d, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, &shared, err))) return st;
    d->capability = 10 * major + minor;
    d->shared_bytes = (size_t)shared;
    return FOV_OK;
}

/* The names of all GPUs, as a reader who asked for one that is not there wants to see them. */
static fov_status fail_as_absent(const fov_cuda_driver *driver, int index, int count, fov_error *err)
{
    fov_text text = {0};
    for (int i = 0; i < count; i++) {
        CUdevice handle;
        char     name[128];
        if (driver->DeviceGet(&handle, i) || driver->DeviceGetName(name, sizeof name, handle)) continue;
        fov_text_print(&text, "%s%d (%s)", text.size ? ", " : "", i, name);
    }
    fov_status st = fov_fail(err, FOV_ERR_DEVICE, "there is no GPU %d; there %s: %s", index, count == 1 ? "is" : "are",
                             text.failed || !text.data ? "others" : text.data);
    fov_text_clear(&text);
    return st;
}

fov_status fov_cuda_device_look(int index, fov_cuda_device *d, fov_error *err)
{
    int        count;
    fov_status st;
    *d = (fov_cuda_device){.index = index};
    if (index < 0) return fov_fail(err, FOV_ERR_ARGUMENT, "a GPU's number is 0 or more, not %d", index);
    if ((st = fov_cuda_driver_open(&d->driver, err))) return st;
    const fov_cuda_driver *driver = d->driver;
    if ((st = fov_cuda_check(driver, driver->DeviceGetCount(&count), err, "the number of GPUs"))) return st;
    if (count > FOV_CUDA_MAX_DEVICES) count = FOV_CUDA_MAX_DEVICES;
    if (index >= count) return fail_as_absent(driver, index, count, err);
    if ((st = fov_cuda_check(driver, driver->DeviceGet(&d->handle, index), err, "GPU %d", index))) return st;
    if ((st = fov_cuda_check(driver, driver->DeviceGetName(d->name, sizeof d->name, d->handle), err, "GPU %d: name", index)))
        return st;
    if ((st = fov_cuda_check(driver, driver->DeviceTotalMem(&d->memory_bytes, d->handle), err, "GPU %d: memory", index))) return st;
    return read_attributes(d, err);
}

fov_status fov_cuda_device_use(const fov_cuda_device *d, fov_error *err)
{
    return fov_cuda_check(d->driver, d->driver->CtxSetCurrent(d->context), err, "GPU %d (%s): context", d->index, d->name);
}

static fov_status fail_without_code(const fov_cuda_device *d, fov_error *err)
{
    fov_text text = {0};
    int      c;
    for (size_t i = 0; (c = fov_cuda_image_capability(i)) != 0; i++)
        fov_text_print(&text, "%s%d.%d", i ? ", " : "", c / 10, c % 10);
    fov_status st = fov_fail(err, FOV_ERR_DEVICE,
                             "GPU %d (%s) has capability %d.%d; this build of Fovea has kernels for %s and later "
                             "ones: build it with more in the option gpu_archs, or choose another --device",
                             d->index, d->name, d->capability / 10, d->capability % 10, text.failed ? "others" : text.data);
    fov_text_clear(&text);
    return st;
}

/* An image may be for other GPUs only: who asks for its kernels asks the capability first. */
static fov_status load_images(fov_cuda_device *d, fov_error *err)
{
    const fov_cuda_image *image;
    size_t                images = 0;
    while (fov_cuda_image_at(images)) images++;
    if (!(d->module = fov_calloc(images, sizeof *d->module))) return fov_fail_memory(err, "the modules of a GPU");
    for (size_t i = 0; (image = fov_cuda_image_at(i)) != NULL; i++) {
        const CUresult result = d->driver->ModuleLoadData(&d->module[d->modules], image->start);
        if (result == CUDA_ERROR_NO_BINARY_FOR_GPU) continue;
        if (result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION)
            return fov_fail(
                err, FOV_ERR_DEVICE,
                "GPU %d (%s) is newer than the kernels of this build, and the driver (CUDA %d.%d) too old to compile them for "
                "it: update the driver to CUDA %d.%d",
                d->index, d->name, d->driver->version / 1000, d->driver->version % 1000 / 10, CUDA_VERSION / 1000,
                CUDA_VERSION % 1000 / 10);
        fov_status st = fov_cuda_check(d->driver, result, err, "GPU %d (%s): kernels of %s", d->index, d->name, image->name);
        if (st) return st;
        d->modules++;
    }
    return images && !d->modules ? fail_without_code(d, err) : FOV_OK;
}

static void close_device(fov_cuda_device *d)
{
    for (size_t i = 0; i < d->modules; i++) d->driver->ModuleUnload(d->module[i]);
    fov_free(d->module);
    if (d->context) d->driver->DevicePrimaryCtxRelease(d->handle);
}

static fov_status start(fov_cuda_device *d, fov_error *err)
{
    fov_status st = fov_cuda_check(d->driver, d->driver->DevicePrimaryCtxRetain(&d->context, d->handle), err,
                                   "GPU %d (%s): context", d->index, d->name);
    if (!st) st = fov_cuda_device_use(d, err);
    if (!st) st = load_images(d, err);
    return st;
}

static fov_status open_device(int index, fov_cuda_device *d, fov_error *err)
{
    fov_status st = fov_cuda_device_look(index, d, err);
    if (st) return st;
    if (d->capability < FOV_CUDA_LEAST_CAPABILITY)
        return fov_fail(
            err, FOV_ERR_DEVICE,
            "GPU %d (%s) has capability %d.%d, and %d.%d (Turing, of 2018) is the least that Fovea's kernels run on: choose "
            "another --device, or the backend cpu",
            index, d->name, d->capability / 10, d->capability % 10, FOV_CUDA_LEAST_CAPABILITY / 10, FOV_CUDA_LEAST_CAPABILITY % 10);
    if ((st = start(d, err))) close_device(d);
    return st;
}

fov_status fov_cuda_device_open(int index, const fov_cuda_device **device, fov_error *err)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static fov_cuda_device opened[FOV_CUDA_MAX_DEVICES];
    static bool            is_open[FOV_CUDA_MAX_DEVICES];

    fov_status      st = FOV_OK;
    fov_cuda_device d;
    *device = NULL;
    pthread_mutex_lock(&mutex);
    const bool known = index >= 0 && index < FOV_CUDA_MAX_DEVICES && is_open[index];
    if (!known && !(st = open_device(index, &d, err))) {
        opened[index] = d;
        is_open[index] = true;
    }
    pthread_mutex_unlock(&mutex);
    if (!st) *device = &opened[index];
    return st;
}

fov_status fov_cuda_available(fov_error *err)
{
    const fov_cuda_device *device;
    return fov_cuda_device_open(0, &device, err);
}
