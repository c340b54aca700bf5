// SPDX-License-Identifier: MIT
/* How large the network's input of a photo becomes, which decides what time and memory it takes. */
#ifndef FOVEA_SERVE_INPUT_SIZE_H
#define FOVEA_SERVE_INPUT_SIZE_H

#include "fovea/fovea.h"

/** What a photo's tiles may have together, in times of what an input may: in tiles of 640, the largest photo that is decoded by
 * default has as much. */
enum { SRV_TILES_TIMES = 32 };

typedef struct srv_input_limit {
    uint64_t    pixels; /* of an input */
    const char *option; /* that sets it, for messages */
} srv_input_limit;

/** @return FOV_OK, FOV_ERR_LIMIT (the message says which size would do) */
fov_status srv_input_check(const fov_detect_options *detect, int width, int height, srv_input_limit most, fov_error *err);

#endif
