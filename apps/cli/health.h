// SPDX-License-Identifier: MIT
/* What precisions do to weights, and repair: for inspect --precision and convert --repair. */
#ifndef FOVEA_CLI_HEALTH_H
#define FOVEA_CLI_HEALTH_H

#include <stdbool.h>

#include "exit_codes.h"
#include "fovea/fovea.h"

/**
 * Print what a precision does to the weights, and what that does to the outputs.
 * @param precision name
 * @param photos `count` arguments as photos.h takes them; 0: the bundled photo
 */
cli_exit cli_health(const fov_model *model, const char *precision, int count, const char *const *photos, bool as_json);

/** Replace a model by its repaired form, and say on standard error what was done. On failure the model stays. */
cli_exit cli_repair(fov_model **model);

#endif
