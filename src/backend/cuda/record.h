// SPDX-License-Identifier: MIT
/* From steps to launches: what a step tells the recorder, and what a program is made of. */
#ifndef FOVEA_BACKEND_CUDA_RECORD_H
#define FOVEA_BACKEND_CUDA_RECORD_H

#include "backend/backend.h"
#include "backend/cuda/device.h"
#include "backend/cuda/kernels/general_params.h"
#include "backend/cuda/launch.h"

/** A kernel to be launched. */
typedef struct fov_launch {
    const char *kernel;
    unsigned    grid[3], threads;
    unsigned    cluster; /* blocks of one; 0 or 1: none */
    size_t      shared_bytes;
    size_t      params_bytes;
    const void *params; /* copied */
} fov_launch;

/** As launch.h describes it: what it points to must live as long. */
fov_launch fov_launch_of(const fov_cuda_launch *launch, const void *params, size_t params_bytes);

/** Who records. Errors are about memory, or the device's. */
fov_place             *fov_recorder_place(const fov_recorder *recorder);
const fov_cuda_device *fov_recorder_device(const fov_recorder *recorder);
/** The step that is being recorded shares its wave with no other. */
bool fov_recorder_is_alone(const fov_recorder *recorder);

/** Launch a kernel after all of earlier waves. */
fov_status fov_record_launch(fov_recorder *recorder, const fov_launch *launch, fov_error *err);

/** The same from launch.h's description. */
fov_status fov_record_filled(fov_recorder *recorder, const fov_cuda_launch *launch, const void *params, size_t params_bytes,
                             fov_error *err);

/** A product of matrices (conv_gemm.cuh). It shares a launch with others of its wave. @param type "f16", "u8", ... */
fov_status fov_record_gemm(fov_recorder *recorder, const char *type, const fov_gemm_problem *problem, fov_error *err);

/** Memory that lives as long as the program and holds a copy of `data`. */
fov_status fov_record_constant(fov_recorder *recorder, const void *data, size_t bytes, const void **address, fov_error *err);

/** Whether a view's elements are known before the program runs, and are in the host's memory: the graph's constants, and what
 * follows from them. */
fov_status fov_record_is_known(const fov_recorder *recorder, const fov_view *view, bool *known, fov_error *err);

/**
 * A view as kernels of any shape take it, dimensions padded in front to FOV_MAX_RANK. Views whose values are known before the program
 * runs (constants of the graph) are in the host's memory and get a constant.
 * @param dim out: padded; may be NULL
 */
fov_status fov_record_tensor(fov_recorder *recorder, const fov_view *view, fov_tensor *tensor, int64_t *dim, fov_error *err);

/** A launch of 256 threads for each of `count` elements. */
fov_status fov_record_elements(fov_recorder *recorder, const char *kernel, int64_t count, const void *params, size_t params_bytes,
                               fov_error *err);

#endif
