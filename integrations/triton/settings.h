// SPDX-License-Identifier: MIT
/* What config.pbtxt says in "parameters", beside what every model has: how photos are looked at where a request says nothing, and
 * limits. */
#ifndef FOVEA_TRITON_SETTINGS_H
#define FOVEA_TRITON_SETTINGS_H

#include <jansson.h>

#include "fovea/fovea.h"

typedef struct tri_settings {
    fov_detect_options   detect;
    fov_detector_options detector;     /* of an instance: threads, tune_seconds */
    uint64_t             photo_pixels; /* larger photos are refused before they are decoded */
    uint64_t             input_pixels; /* of the network */
} tri_settings;

/** @param config Triton's ModelConfig @return FOV_OK, FOV_ERR_ARGUMENT (the message names the parameter) */
fov_status tri_settings_read(const json_t *config, tri_settings *settings, fov_error *err);

#endif
