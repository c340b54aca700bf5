// SPDX-License-Identifier: MIT
/* Which of several launches that do the same is the fastest on this GPU: measured where the place is to tune
 * (fov_remote.configure), and remembered (choices.h). */
#ifndef FOVEA_BACKEND_CUDA_TUNER_H
#define FOVEA_BACKEND_CUDA_TUNER_H

#include "backend/cuda/place.h"
#include "backend/cuda/record.h"
#include "base/text.h"

/** One way to do a step. What it points to lives until the next one is asked for. */
typedef struct fov_candidate {
    char       name[80]; /* no other of the step has it */
    fov_launch launch;
} fov_candidate;

typedef fov_status fov_candidate_make(void *context, int index, fov_candidate *candidate, fov_error *err);

/** A program is about to be compiled, whose steps may take so long as fov_remote.configure() said. */
void fov_tuner_begin(fov_place *place);
/** It is compiled: what was measured is kept. */
void fov_tuner_end(fov_place *place);
/** Whether fov_tuner_choose() can change anything. */
bool fov_tuner_is_on(const fov_place *place);

/**
 * Choose. The launches are run, and leave garbage in the step's outputs.
 * @param step   names what is done and its size, for good; cleared
 * @param count  of candidates
 * @param choice in: what the built-in rule says, which stays where the place is not to tune, or has no time left; out
 * @return FOV_OK, or what `make` or the driver says
 */
fov_status fov_tuner_choose(const fov_recorder *recorder, fov_text *step, fov_candidate_make *make, void *context, int count,
                            int *choice, fov_error *err);

#endif
