// SPDX-License-Identifier: MIT
/* Convolutions on a GPU: one, or several of one input. */
#ifndef FOVEA_BACKEND_CUDA_CONV_H
#define FOVEA_BACKEND_CUDA_CONV_H

#include "backend/cuda/lower.h"

/** fov_backend.chain: conversion of the input and first convolution; depthwise and 1x1 (conv_chain.c). */
fov_status fov_cuda_conv_chain(const fov_lowered *first, const fov_lowered *second, fov_lowered *out, fov_error *err);
/** Make a step of a convolution that is just lowered one of first.h, where that takes it; else leave it. */
fov_status fov_cuda_conv_first(fov_lowered *conv, fov_error *err);
/** fov_backend.alike and fov_backend.join. */
bool       fov_cuda_conv_alike(const fov_lowered *a, const fov_lowered *b);
fov_status fov_cuda_conv_join(const fov_lowered *const *nodes, int count, fov_lowered *out, fov_error *err);

/**
 * A step as the product of matrices that recording it would ask for.
 * @param type out: as fov_record_gemm() has it; NULL: it is another step, or no product here
 */
fov_status fov_cuda_conv_product(const fov_call *call, const fov_place *place, const char **type, fov_gemm_problem *product,
                                 fov_error *err);

#endif
