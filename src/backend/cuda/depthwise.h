// SPDX-License-Identifier: MIT
/* Depthwise convolution alone on a GPU: weights are packed once, then the kernel's parameters are filled for a size. */
#ifndef FOVEA_BACKEND_CUDA_DEPTHWISE_H
#define FOVEA_BACKEND_CUDA_DEPTHWISE_H

#include "backend/cuda/kernels/depthwise_params.h"
#include "backend/cuda/launch.h"

typedef struct fov_cuda_depthwise {
    fov_dtype x; /* F32, F16, BF16 or U8 */
    int       channels;
    int       rows, columns; /* of the window */
    int       stride_y, stride_x, pad_top, pad_left, dilation_y, dilation_x;
} fov_cuda_depthwise;

/** Channels of a chunk; 0: kernels do not take the type. */
int fov_cuda_depthwise_chunk(fov_dtype x);
/** Whether there is a kernel: channels fill chunks, and sums of bytes are exact in floats. */
bool fov_cuda_depthwise_takes(const fov_cuda_depthwise *conv);

/** Bytes of packed weights. */
size_t fov_cuda_depthwise_bytes(const fov_cuda_depthwise *conv);
/**
 * Pack weights; they go to the device as they are.
 * @param weight     [channels][rows][columns]; of I8 the integers
 * @param zero_point of U8, one for each channel
 */
void fov_cuda_depthwise_pack(const fov_cuda_depthwise *conv, const float *weight, const int32_t *zero_point, void *packed);

/** @param packed on the device; x: aligned to chunks as is its ld; end: of the output, whose rows and columns it has */
void fov_cuda_depthwise_fill(const fov_cuda_depthwise *conv, const fov_cuda_images *x, const void *packed, const fov_end *end,
                             fov_depthwise_params *params, fov_cuda_launch *launch);

/* ---- shared with chains */

/** Channel c of a row of floats (kernels/depthwise_params.h) is at this place. */
size_t fov_cuda_chunk_place(int channels, int chunk, int c);
/** A tap outside of the image: a pixel, `channels` elements. @param zero_point of U8 */
void fov_cuda_pad_pack(fov_dtype x, int channels, const int32_t *zero_point, void *pixel);

#endif
