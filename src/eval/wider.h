// SPDX-License-Identifier: MIT
/* WIDER FACE's measure: average precision over 1000 thresholds. */
#ifndef FOVEA_EVAL_WIDER_H
#define FOVEA_EVAL_WIDER_H

#include "eval/truth.h"

enum { FOV_WIDER_STEPS = 1000 };

typedef struct fov_hit {
    float box[4]; /* x1, y1, x2, y2 */
    float score;
} fov_hit;

/** What was found in one photo, best first. */
typedef struct fov_hits {
    fov_hit *hit;
    size_t   count;
    bool     left_out; /* the photo was not looked at: its faces do not count as missed */
} fov_hits;

/** At threshold k, over all photos: 1 - (k + 1) / 1000 of the range from the lowest to the highest score of the set. */
typedef struct fov_wider_curve {
    size_t faces; /* that count */
    size_t counted[FOV_WIDER_STEPS], matched[FOV_WIDER_STEPS];
    double recall[FOV_WIDER_STEPS], precision[FOV_WIDER_STEPS];
    double ap;
} fov_wider_curve;

/**
 * @param hits  as many as the truth has photos
 * @param curve out: one per setting of the truth
 */
fov_status fov_wider_measure(const fov_truth *truth, const fov_hits *hits, fov_wider_curve *curve, fov_error *err);

#endif
