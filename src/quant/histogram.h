// SPDX-License-Identifier: MIT
/* A two-sided histogram whose bins are as wide as a power of two, the smallest that reaches what was counted. When something
 * larger comes, pairs of bins merge. So what it holds follows from the set of numbers alone: neither their order nor how they were
 * divided among photos or threads can be seen, to the bit. Bins are an exact power of two wide and counts are integers. */
#ifndef FOVEA_QUANT_HISTOGRAM_H
#define FOVEA_QUANT_HISTOGRAM_H

#include "base/error.h"

/** Bins of each sign. At least half of those of the larger side are in use, unless all is below 2^-47. */
enum { FOV_HISTOGRAM_SIDE = 8192, FOV_HISTOGRAM_BINS = 2 * FOV_HISTOGRAM_SIDE };

typedef struct fov_histogram {
    int       exponent; /* bins are 2^exponent wide */
    float     lo, hi;   /* the smallest and largest number, 0 among them */
    uint64_t  zeros;    /* exact ones; they are in no bin */
    uint64_t *bin;      /* in ascending order; bin[SIDE + k] is k .. k + 1 widths, bin[SIDE - 1 - k] is -(k + 1) .. -k widths */
} fov_histogram;

fov_status fov_histogram_init(fov_histogram *histogram, fov_error *err);
void       fov_histogram_clear(fov_histogram *histogram); /* releases; {0} afterwards */
void       fov_histogram_reset(fov_histogram *histogram); /* as new */

/** Widen so that lo .. hi fits; both finite. */
void fov_histogram_cover(fov_histogram *histogram, float lo, float hi);
/**
 * Count numbers within the histogram's reach into `bin`, FOV_HISTOGRAM_BINS of them, laid out as its own (for several threads),
 * zeros into the bin of the smallest positive numbers. @return how many were zero
 */
size_t fov_histogram_count(const fov_histogram *histogram, const float *x, size_t count, uint32_t *bin);
/** Add what fov_histogram_count() gave. */
void fov_histogram_take(fov_histogram *histogram, const uint32_t *bin, uint64_t zeros);
/** As if all that `from` has counted had been counted here. */
void fov_histogram_merge(fov_histogram *histogram, const fov_histogram *from);

uint64_t fov_histogram_total(const fov_histogram *histogram); /* zeros included */
double   fov_histogram_width(const fov_histogram *histogram);

#endif
