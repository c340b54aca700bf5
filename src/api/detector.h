// SPDX-License-Identifier: MIT
/* What the library itself asks of a detector beyond fovea.h. */
#ifndef FOVEA_API_DETECTOR_H
#define FOVEA_API_DETECTOR_H

#include "engine/engine.h"

/**
 * As fov_detector_run(), and `observe` sees every step of the network's run (engine/engine.h), the input first: as a step of
 * node FOV_NONE whose only output is the input.
 */
fov_status fov_detector_run_observed(fov_detector *detector, const fov_image *image, const fov_detect_options *options,
                                     fov_observer *observe, void *context, fov_faces *faces, fov_error *err);

#endif
