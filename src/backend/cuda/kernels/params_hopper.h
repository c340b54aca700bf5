// SPDX-License-Identifier: MIT
/* What the convolution for compute capability 9.0a is given. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_PARAMS_HOPPER_H
#define FOVEA_BACKEND_CUDA_KERNELS_PARAMS_HOPPER_H

#include "backend/cuda/kernels/params.h"

#include <cuda.h>

/** A convolution whose operands come by tensor maps. Rows of A are output pixels in the order n, y, x; its columns are taps in the
 * order r, s, of so many blocks of channels each; the last block of a tap is filled up with zeros. */
typedef struct fov_hopper_params {
    CUtensorMap a; /* im2col over the input: as many pixels as a tile has rows, times a block of channels */
    CUtensorMap b; /* weights, [channels][taps * blocks_per_tap * a block]: tile columns / multicast rows of a block */
    fov_end     end;
    int32_t     pixels;                  /* of the output, in all */
    int32_t     walk_columns, walk_rows; /* of an image as `a` walks it: 1x1 windows see all pixels as one row */
    int32_t     stride_y, stride_x, pad_top, pad_left, dilation_y, dilation_x;
    int32_t     taps_across;
    int32_t     bf16;        /* of kernels for 16 bits: bfloat16, not binary16 */
    int32_t     block_bytes; /* 128 or 64: as the maps are swizzled */
    int32_t     blocks_per_tap, blocks;
    int32_t     tiles_n, tiles; /* across; in all, for kernels that loop */
    int32_t     multicast;      /* tiles of neighbouring rows that share weights, in a cluster */
    int32_t     splits;         /* blocks of a cluster that share the sums of a tile; its size is splits * multicast */
} fov_hopper_params;

#endif
