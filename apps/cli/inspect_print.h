// SPDX-License-Identifier: MIT
/* The words of `fovea inspect`, from the library's own JSON descriptions. */
#ifndef FOVEA_CLI_INSPECT_PRINT_H
#define FOVEA_CLI_INSPECT_PRINT_H

#include <jansson.h>

void cli_print_model(const json_t *model);
void cli_print_engine(const json_t *engine);

#endif
