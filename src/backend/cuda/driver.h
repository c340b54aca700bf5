// SPDX-License-Identifier: MIT
/* NVIDIA's driver, loaded when it is first asked for: one binary runs with and without it. */
#ifndef FOVEA_BACKEND_CUDA_DRIVER_H
#define FOVEA_BACKEND_CUDA_DRIVER_H

#include "base/error.h"

#include <cuda.h>

/** The oldest driver that loads what this build's nvcc made: any of the toolkit's major version. As cuDriverGetVersion() tells it.
 */
enum { FOV_CUDA_LEAST_VERSION = CUDA_VERSION / 1000 * 1000 };

/** Its functions, named as in cuda.h: the rows of driver.def. */
typedef struct fov_cuda_driver {
#define FOV_CUDA_CALL(name, symbol) __typeof__(symbol) *name;
#include "backend/cuda/driver.def"
#undef FOV_CUDA_CALL
    int version; /* as cuDriverGetVersion(): 1000 * major + 10 * minor */
} fov_cuda_driver;

/**
 * The driver, loaded and initialised once for the whole process; from any thread. After a failure the next call tries again.
 * @return FOV_OK, FOV_ERR_DEVICE (no driver, too old a driver, no GPU: the message says which, and what to do)
 */
fov_status fov_cuda_driver_open(const fov_cuda_driver **driver, fov_error *err);

/** Fail with what the driver says of `result`: "<what>: out of memory (CUDA_ERROR_OUT_OF_MEMORY)". Out of memory is FOV_ERR_MEMORY,
 * all else FOV_ERR_DEVICE. @return FOV_OK where it is CUDA_SUCCESS */
fov_status fov_cuda_check(const fov_cuda_driver *driver, CUresult result, fov_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
