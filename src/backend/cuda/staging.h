// SPDX-License-Identifier: MIT
/* Memory of a place that photos go up through, and that faces come down into. */
#ifndef FOVEA_BACKEND_CUDA_STAGING_H
#define FOVEA_BACKEND_CUDA_STAGING_H

#include "backend/cuda/place.h"

/** To what each part of the block is aligned. */
size_t fov_cuda_staging_rounded(size_t bytes);

/** Have a block of so many bytes on both sides, of which nothing is sent yet. The stream must have nothing to do. */
fov_status fov_cuda_staging_reserve(fov_place *place, size_t bytes, fov_error *err);
/** Ask the stream to copy what is not sent yet, up to byte `end`. */
fov_status fov_cuda_staging_send(fov_place *place, size_t end, fov_error *err);
/** Pinned memory for results. As above. */
fov_status fov_cuda_result_reserve(fov_place *place, size_t bytes, fov_error *err);
void       fov_cuda_staging_clear(fov_place *place);

#endif
