// SPDX-License-Identifier: MIT
/* The compiled kernels that this build carries: an image for each file of kernels/, with code for several GPUs. */
#ifndef FOVEA_BACKEND_CUDA_IMAGES_H
#define FOVEA_BACKEND_CUDA_IMAGES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fov_cuda_image {
    const char          *name;  /* of the file, without .cu */
    const unsigned char *start; /* the driver reads its size in itself */
    const unsigned char *end;
} fov_cuda_image;

/** NULL behind the last one. */
const fov_cuda_image *fov_cuda_image_at(size_t index);

/** The capabilities (10 * major + minor) that they hold code for, ascending; 0 behind the last one, of which there is PTX too. */
int fov_cuda_image_capability(size_t index);
/** There is code for such a GPU, so that the driver does not have to compile it from PTX. */
bool fov_cuda_image_is_native(int capability);

#endif
