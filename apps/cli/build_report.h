// SPDX-License-Identifier: MIT
/* What `fovea build` says of the engine it wrote. */
#ifndef FOVEA_CLI_BUILD_REPORT_H
#define FOVEA_CLI_BUILD_REPORT_H

#include "exit_codes.h"
#include "fovea/fovea.h"

#include <jansson.h>

/** On standard output, from the engine's certificate. @param seconds that building took */
void cli_build_report(const fov_engine *engine, const char *path, double seconds);
/** The certificate as JSON, with `slower` (build_slower.h) unless that is NULL. */
cli_exit cli_build_print_json(const fov_engine *engine, json_t *slower);

#endif
