// SPDX-License-Identifier: MIT
/* The calibrator from inside: the network, and a tally for each of its tensors. */
#ifndef FOVEA_BUILD_CALIBRATOR_H
#define FOVEA_BUILD_CALIBRATOR_H

#include "engine/engine.h"
#include "quant/tally.h"

typedef struct fov_digest {
    unsigned char byte[16]; /* XXH3-128, canonical order */
} fov_digest;

typedef struct fov_calibrated_tensor {
    int       value; /* in the engine's graph */
    bool      flat;  /* not four-dimensional: of its channels nothing is known */
    fov_tally all;   /* of the photos taken into account */
    fov_tally photo; /* of the photo at hand: joins the others when the whole network has run without fault */
} fov_calibrated_tensor;

typedef struct fov_calibrated_photo {
    fov_digest digest;
    bool       confirmed; /* added, not merely read from a state */
} fov_calibrated_photo;

struct fov_calibrator {
    fov_engine            *engine;
    fov_detector          *detector;
    fov_detect_options     detect;
    fov_pool              *pool;
    fov_tally_scratch      scratch;
    fov_calibrated_tensor *tensor; /* all values that nodes compute but for Concats, which hold what their inputs hold */
    int                   *at;     /* one a value: index in `tensor`, or -1 */
    int                    n_tensor;
    fov_calibrated_photo  *photo; /* in the order of their digests */
    size_t                 photos, capacity;
    fov_digest             origin; /* of the model and of how photos become inputs */
};

/** Of a picture: its size and pixels. */
fov_status fov_digest_image(const fov_image *image, fov_digest *digest, fov_error *err);
/** Of a model and the options that make inputs: what the numbers in a state depend on. */
fov_status fov_digest_origin(const fov_model *model, const fov_detect_options *detect, fov_digest *digest, fov_error *err);

/** Where a photo is in the list, or would have to be. @return true when it is there */
bool fov_calibrator_find(const fov_calibrator *calibrator, const fov_digest *digest, size_t *at);
/** Insert a photo that is not there. */
fov_status fov_calibrator_insert(fov_calibrator *calibrator, const fov_digest *digest, bool confirmed, fov_error *err);

#endif
