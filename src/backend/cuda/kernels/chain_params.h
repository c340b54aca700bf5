// SPDX-License-Identifier: MIT
/* What kernels of chains are given: a depthwise convolution of 3x3 and the 1x1 that reads it, as one launch. A block makes a tile
 * of output pixels of one image, for some slices of 32 columns of the product.
 *
 * A lane makes a strip of output pixels, 8 bytes of channels at a time: four lanes have the 32 bytes of one step of the product.
 * Where a pixel has fewer bytes, `packed` strips share a step, and the weights of the 1x1 stand on the diagonal of a matrix of as
 * many blocks, so that no lane is idle: a row of it is a pixel of each of the strips. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_CHAIN_PARAMS_H
#define FOVEA_BACKEND_CUDA_KERNELS_CHAIN_PARAMS_H

#include "backend/cuda/kernels/depthwise_params.h"

enum {
    FOV_CHAIN_SLICE = 32, /* columns of the product: output channels, of each of the packed pixels */
    FOV_CHAIN_TAPS = 9,
    FOV_CHAIN_STEP_BYTES = 32, /* of a row of A, for one matrix product */
    FOV_CHAIN_LANE_BYTES = 8,
    FOV_CHAIN_STRIPS = 8, /* rows of A that lanes have: strips of a group, times `packed` */
    FOV_CHAIN_DOWN = 2,   /* rows of a strip */
    FOV_CHAIN_THREADS = 256,
    FOV_CHAIN_FEW_THREADS = 128, /* the most where all steps are in registers */
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
    const void *table;  /* rows of table_channels floats */
    const void *weight; /* of the 1x1: slices of k_steps of two pairs of 8 columns of 32 lanes of 16 bytes: what a lane needs of two
                           products. Zero where padded */
    fov_end     end;    /* of the 1x1 */
    int32_t     x_rows, x_columns, x_ld_bytes;
    int32_t     pixel_bytes; /* of the channels, of the input and between the two */
    int32_t     packed;      /* 1, 2 or 4 */
    int32_t     lane_shift;  /* 4 / packed lanes of a pixel, as a shift */
    int32_t     table_channels;
    int32_t     k_steps;
    int32_t     pad_top, pad_left;
    int32_t     tiles_down, tiles_across; /* of an image */
    int32_t     tile_rows, tile_columns;  /* output pixels, of whole strips */
    int32_t     strips;                   /* of a tile */
    int32_t     strips_across;
    int32_t     groups; /* of FOV_CHAIN_STRIPS * packed strips */
    fov_divisor by_strips_across, by_k_steps, by_block_slices;
    int32_t     end_channels;         /* that a block needs of `end` */
    int32_t     slices;               /* of all columns */
    int32_t     block_slices, splits; /* of a block, blocks that share a tile: the fastest part of a block's number */
} fov_chain_params;

#endif
