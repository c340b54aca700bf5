// SPDX-License-Identifier: MIT
/* What kernels of chains are given: a depthwise convolution of 3x3 and the 1x1 that reads it, as one launch. A block makes a tile
 * of output pixels of one image, for some slices of 32 output channels. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_CHAIN_PARAMS_H
#define FOVEA_BACKEND_CUDA_KERNELS_CHAIN_PARAMS_H

#include "backend/cuda/kernels/depthwise_params.h"

enum {
    FOV_CHAIN_SLICE = 32, /* output channels */
    FOV_CHAIN_TAPS = 9,
    FOV_CHAIN_STEP_BYTES = 32, /* of a pixel between the two, for one matrix product */
    FOV_CHAIN_SUMS_LD = FOV_CHAIN_SLICE + 8,
};

/* Rows of fov_chain_params.table: taps, then what the end of the depthwise convolution needs of a channel, as floats. The last four
 * are there only where what it makes is U8. */
enum {
    FOV_CHAIN_BIAS = FOV_CHAIN_TAPS,
    FOV_CHAIN_SLOPE,
    FOV_CHAIN_FLOAT_ROWS,
    FOV_CHAIN_START = FOV_CHAIN_FLOAT_ROWS, /* fov_end_channel.start */
    FOV_CHAIN_SCALE,
    FOV_CHAIN_INVERSE_SCALE,
    FOV_CHAIN_ZERO_POINT,
    FOV_CHAIN_U8_ROWS,
};

typedef struct fov_chain_params {
    const void *x;
    const void *pad;    /* as fov_depthwise_params.pad */
    const void *table;  /* rows of floats, as depthwise_params.h says */
    const void *weight; /* of the 1x1: slices of k_steps of four groups of 8 channels of 32 lanes of 8 bytes: what a lane needs of a
                           product (ptx.cuh). Zero where padded */
    fov_end     end;    /* of the 1x1 */
    int32_t     x_rows, x_columns, x_ld_bytes;
    int32_t     chunks;  /* of a pixel, of the input and between the two */
    int32_t     k_steps; /* pixels between the two, padded to whole steps */
    int32_t     pad_top, pad_left;
    int32_t     tiles_down, tiles_across;         /* of an image */
    int32_t     tile_rows, tile_columns;          /* output pixels; columns are a multiple of those that a thread makes at once */
    int32_t     strips;                           /* of a row of the tile: what threads make at once */
    fov_divisor by_chunks, by_strips, by_columns; /* the latter: by tile_columns */
    int32_t     slices;                           /* of all output channels */
    int32_t     block_slices, splits;             /* of a block, blocks that share a tile: the fastest part of a block's number */
} fov_chain_params;

#endif
