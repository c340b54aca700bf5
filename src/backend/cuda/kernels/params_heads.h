// SPDX-License-Identifier: MIT
/* What the kernel is given that multiplies the heads of all levels and collects candidates of the sums. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_PARAMS_HEADS_H
#define FOVEA_BACKEND_CUDA_KERNELS_PARAMS_HEADS_H

#include "backend/cuda/kernels/params.h"
#include "backend/cuda/kernels/params_faces.h"

/** First columns of a level's heads in its product. */
typedef struct fov_heads_columns {
    int32_t scores, boxes, landmarks;
} fov_heads_columns;

typedef struct fov_heads_params {
    fov_gemm_params   product; /* a problem a level, one tile wide: its heads side by side, F32, without residual */
    fov_heads_columns column[FOV_MAX_LEVELS];
    fov_faces_params  faces; /* boxes and landmarks of candidates are stored where the products put theirs out; scores are not */
} fov_heads_params;

#endif
