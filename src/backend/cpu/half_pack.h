// SPDX-License-Identifier: MIT
/* Weights for kernels that add up in halves (half_tile.h). The weights of an output channel are multiplied by a power of two, and
 * its sums by the inverse when they are floats again, so that the magnitudes of the weights that one half sums up in a run add up
 * to 1/4 .. 1/2. Whatever the input holds, then, no partial sum is above half of the largest input: what is finite in floats stays
 * finite here. Multiplying changes no digit but of weights below 2^-12 of that sum, which become subnormal and are then off by
 * 2^-25 at most. */
#ifndef FOVEA_BACKEND_CPU_HALF_PACK_H
#define FOVEA_BACKEND_CPU_HALF_PACK_H

#include <stddef.h>

/** What the weights of one channel come to. Starts as zeros. */
typedef struct fov_half_reach {
    size_t run;
    double sum[2]; /* of magnitudes at even and at odd places in the run */
    double most;
} fov_half_reach;

/** The next weight. @param group counted through all taps, never less than before @param place in the group: 0 or 1 */
void fov_half_reach_add(fov_half_reach *reach, size_t group, size_t place, float weight);
/** What the channel's weights are to be multiplied by: a power of two; 1 where all are 0 or one is infinite or no number. */
float fov_half_scale(const fov_half_reach *reach);

#endif
