// SPDX-License-Identifier: MIT
/* What kernels of depthwise convolutions are given. Channels go by chunks: 16 bytes of an input pixel, of U8 8 bytes.
 *
 * Numbers that a chunk's channels need are floats in rows, one for each channel, in this order: a chunk's first four, of all
 * chunks; then, where chunks have 8 channels, their last four. So threads beside each other read without conflicts. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_DEPTHWISE_PARAMS_H
#define FOVEA_BACKEND_CUDA_KERNELS_DEPTHWISE_PARAMS_H

#include "backend/cuda/kernels/params.h"

/** Channels of the output are those of the input; a thread makes some output pixels of a row, one chunk of each. */
typedef struct fov_depthwise_params {
    const void *x;
    const void *pad;    /* a tap outside of the image: a pixel of what 0 is */
    const void *weight; /* a row for each tap, in the order r, s */
    fov_end     end;
    int64_t     items; /* threads that have work: images * end.rows * strips * chunks */
    int32_t     x_rows, x_columns, x_ld_bytes;
    int32_t     chunks;
    int32_t     strips; /* groups of output pixels in a row */
    int32_t     window_rows, window_columns;
    int32_t     stride_y, stride_x, pad_top, pad_left, dilation_y, dilation_x;
} fov_depthwise_params;

#endif
