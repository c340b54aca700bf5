// SPDX-License-Identifier: MIT
/* How large the network's input of a photo becomes, which decides what time and memory it takes. */
#ifndef FOVEA_SERVE_INPUT_SIZE_H
#define FOVEA_SERVE_INPUT_SIZE_H

#include "fovea/fovea.h"

/** @return FOV_OK, FOV_ERR_LIMIT (the message says which size would do) */
fov_status srv_input_check(const fov_detect_options *detect, int width, int height, uint64_t most_pixels, fov_error *err);

#endif
