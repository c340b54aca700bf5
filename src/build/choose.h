// SPDX-License-Identifier: MIT
/* What every layer will compute in. */
#ifndef FOVEA_BUILD_CHOOSE_H
#define FOVEA_BUILD_CHOOSE_H

#include "build/certificate.h"

enum { FOV_MAX_CANDIDATES = 8 };

typedef struct fov_decision {
    fov_dtype    *types; /* one a node */
    fov_mixed     mixed; /* of the search, if one was made */
    fov_candidate candidate[FOV_MAX_CANDIDATES];
    size_t        n_candidate;
} fov_decision;

/**
 * Follow options->precision; AUTO: the fastest by src/build/cost.h among those whose measured loss is within the budget.
 * @param measure NULL: nothing can be measured; AUTO is then FP32, and MIXED fails
 * @param decision out: release with fov_decision_clear()
 */
fov_status fov_choose(const fov_compile *compile, fov_measure *measure, const double *macs, fov_decision *decision, fov_error *err);
void       fov_decision_clear(fov_decision *decision);

#endif
