// SPDX-License-Identifier: MIT
/* A GPU that Fovea works on: its context, its kernels, its memory. */
#ifndef FOVEA_BACKEND_CUDA_DEVICE_H
#define FOVEA_BACKEND_CUDA_DEVICE_H

#include "backend/cuda/driver.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    FOV_CUDA_MAX_DEVICES = 64,
    FOV_CUDA_TF32_CAPABILITY = 80,
    FOV_CUDA_LEAST_CAPABILITY = 75, /* Turing: matrix products of bytes, which INT8 is made of */
};

typedef struct fov_cuda_device {
    const fov_cuda_driver *driver;
    int                    index;
    CUdevice               handle;
    CUcontext              context; /* the primary one, retained for the life of the process */
    CUmodule              *module;  /* the images of this build that this GPU can run */
    size_t                 modules;
    char                   name[128];
    int                    capability;   /* 10 * major + minor: 90 */
    int                    processors;   /* streaming multiprocessors */
    size_t                 shared_bytes; /* of a block, the most that can be asked for */
    size_t                 memory_bytes; /* in all */
} fov_cuda_device;

/**
 * Open GPU number `index`, once for the process: a second call gives the same. From any thread. It is never closed: engines of
 * other threads may use it. After a failure the next call tries again.
 * @return FOV_OK, FOV_ERR_DEVICE (as fov_cuda_driver_open(); no such GPU, with those that there are; one too old for the kernels),
 *         FOV_ERR_ARGUMENT (index < 0), FOV_ERR_MEMORY
 */
fov_status fov_cuda_device_open(int index, const fov_cuda_device **device, fov_error *err);

/** What is known of a GPU without a context: all of it but `context` and `module`. @return as fov_cuda_device_open(), for any age
 */
fov_status fov_cuda_device_look(int index, fov_cuda_device *device, fov_error *err);

/** Make the device's context the calling thread's. Every other function here does so itself. */
fov_status fov_cuda_device_use(const fov_cuda_device *device, fov_error *err);

/**
 * A kernel by name, ready for so many bytes of dynamic shared memory. Thread-safe.
 * @return FOV_OK, FOV_ERR_INTERNAL (no such kernel in this build), FOV_ERR_DEVICE (more shared memory than the GPU has, too)
 */
fov_status fov_cuda_kernel(const fov_cuda_device *device, const char *name, size_t shared_bytes, CUfunction *kernel,
                           fov_error *err);

/** Whether there is code of such a kernel for the device. */
bool fov_cuda_has_kernel(const fov_cuda_device *device, const char *name);

/* ---- memory. `what` is named in the message: "device memory for <what>: 1234 MiB do not fit, 567 MiB of 8192 MiB are free ..." */

fov_status fov_cuda_alloc(const fov_cuda_device *device, size_t bytes, const char *what, void **memory, fov_error *err);
void       fov_cuda_free(const fov_cuda_device *device, void *memory); /* NULL is allowed */
/** Host memory that copies to and from the device run at full speed from. */
fov_status fov_cuda_alloc_pinned(const fov_cuda_device *device, size_t bytes, const char *what, void **memory, fov_error *err);
void       fov_cuda_free_pinned(const fov_cuda_device *device, void *memory);
/** Whole copies, done when they return, for every stream. Allocating and these must not run in a thread that captures a stream. */
fov_status fov_cuda_upload(const fov_cuda_device *device, void *to, const void *from, size_t bytes, fov_error *err);
fov_status fov_cuda_download(const fov_cuda_device *device, void *to, const void *from, size_t bytes, fov_error *err);

/* ---- constants: made on the host once, on each device when that first needs them */

typedef struct fov_cuda_constant fov_cuda_constant;

/** Memory to make one in: zeros. */
fov_status fov_cuda_constant_memory(size_t bytes, void **host, fov_error *err);
/** @param host memory from fov_cuda_constant_memory(), which becomes the constant's, also on failure */
fov_status fov_cuda_constant_new(void *host, size_t bytes, fov_cuda_constant **constant, fov_error *err);
/** Its address on a device; it is copied there by the first call. Thread-safe. */
fov_status fov_cuda_constant_on(const fov_cuda_constant *constant, const fov_cuda_device *device, const void **address,
                                fov_error *err);
/** As it was given. */
const void *fov_cuda_constant_host(const fov_cuda_constant *constant);
void       fov_cuda_constant_free(fov_cuda_constant *constant); /* NULL is allowed; on all devices */

#endif
