// SPDX-License-Identifier: MIT
/* The first convolution of a network on a GPU: F32 input of few channels, whose numbers are below 65504 as those of images are. */
#ifndef FOVEA_BACKEND_CUDA_FIRST_H
#define FOVEA_BACKEND_CUDA_FIRST_H

#include "backend/cuda/kernels/first_params.h"
#include "backend/cuda/launch.h"

typedef struct fov_cuda_first {
    int channels, outputs;
    int rows, columns; /* of the window, which has no dilation */
    int stride_y, stride_x, pad_top, pad_left;
    fov_dtype        between; /* what the input is made first: F32 as it is, F16, BF16 or U8 */
    const fov_quant *quant;   /* of U8 */
} fov_cuda_first;

/** Whether there is a kernel: a row of the window is short, and stride_x * channels even. */
bool fov_cuda_first_takes(const fov_cuda_first *conv, const fov_cuda_limits *limits);

size_t fov_cuda_first_bytes(const fov_cuda_first *conv);
/** @param weight [outputs][channels][rows][columns]. Where all are binary16, or nearly, only their upper halves are multiplied. */
void fov_cuda_first_pack(const fov_cuda_first *conv, const float *weight, void *packed, int *parts);

/** @param packed on the device; parts: as packed; end: of the output, whose rows and columns it has */
void fov_cuda_first_fill(const fov_cuda_first *conv, const fov_cuda_images *x, const void *packed, int parts, const fov_end *end,
                         const fov_cuda_limits *limits, fov_first_params *params, fov_cuda_launch *launch);

#endif
