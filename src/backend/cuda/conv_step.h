// SPDX-License-Identifier: MIT
/* What a step of convolutions keeps. */
#ifndef FOVEA_BACKEND_CUDA_CONV_STEP_H
#define FOVEA_BACKEND_CUDA_CONV_STEP_H

#include "backend/cuda/lower.h"

typedef struct fov_conv_step {
    int                count; /* convolutions of one input */
    const fov_conv    *conv[FOV_STEP_NODES];
    fov_conv           own;  /* conv[0] of one alone; its weights may be gone: `weight` has them */
    const char        *type; /* of products that tensor cores know; NULL: none */
    size_t             row_bytes;
    fov_cuda_constant *weight;  /* rows of an output channel: [r][s][channel of the group] */
    fov_cuda_constant *channel; /* fov_end_channel of each */
    fov_cuda_constant *pad;     /* a tap outside of the image */
    fov_cuda_constant *window;  /* of a depthwise convolution, as depthwise.h packs it; NULL: another */
    char               name[64];
} fov_conv_step;

/** The step of a single convolution; NULL if `lowered` is another's. */
const fov_conv_step *fov_conv_step_of(const fov_lowered *lowered);
/** Weight of output channel m, channel c of its group, tap (r, s) counted row by row; of I8 the integer. */
float fov_conv_step_weight(const fov_conv_step *step, ptrdiff_t m, ptrdiff_t c, ptrdiff_t tap);
/** All, as [m][c][tap]. Release with fov_free(); NULL without memory. */
float *fov_conv_step_weights(const fov_conv_step *step);
/** Zero points of a U8 input, one a channel, else zeros. Release with fov_free(); NULL without memory. */
int32_t *fov_conv_step_zero_points(const fov_conv_step *step);

#endif
