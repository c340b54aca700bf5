// SPDX-License-Identifier: MIT
/* What every layer will compute in. */
#ifndef FOVEA_BUILD_CHOOSE_H
#define FOVEA_BUILD_CHOOSE_H

#include "build/certificate.h"

enum {
    FOV_MAX_CANDIDATES = 8,
    FOV_ENOUGH_FACES = 50, /* expected on the photos: with fewer, half a point of AP cannot be told from none */
};

typedef struct fov_decision {
    fov_dtype    *types; /* one a node */
    fov_mixed     mixed; /* of the search, if one was made */
    fov_candidate candidate[FOV_MAX_CANDIDATES];
    size_t        n_candidate;
    bool          too_few_faces; /* AUTO stayed with FP32, for nothing could have been proven */
} fov_decision;

/**
 * Follow options->precision; AUTO: the fastest by src/build/cost.h among those whose measured loss is within the budget, FP32 where
 * the photos show fewer than FOV_ENOUGH_FACES.
 * @param measure NULL: nothing can be measured; AUTO is then FP32, and MIXED fails
 * @param decision out: release with fov_decision_clear()
 */
fov_status fov_choose(const fov_compile *compile, fov_measure *measure, const double *macs, fov_decision *decision, fov_error *err);
void       fov_decision_clear(fov_decision *decision);

#endif
