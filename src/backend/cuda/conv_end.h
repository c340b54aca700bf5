// SPDX-License-Identifier: MIT
/* The end of convolutions (kernels/end.cuh), filled on the host. */
#ifndef FOVEA_BACKEND_CUDA_CONV_END_H
#define FOVEA_BACKEND_CUDA_CONV_END_H

#include "backend/conv.h"
#include "backend/cuda/kernels/params.h"

/** What happens to each channel's sum. @param channel out: conv->cout */
void fov_end_channels(const fov_conv *conv, fov_end_channel *channel);

/**
 * Where results go.
 * @param conv    one for each output, of one input; only a single one may have a residual
 * @param channel on the device, of all
 */
fov_end fov_end_of(const fov_conv *const *conv, int count, const fov_end_channel *channel, const fov_view *const *in,
                   const fov_view *out);

#endif
