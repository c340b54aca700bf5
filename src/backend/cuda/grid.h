// SPDX-License-Identifier: MIT
/* How large a launch is. */
#ifndef FOVEA_BACKEND_CUDA_GRID_H
#define FOVEA_BACKEND_CUDA_GRID_H

typedef struct fov_cuda_grid {
    unsigned x, y;    /* blocks */
    unsigned threads; /* of a block */
    unsigned shared_bytes;
} fov_cuda_grid;

#endif
