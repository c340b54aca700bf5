// SPDX-License-Identifier: MIT
/* What one tensor was seen to hold: a histogram of all its numbers, and of every channel the extremes and the sum. As a histogram,
 * a tally does not depend on the order of photos, to the bit: the sum over one photo is rounded once, to a multiple of 2^-40, and
 * sums of those are exact. */
#ifndef FOVEA_QUANT_TALLY_H
#define FOVEA_QUANT_TALLY_H

#include "base/threads.h"
#include "graph/view.h"
#include "quant/histogram.h"

typedef __int128 fov_exact_sum; /* in units of 2^-40 */

typedef struct fov_tally {
    fov_histogram  histogram;
    int            channels;
    uint64_t       pixels; /* numbers of each channel */
    float         *lo, *hi;
    fov_exact_sum *sum;
} fov_tally;

fov_status fov_tally_init(fov_tally *tally, int channels, fov_error *err);
void       fov_tally_clear(fov_tally *tally);
void       fov_tally_reset(fov_tally *tally);

/** Memory for fov_tally_add(), for any tensors; grows with use. */
typedef struct fov_tally_scratch {
    uint32_t *bin; /* [threads][FOV_HISTOGRAM_BINS], zeros between uses */
    float    *lo;  /* [chunks][channels] */
    float    *hi;
    double   *sum;
    int       threads, capacity;
} fov_tally_scratch;

fov_status fov_tally_scratch_init(fov_tally_scratch *scratch, int threads, fov_error *err);
void       fov_tally_scratch_clear(fov_tally_scratch *scratch);

/**
 * Count a tensor of F32: four dimensions with the channels next to each other in memory, or any that is dense, which counts as one
 * channel.
 * @param pool of at most scratch->threads
 * @return FOV_ERR_FORMAT when a number is not finite; nothing was counted then. The message lacks the tensor's name
 */
fov_status fov_tally_add(fov_tally *tally, const fov_view *view, fov_tally_scratch *scratch, fov_pool *pool, fov_error *err);

/** As if all that `from` has seen had been seen here, in the channels from `first` on. */
void fov_tally_merge(fov_tally *tally, const fov_tally *from, int first);

float fov_tally_mean(const fov_tally *tally, int channel);

#endif
