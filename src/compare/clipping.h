// SPDX-License-Identifier: MIT
/* How A's activations lie in the range that B's 8 bits cover. */
#ifndef FOVEA_COMPARE_CLIPPING_H
#define FOVEA_COMPARE_CLIPPING_H

#include "graph/view.h"

enum {
    FOV_CLIP_BINS = 128,      /* of FOV_CLIP_CODES integers each                             */
    FOV_CLIP_CODES = 4,       /*                                                             */
    FOV_CLIP_FIRST = -128,    /* the integers that 8 bits have not, below 0 and above 255    */
    FOV_CLIP_LAST_CODE = 255, /* are where clipped values would be                           */
};

/** Counts over the integers that A's values would become if there were more than 256: of all channels, each with its scale. */
typedef struct fov_clipping {
    double lo, hi; /* reals that 0 and 255 stand for; of several scales the outermost */
    bool   per_channel;
    float  seen_lo, seen_hi; /* A's extremes, as integers */
    size_t total, clipped;
    size_t bin[FOV_CLIP_BINS]; /* the outermost take what lies beyond */
} fov_clipping;

void fov_clipping_init(fov_clipping *clipping, const fov_quant *quant);
/** Values of `channels` channels, pixel by pixel. @param to_code one a channel: 1 / scale; @param zero likewise, as floats */
void fov_clipping_add(fov_clipping *clipping, const float *values, int64_t pixels, int channels, const float *to_code,
                      const float *zero);

#endif
