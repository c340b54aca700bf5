// SPDX-License-Identifier: MIT
/* What tuning found, of one GPU: by step the candidate that is the fastest. Kept in a file of the user's cache
 * ($XDG_CACHE_HOME/fovea, else ~/.cache/fovea), one for each kind of GPU and version of the kernels; where there is no such place,
 * or it cannot be written, for the life of the process. All functions are thread-safe. */
#ifndef FOVEA_BACKEND_CUDA_CHOICES_H
#define FOVEA_BACKEND_CUDA_CHOICES_H

#include "backend/cuda/device.h"

/** @param name out @return false: nothing is known of the step */
bool fov_choices_find(const fov_cuda_device *device, const char *step, char *name, size_t bytes);
void fov_choices_put(const fov_cuda_device *device, const char *step, const char *name);
/** Write what was put since the last time, beside what other processes wrote. */
void fov_choices_save(const fov_cuda_device *device);

#endif
