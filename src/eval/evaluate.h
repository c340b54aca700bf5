// SPDX-License-Identifier: MIT
#ifndef FOVEA_EVAL_EVALUATE_H
#define FOVEA_EVAL_EVALUATE_H

#include "eval/wider.h"

typedef struct fov_evaluated {
    char           *name;
    size_t          detections;
    double          seconds; /* preparing, network and decoding, of all photos */
    fov_wider_curve curve[FOV_TRUTH_MAX_SETTINGS];
} fov_evaluated;

struct fov_evaluation {
    size_t         photos, missing;
    int            settings;
    const char    *setting[FOV_TRUTH_MAX_SETTINGS];
    fov_evaluated *engine;
    size_t         count;
};

#endif
