// SPDX-License-Identifier: MIT
/* Launches made ready, and a graph of them. */
#ifndef FOVEA_BACKEND_CUDA_CAPTURE_H
#define FOVEA_BACKEND_CUDA_CAPTURE_H

#include "backend/cuda/place.h"
#include "backend/cuda/record.h"
#include "base/text.h"

typedef struct fov_ready {
    CUfunction kernel;
    char       name[64];
    unsigned   grid[3], threads, cluster, shared_bytes;
    void      *params; /* a copy */
} fov_ready;

/** @param ready out: release with fov_ready_clear() */
fov_status fov_ready_make(const fov_cuda_device *device, const fov_launch *launch, fov_ready *ready, fov_error *err);
void       fov_ready_clear(fov_ready *ready);

/**
 * A graph that makes the launches one after the other, and that `times` times over. Each may begin while the one before it ends,
 * where GPUs can (programmatic dependent launch): kernels wait for each other before they touch memory (kernels/ptx.cuh,
 * fov_depend_wait).
 */
fov_status fov_capture(const fov_place *place, const fov_ready *launches, int count, int times, CUgraph *graph, fov_error *err);

/**
 * The launches of the program around the next one: those of steps that were recorded, and those that are to come, as they would be
 * without tuning. They belong to the recorder.
 * @param most     of each
 * @param launches out: 2 * most + 1
 * @param at       out: where the next one's place is
 * @return how many, with that one
 */
int fov_recorder_around(const fov_recorder *recorder, int most, fov_ready *launches, int *at);

/** Add which launch of which program is to come, so that what was measured among the others of it is known again. */
void fov_recorder_step(const fov_recorder *recorder, fov_text *name);

#endif
