// SPDX-License-Identifier: MIT
/* What `fovea bench --layers` prints for people. */
#ifndef FOVEA_CLI_BENCH_LAYERS_H
#define FOVEA_CLI_BENCH_LAYERS_H

#include <jansson.h>

/** @param profile as fov_detector_profile_json() gives it */
void cli_print_profile(const json_t *profile);

#endif
