// SPDX-License-Identifier: MIT
/* A network's heads into faces on the GPU: the memory that it takes, and its launches.
 *
 * Everything of a fov_faces_params but the mappings depends on the shapes and the options alone, so launches may be recorded once.
 */
#ifndef FOVEA_BACKEND_CUDA_FACES_H
#define FOVEA_BACKEND_CUDA_FACES_H

#include "backend/cuda/grid.h"
#include "backend/cuda/kernels/params_faces.h"

#define FOV_CUDA_FACES_COLLECT_KERNEL "fov_faces_collect"
#define FOV_CUDA_FACES_KEEP_KERNEL "fov_faces_keep" /* launched after the first, with the same params */

/** Heads of one level, F32, of all images of a batch. */
typedef struct fov_cuda_head {
    fov_head  head;                                       /* of the first image; pointers are the device's */
    ptrdiff_t scores_image, boxes_image, landmarks_image; /* floats from image to image */
} fov_cuda_head;

typedef struct fov_cuda_faces {
    fov_faces_params params;
    int              images;
    size_t work_bytes; /* of device memory. Its first `zero_bytes` must be 0 before the first run; each run leaves them so */
    size_t zero_bytes;
    size_t result_bytes; /* of device memory, or of pinned host memory, which the kernel can write to as well */
} fov_cuda_faces;

/**
 * @param head    one a level
 * @param options checked ones
 * @param faces   out: without addresses of memory
 * @return FOV_OK, FOV_ERR_LIMIT (more priors than can be numbered)
 */
fov_status fov_cuda_faces_init(fov_cuda_faces *faces, const fov_settings *settings, const fov_cuda_head *head, int images,
                               const fov_detect_options *options, fov_error *err);

/** Say where all is. @param work,result aligned to 16, of the sizes above; mapping: on the device, one an image */
void fov_cuda_faces_place(fov_cuda_faces *faces, void *work, void *result, const fov_mapping *mapping);

/** Of an image, when result_bytes were brought to the host. @param result their copy, which `found` points into */
void fov_cuda_faces_read(const fov_cuda_faces *faces, const void *result, int image, fov_faces *found);

fov_cuda_grid fov_cuda_faces_collect_grid(const fov_cuda_faces *faces);
fov_cuda_grid fov_cuda_faces_keep_grid(const fov_cuda_faces *faces);

#endif
