// SPDX-License-Identifier: MIT
/* The fastest assignment of precisions whose measured loss stays within a budget. */
#ifndef FOVEA_BUILD_MIXED_H
#define FOVEA_BUILD_MIXED_H

#include "build/measure.h"

/** What became of a layer, and why. */
typedef struct fov_choice {
    double macs;
    double change;       /* of the heads (measure.h) when this layer alone is in INT8; < 0: it cannot be */
    double loss_in_int8; /* of the whole network if this layer went to INT8 too; < 0: not tried */
    int    rank;         /* 1: moves the heads most for what it saves */
} fov_choice;

typedef struct fov_mixed {
    fov_dtype  *types;  /* one a node: the assignment */
    fov_choice *choice; /* one a node */
    int         n_layer, n_raised;
    double      loss; /* of the assignment */
    bool        within_budget;
} fov_mixed;

/** @param budget 0.005 is half a point. @param mixed out: release with fov_mixed_clear() */
fov_status fov_mixed_search(const fov_compile *compile, fov_measure *measure, double budget, fov_mixed *mixed, fov_error *err);
void       fov_mixed_clear(fov_mixed *mixed);

/** Tell the caller's progress function. @return FOV_ERR_CANCELLED when it said so */
fov_status fov_build_progress(const fov_compile *compile, const char *what, size_t done, size_t total, fov_error *err);

#endif
