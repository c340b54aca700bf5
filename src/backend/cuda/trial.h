// SPDX-License-Identifier: MIT
/* A launch on trial: timed among others of its program. */
#ifndef FOVEA_BACKEND_CUDA_TRIAL_H
#define FOVEA_BACKEND_CUDA_TRIAL_H

#include "backend/cuda/capture.h"

enum { FOV_TRIAL_ROUNDS = 16 };

typedef struct fov_trial {
    const fov_place *place;
    CUgraph          captured;
    CUgraphExec      graph;
    int              repeats, rounds;
    double           seconds[FOV_TRIAL_ROUNDS]; /* of one repeat, in each round that counts */
} fov_trial;

/**
 * Make one ready: `repeats` times the launch and up to `most` before and behind it, in one graph. What code and data it finds near,
 * and leaves to the next, is what it will be in the program; and launching it hides behind running.
 * @param trial out: release with fov_trial_end(), also after a failure
 */
fov_status fov_trial_begin(const fov_recorder *recorder, const fov_launch *launch, int most, int repeats, fov_trial *trial,
                           fov_error *err);
/** Run it. @param counts false: to warm up */
fov_status fov_trial_round(fov_trial *trial, bool counts, fov_error *err);
/** Of the rounds that counted, at least one. */
double fov_trial_median(const fov_trial *trial);
void   fov_trial_end(fov_trial *trial);

#endif
