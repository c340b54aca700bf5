// SPDX-License-Identifier: MIT
/* What is asked of CUDA by code that does not see cuda.h. Answered by every build: one without CUDA says that it is without. */
#ifndef FOVEA_BACKEND_CUDA_AVAILABLE_H
#define FOVEA_BACKEND_CUDA_AVAILABLE_H

#include "base/error.h"

#include <jansson.h>

/**
 * Can the first GPU be worked on? Opens the driver and that GPU, which stay open. Thread-safe.
 * @return FOV_OK, FOV_ERR_UNSUPPORTED (built without CUDA), FOV_ERR_DEVICE (no driver, no GPU, one too old), FOV_ERR_MEMORY; the
 * message says what to do
 */
fov_status fov_cuda_available(fov_error *err);

/** What fov_doctor_json() tells as "cuda". Opens every GPU. NULL without memory. */
json_t *fov_cuda_json(void);

#endif
