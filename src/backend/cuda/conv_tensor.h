// SPDX-License-Identifier: MIT
/* Convolutions as products of matrices on tensor cores: kernels/conv_gemm.cuh, which shares a launch with others of its wave, or
 * kernels/conv_hopper_sm90a.cu. */
#ifndef FOVEA_BACKEND_CUDA_CONV_TENSOR_H
#define FOVEA_BACKEND_CUDA_CONV_TENSOR_H

#include "backend/cuda/conv_step.h"
#include "backend/cuda/record.h"

enum { FOV_CONV_CHUNK_BYTES = 16 };

/** What a step's kernels are given of the device. */
typedef struct fov_conv_placed {
    const void            *weight, *pad, *window;
    const fov_end_channel *channel;
} fov_conv_placed;

/** Whether they can do it at this size and place. */
bool fov_conv_tensor_takes(const fov_conv_step *step, const fov_conv_shape *shape, const fov_cuda_device *device);

/** The step as a product. @param type out: of the kernels that make it at this place, as fov_record_gemm() has it */
fov_gemm_problem fov_conv_tensor_product(const fov_conv_step *step, const fov_conv_shape *shape, const fov_conv_placed *at,
                                         const fov_end *end, const fov_place *place, const char **type);

fov_status fov_conv_tensor_record(const fov_conv_step *step, const fov_conv_shape *shape, const fov_conv_placed *at,
                                  const fov_end *end, fov_recorder *recorder, fov_error *err);

#endif
