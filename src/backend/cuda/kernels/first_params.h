// SPDX-License-Identifier: MIT
/* What kernels of a network's first convolution are given: few input channels in F32, so that a row of the window is a run of
 * numbers that lie side by side. Every number is the sum of two in binary16, so the tensor cores multiply it with next to no error.
 */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_FIRST_PARAMS_H
#define FOVEA_BACKEND_CUDA_KERNELS_FIRST_PARAMS_H

#include "backend/cuda/kernels/params.h"

enum {
    FOV_FIRST_THREADS = 256,
    FOV_FIRST_GROUP = 8,    /* numbers of a row of the window that make half a step of a product */
    FOV_FIRST_COLUMNS = 32, /* output pixels of a tile: columns */
    FOV_FIRST_MOST_CHANNELS = 8,
    FOV_FIRST_RUN = 64, /* threads that take a row of the input where it is a run of floats, 4 each but for two of them ... */
    FOV_FIRST_RUN_CHANNELS = 3, /* ... of so many channels ... */
    FOV_FIRST_RUN_STRIDE = 2,   /* ... and pixels from one output pixel's window to the next's */
};

typedef struct fov_first_params {
    const float *x;
    /* High halves, then low halves where `parts` is 2: slices of k_steps of groups of 8 channels of 32 lanes of 8 bytes: what a
     * lane needs of a product (ptx.cuh), in such an order that lanes get sums of channels side by side. Zero where padded. Each
     * channel times a power of two ... */
    const void  *weight;
    const float *scale; /* ... that this undoes: one for each channel, padded to slices */
    fov_end      end;
    int32_t      x_rows, x_columns, x_ld;               /* of the image; x_ld: floats from pixel to pixel */
    int32_t      channels;                              /* of the input */
    int32_t      window_rows, row_groups;               /* groups of 8 numbers in a row of the window, padded */
    int32_t      stride_y, stride_x, pad_top, pad_left; /* stride_x * channels is even */
    int32_t      k_steps;                               /* of two groups */
    int32_t      slices;                                /* of up to 8 groups of 8 channels, which blocks have one each of */
    int32_t      parts;                                 /* of weights: 1: they are exact in binary16; 2 */
    /* What the input is made before it is multiplied: a fov_dtype. Of U8 it is q - zero point, and sums are whole numbers below
     * 2^24, which floats hold: `end` has them as integers, without `start`. */
    int32_t     between;
    float       inverse_scale[FOV_FIRST_MOST_CHANNELS]; /* of U8 */
    int32_t     zero_point[FOV_FIRST_MOST_CHANNELS];
    int32_t     patch_rows, patch_ld; /* of the input that a tile needs; patch_ld: halves, even */
    int32_t     phase;                /* of runs: floats from an address of 16 bytes to the first one that a tile needs */
    int32_t     tile_rows, tiles_across, tiles_down, tiles; /* tiles: of all images */
    fov_divisor by_channels, by_pairs, by_across, by_down;  /* by_pairs: of a row of the patch */
} fov_first_params;

#endif
