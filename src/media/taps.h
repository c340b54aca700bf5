// SPDX-License-Identifier: MIT
/* Which pixels of one axis a resized pixel is made of, and their weights. */
#ifndef FOVEA_MEDIA_TAPS_H
#define FOVEA_MEDIA_TAPS_H

#include <stddef.h>

/** Outputs are taken `lanes` at a time, with the tap count of the longest. Output i is the sum over k < count[i / lanes] of
 * fov_taps_of(taps, i / lanes, k)[i % lanes] * input[start[i] + k]; taps that an output has not weigh 0, and may stand up to `most`
 * behind the input's end: what is read there must be a number. */
typedef struct fov_taps {
    int   *start, *count;
    float *weight;
    int    lanes, most;
} fov_taps;

/** The weights of tap k of a group: one a lane. */
static inline const float *fov_taps_of(const fov_taps *taps, int group, int k)
{
    return taps->weight + ((size_t)group * (size_t)taps->most + (size_t)k) * (size_t)taps->lanes;
}

/** Memory for an axis of `in` pixels made into `out`, 64-byte aligned. */
size_t fov_taps_bytes(int in, int out, int lanes);
/** The most pixels that one output is made of. */
int fov_taps_most(int in, int out);
/**
 * Compute an axis in `memory`, fov_taps_bytes() long.
 * @param first,count the part of the `in` pixels that is made into `out`: from `first` on, `count` of them; neither must be whole
 */
void fov_taps_make(fov_taps *taps, int in, double first, double count, int out, int lanes, void *memory);

#endif
