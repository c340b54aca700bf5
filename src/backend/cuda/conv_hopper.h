// SPDX-License-Identifier: MIT
/* The convolution for compute capability 9.0 that loads by tensor maps and multiplies by warpgroups: kernels/conv_hopper_sm90a.cu.
 * Which layers it takes, how their weights lie, and how it is launched. */
#ifndef FOVEA_BACKEND_CUDA_CONV_HOPPER_H
#define FOVEA_BACKEND_CUDA_CONV_HOPPER_H

#include "backend/cuda/driver.h"
#include "backend/cuda/kernels/params_hopper.h"

#include <stdbool.h>

typedef struct fov_hopper_shape {
    fov_dtype dtype; /* of the input: F16 and BF16 (weights of the same type), or U8 (weights I8) */
    int64_t   images, x_rows, x_columns, x_channels;
    int64_t   x_ld; /* elements from one pixel to the next */
    int64_t   y_rows, y_columns, y_channels;
    int       taps_down, taps_across, stride_y, stride_x, pad_top, pad_left, dilation_y, dilation_x;
    bool      zero_points; /* some zero point of the input is not 0 */
} fov_hopper_shape;

/** How a layer is cut into tiles. */
typedef struct fov_hopper_tiling {
    int rows, columns; /* of a tile */
    int multicast, splits;
    int loops; /* 1: blocks of threads that stay, and load the next tile while they end one */
} fov_hopper_tiling;

typedef struct fov_hopper_launch {
    const char *kernel;
    unsigned    grid, cluster, threads;
    size_t      shared_bytes;
} fov_hopper_launch;

/** Whether the kernel can do it. Addresses of its input must be multiples of 16. */
bool fov_hopper_takes(const fov_hopper_shape *shape);

/** @return bytes of all weights as the kernel wants them */
size_t fov_hopper_weight_bytes(const fov_hopper_shape *shape);

/**
 * Weights of some output channels into their place. What stands between is left alone: it must be zeros.
 * @param weight  [channels][x_channels][taps_down * taps_across]: I8 for U8, else F32, rounded here
 * @param packed  fov_hopper_weight_bytes() bytes
 */
void fov_hopper_pack(const fov_hopper_shape *shape, const void *weight, int64_t first_channel, int64_t channels, void *packed);

/** The tiling that is expected to be the fastest. @param processors multiprocessors of the GPU */
fov_hopper_tiling fov_hopper_choose(const fov_hopper_shape *shape, int processors);

/** The `index`-th tiling that a layer can have, in no order; for measuring. @return false behind the last */
bool fov_hopper_candidate(const fov_hopper_shape *shape, int index, fov_hopper_tiling *tiling);

/** Microseconds that a tiling is expected to take. */
double fov_hopper_cost(const fov_hopper_shape *shape, const fov_hopper_tiling *tiling, int processors);

/**
 * What to launch, and with what.
 * @param processors  multiprocessors of the GPU
 * @param x, weight   device addresses
 * @return FOV_OK, FOV_ERR_DEVICE (the driver refuses a tensor map)
 */
fov_status fov_hopper_prepare(const fov_cuda_driver *driver, const fov_hopper_shape *shape, const fov_hopper_tiling *tiling,
                              int processors, const void *x, const void *weight, const fov_end *end, fov_hopper_launch *launch,
                              fov_hopper_params *params, fov_error *err);

#endif
