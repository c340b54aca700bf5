// SPDX-License-Identifier: MIT
/* What an engine says of itself: made of what, how, and what that cost. Keys: docs/engine-format.md. */
#ifndef FOVEA_BUILD_CERTIFICATE_H
#define FOVEA_BUILD_CERTIFICATE_H

#include "build/mixed.h"

/** One precision that "auto" looked at. */
typedef struct fov_candidate {
    fov_precision precision;
    double        loss, cost; /* cost: time on the building machine by src/build/cost.h, FP32 = 1 */
    bool          measured;
} fov_candidate;

/** What is known when the engine is ready. */
typedef struct fov_evidence {
    const fov_model        *model;
    const fov_compile      *compile;
    const fov_engine       *engine;
    const fov_engine       *fp32;                   /* NULL: nothing was measured */
    const fov_mixed        *mixed;                  /* NULL: no search was made */
    const fov_photo_source *held_out;               /* NULL: nothing to measure on */
    bool                    too_few_faces;          /* for AUTO to choose by */
    bool                    calibrated_on_held_out; /* too few photos to keep some back */
    const fov_candidate    *candidate;
    size_t                  n_candidate;
    const char *const      *layer; /* names of the graph's nodes, before types were set */
    int                     n_layer;
    const fov_dtype        *types;
    const double           *macs;
} fov_evidence;

/** @param certificate out: JSON, release with fov_free() */
fov_status fov_certificate_make(const fov_evidence *evidence, char **certificate, fov_error *err);

#endif
