// SPDX-License-Identifier: MIT
/* What trial engines lose on photos, against the same network in FP32. */
#ifndef FOVEA_BUILD_MEASURE_H
#define FOVEA_BUILD_MEASURE_H

#include "build/compile.h"
#include "compare/agreement.h"

/** FP32's answers, kept so that a trial costs one run a photo. */
typedef struct fov_measure {
    const fov_photo_source *photos;
    const fov_compile      *compile;
    fov_engine             *fp32;
    fov_detector           *detector; /* of fp32 */
    fov_face              **truth;    /* of each photo; NULL: not seen yet, or it cannot be loaded */
    size_t                 *n_truth;
    bool                   *failed;
    fov_photo             **sample; /* the few photos that sensitivity is measured on */
    float                 **sample_raw;
    size_t                 *sample_count; /* anchors */
    size_t                  n_sample;
} fov_measure;

/** @param photos with at least one that can be loaded */
fov_status fov_measure_begin(fov_measure *measure, const fov_compile *compile, const fov_photo_source *photos, fov_error *err);
void       fov_measure_end(fov_measure *measure);

/** Faces of all photos. @param agreement out: finished; release with fov_agreement_clear() */
fov_status fov_measure_faces(fov_measure *measure, const fov_engine *engine, fov_agreement *agreement, fov_error *err);

/**
 * How far the heads move, on a few photos made small: the mean square of the change of boxes, landmarks (in priors) and scores,
 * each anchor weighted by the score that FP32 gives it. Comparable between trials of one network only.
 */
fov_status fov_measure_heads(fov_measure *measure, const fov_engine *engine, double *change, fov_error *err);

#endif
