// SPDX-License-Identifier: MIT
/* The words of weight health, from the library's own JSON. */
#ifndef FOVEA_CLI_HEALTH_PRINT_H
#define FOVEA_CLI_HEALTH_PRINT_H

#include <jansson.h>

/** @param effect of fov_model_health_effect_json(); NULL: not measured */
void cli_print_health(const json_t *health, const json_t *effect);

#endif
