// SPDX-License-Identifier: MIT
/* fov_remote's decoder: nvJPEG with a stream of its own. */
#ifndef FOVEA_BACKEND_CUDA_DECODER_H
#define FOVEA_BACKEND_CUDA_DECODER_H

#include "backend/backend.h"

fov_status fov_decoder_open(int device, fov_decoder **decoder, fov_error *err);
void       fov_decoder_close(fov_decoder *decoder); /* NULL is allowed */
fov_status fov_decoder_decode(fov_decoder *decoder, fov_remote_picture *picture, size_t count, fov_error *err);
void       fov_decoder_release(fov_decoder *decoder, fov_remote_picture *picture);

#endif
