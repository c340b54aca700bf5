// SPDX-License-Identifier: MIT
/* An engine's certificate in words, whatever keys the release that wrote it gave it. */
#ifndef FOVEA_CLI_CERTIFICATE_PRINT_H
#define FOVEA_CLI_CERTIFICATE_PRINT_H

#include <jansson.h>

void cli_print_certificate(const char *path, const char *precision, json_t *certificate);

#endif
