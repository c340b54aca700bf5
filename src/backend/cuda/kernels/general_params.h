// SPDX-License-Identifier: MIT
/* What the kernels are given that take tensors of any rank, strides and type: params.h for the rest. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_GENERAL_PARAMS_H
#define FOVEA_BACKEND_CUDA_KERNELS_GENERAL_PARAMS_H

#include "backend/cuda/kernels/params.h"

/** A tensor in device memory; element (i0, i1, ..) is at data + sum(i * stride). */
typedef struct fov_tensor {
    void          *data;
    const float   *scale; /* of U8: one, or one a channel (axis 1) */
    const int32_t *zero_point;
    int64_t        stride[FOV_MAX_RANK]; /* elements; 0 along what is broadcast */
    int32_t        dtype;
    int32_t        per_channel;
} fov_tensor;

/** What fov_map computes of a and b, element by element. */
typedef enum fov_map_op {
    FOV_MAP_COPY,
    FOV_MAP_ADD,
    FOV_MAP_SUB,
    FOV_MAP_MUL,
    FOV_MAP_DIV,
    FOV_MAP_LEAKY, /* a < 0 ? parameter[0] * a : a */
    FOV_MAP_PRELU, /* a < 0 ? b * a : a */
    FOV_MAP_SIGMOID,
    FOV_MAP_EXP,
    FOV_MAP_CLIP, /* to parameter[0] .. parameter[1] */
    FOV_MAP_FLOOR,
    FOV_MAP_CEIL,
} fov_map_op;

/** out = op(a, b); all of one shape, strides of 0 where an input is broadcast. */
typedef struct fov_map_params {
    fov_tensor out, a, b; /* b.data NULL: op takes one */
    int64_t    count;
    int64_t    dim[FOV_MAX_RANK]; /* rank 6, leading ones */
    float      parameter[2];
    int32_t    op;
} fov_map_params;

/** Element i of `out`, in row-major order, is element table[i] of `in`, or i where there is no table. Where the table says -1 it is `fill`,
 * or stays as it is. */
typedef struct fov_rearrange_params {
    fov_tensor     out, in;
    int64_t        count;
    int64_t        out_dim[FOV_MAX_RANK], in_dim[FOV_MAX_RANK];
    const int32_t *table;
    float          fill;
    int32_t        fills;
} fov_rearrange_params;

/** Softmax along one axis: count / dim[axis] sums. */
typedef struct fov_softmax_params {
    fov_tensor out, in;
    int64_t    rows;
    int64_t    dim[FOV_MAX_RANK];
    int32_t    axis;
} fov_softmax_params;

/** A channel of bytes that are the largest of others: what makes one of the input the one of the output that stands for the same.
 * Floats of 16 bytes, which are loaded as one. */
typedef struct fov_max_pool_channel {
    float scale, zero_point;                /* of the input */
    float inverse_scale, output_zero_point; /* of the output */
} fov_max_pool_channel;

/** The largest element of each window; NHWC. Kernels of one type take chunks of channels, of which `count` and `channels` are then.
 */
typedef struct fov_max_pool_params {
    fov_tensor                  out, in;
    const fov_max_pool_channel *channel; /* of chunks of bytes: of the first byte of each, then of the second ...; NULL: stand for the same
                                            in input and output */
    int64_t                     count;
    fov_divisor                 by_channels, by_columns, by_rows; /* of chunks, of the output */
    int32_t                     channels, in_rows, in_columns, out_rows, out_columns;
    int32_t                     kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x, pad_top, pad_left;
} fov_max_pool_params;

/** Two neighbours of each row and column, weighted: linear resizing of NHWC. */
typedef struct fov_resize_params {
    fov_tensor     out, in;
    int64_t        count;
    int32_t        channels, out_rows, out_columns;
    const int32_t *row, *column;             /* two a row, two a column: places in the input */
    const float   *row_weight, *column_weight; /* likewise */
} fov_resize_params;

/** Any convolution, a thread for each output element. */
typedef struct fov_direct_params {
    const void    *x;
    const int32_t *zero_point; /* of U8: one for each input channel */
    const void    *weight;     /* [output channel][r][s][channel of the group] */
    fov_end        end;
    int64_t        count;
    int32_t        weight_dtype, weight_ld; /* elements from one output channel to the next */
    int32_t        x_dtype, x_rows, x_columns, x_ld;
    int32_t        group_in, group_out; /* channels of a group */
    int32_t        kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x, pad_top, pad_left;
} fov_direct_params;

#endif
