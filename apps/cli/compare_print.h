// SPDX-License-Identifier: MIT
/* What `fovea compare` prints for people. */
#ifndef FOVEA_CLI_COMPARE_PRINT_H
#define FOVEA_CLI_COMPARE_PRINT_H

#include <stdbool.h>

/** @param text what fov_comparison_json() gave @param all every layer, else the worst */
void cli_print_comparison(const char *text, bool all);

#endif
