// SPDX-License-Identifier: MIT
/* A depthwise convolution of 3x3 and the 1x1 that reads it, as one launch on a GPU: weights are packed once, then a tile is chosen
 * and the kernel's parameters are filled for a size. */
#ifndef FOVEA_BACKEND_CUDA_CHAIN_H
#define FOVEA_BACKEND_CUDA_CHAIN_H

#include "backend/cuda/kernels/chain_params.h"
#include "backend/cuda/launch.h"

typedef struct fov_cuda_chain {
    fov_dtype type; /* of the input and of what is between the two: F32, F16, BF16; or U8, with I8 weights of both */
    int       channels, outputs;
    int       stride, pad_top, pad_left;
    bool      tf32; /* F32: the 1x1 multiplies in TF32 */
} fov_cuda_chain;

typedef struct fov_cuda_chain_weights {
    const float           *depthwise;  /* [channels][3][3]; of I8 the integers */
    const int32_t         *zero_point; /* of a U8 input, one for each channel */
    const fov_end_channel *middle;     /* the end of the depthwise convolution, one for each channel */
    const void            *pointwise;  /* [outputs][channels] of the type, or I8 */
} fov_cuda_chain_weights;

/** A block's work. */
typedef struct fov_cuda_chain_tile {
    int across;                  /* columns of a strip: the kernel's */
    int groups, threads;         /* groups of strips */
    int tile_rows, tile_columns; /* output pixels */
    int block_slices;            /* of 32 columns of the product */
} fov_cuda_chain_tile;

/** Whether there is a kernel: channels are a multiple of 8, strides 1 or 2. */
bool fov_cuda_chain_takes(const fov_cuda_chain *chain);

size_t fov_cuda_chain_bytes(const fov_cuda_chain *chain);
void   fov_cuda_chain_pack(const fov_cuda_chain *chain, const fov_cuda_chain_weights *weights, void *packed);

enum { FOV_CHAIN_MOST_TILES = 100 };

/** All tiles that fit. @param rows, columns of the output. @return how many */
int fov_cuda_chain_tiles(const fov_cuda_chain *chain, int rows, int columns, const fov_cuda_limits *limits,
                         fov_cuda_chain_tile tile[FOV_CHAIN_MOST_TILES]);
/** The number of the one of them that is expected to be the fastest; -1: there is none */
int fov_cuda_chain_choose(const fov_cuda_chain *chain, int images, int rows, int columns, const fov_cuda_limits *limits,
                          const fov_cuda_chain_tile *tile, int count);
/** The tiles that there are: number i, in its best shape. @return false: there are no more */
bool   fov_cuda_chain_tile_of(const fov_cuda_chain *chain, int i, int rows, int columns, fov_cuda_chain_tile *tile);
size_t fov_cuda_chain_shared(const fov_cuda_chain *chain, const fov_cuda_chain_tile *tile);

/** @param packed on the device; x: aligned to 16 bytes (U8: 8) as is its ld; end: of the 1x1, with rows and columns of the output
 */
void fov_cuda_chain_fill(const fov_cuda_chain *chain, const fov_cuda_images *x, const void *packed, const fov_end *end,
                         const fov_cuda_chain_tile *tile, fov_chain_params *params, fov_cuda_launch *launch);

#endif
