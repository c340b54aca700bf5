// SPDX-License-Identifier: MIT
/* What kernels are given: read by C on the host and by CUDA C++ on the device. Pointers are device addresses. Sizes are counted in
 * elements unless the name says otherwise; activations are NHWC, a pixel every `ld` elements. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_PARAMS_H
#define FOVEA_BACKEND_CUDA_KERNELS_PARAMS_H

#include "graph/view.h"

#include <stdint.h>

/** The end of a convolution for one output channel, in this order, each operation rounded by itself (graph/ops/conv_int8.h):
 *  v = sum * scale; v += bias; activation with slope (and residual); U8: round(v * inverse_scale) + zero_point. */
typedef struct fov_end_channel {
    float   scale; /* of sums of integers; 1 for floats */
    float   bias;
    float   slope;         /* of negative numbers: 1 none, 0 ReLU */
    float   inverse_scale; /* of U8 outputs */
    int32_t zero_point;    /* of U8 outputs */
    int32_t start;         /* added to sums of integers: minus what the zero points of the input add */
    float   residual_scale;
    int32_t residual_zero_point; /* of a U8 residual */
} fov_end_channel;

enum {
    FOV_END_ROWS = 8, /* members of fov_end_channel */
    FOV_END_OUTPUTS = 4,     /* tensors that one convolution's channels may be spread over */
    FOV_END_NO_RESIDUAL = 0, /* residual_at */
    FOV_END_RESIDUAL_BEFORE, /* the activation */
    FOV_END_RESIDUAL_AFTER,
};

typedef struct fov_end_output {
    void   *data;
    int32_t ld;
    int32_t dtype;         /* fov_dtype */
    int32_t first_channel; /* of the convolution's: this output holds those up to the next one's first */
} fov_end_output;

/** Where the results of a convolution go. */
typedef struct fov_end {
    const fov_end_channel *channel; /* one for each output channel */
    const void            *residual;
    fov_end_output         output[FOV_END_OUTPUTS]; /* unused ones have the number of channels as first_channel */
    int32_t                channels;
    int32_t                vector; /* 8, 4 or 1: ranges of this many channels, from a multiple of it on, are stored and loaded as one:
                                      they lie in one output, and are aligned to their size in it and in the residual */
    int32_t residual_at, residual_dtype, residual_ld;
    int32_t residual_upsample; /* nearest; 1: none */
    int32_t rows, columns;     /* of an image of the output */
} fov_end;

/** Division by a constant as a product: n / d = (high half of n * magic + n) >> shift, for 0 <= n < 2^31 (Granlund and Montgomery,
 * "Division by Invariant Integers using Multiplication", PLDI 1994). */
typedef struct fov_divisor {
    uint32_t magic, shift;
} fov_divisor;

enum { FOV_GEMM_PROBLEMS = 6, FOV_GEMM_PAD_CHANNELS = 128, FOV_GEMM_PAD_BYTES = 128, FOV_GEMM_MOST_TAPS = 15 };

/** A convolution as a product of a matrix of pixels (gathered on the way) and one of weights. Rows of A are output pixels in the order
 * n, y, x; the elements of a row are taps in the order r, s, of `tap_chunks` chunks of 16 bytes each. */
typedef struct fov_gemm_problem {
    const void *x;
    const void *pad;    /* a tap outside of the image: tap_chunks * 16 bytes of what 0 is; NULL: zeros */
    const void *weight; /* [channels, padded to a multiple of FOV_GEMM_PAD_CHANNELS][k_pitch], zero where padded */
    fov_end     end;
    fov_divisor columns, image; /* by end.columns, by end.rows * end.columns */
    int32_t     pixels;         /* rows of A: n * end.rows * end.columns */
    int32_t     x_rows, x_columns, x_ld_bytes;
    int32_t     tap_chunks, taps, taps_across; /* taps: r * s; taps_across: s, at most FOV_GEMM_MOST_TAPS as r is */
    int32_t     stride_y, stride_x, pad_top, pad_left, dilation_y, dilation_x;
    int32_t     k_bytes;     /* of a row of weights that are not padding */
    int32_t     k_pitch;     /* from one row to the next: a multiple of FOV_GEMM_PAD_BYTES */
    int32_t     tiles_n;     /* of the tile that the kernel has */
    int32_t     first_block; /* of the launch: blocks of this problem follow, those of a tile of pixels one after the other */
} fov_gemm_problem;

typedef struct fov_gemm_params {
    fov_gemm_problem problem[FOV_GEMM_PROBLEMS];
    int32_t          problems;
} fov_gemm_params;

#endif
