// SPDX-License-Identifier: MIT
/* JSON that is whole or not there: where there is no memory for a part, nothing is printed instead of something that lacks it. */
#ifndef FOVEA_CLI_JSON_WHOLE_H
#define FOVEA_CLI_JSON_WHOLE_H

#include "exit_codes.h"

#include <jansson.h>

/* Put `item`, which is taken over, at the end of an array, or into an object. Where there was no memory for it (NULL) or is none
 * now, the array or object is released and becomes NULL, as does what is packed of it. */
void cli_json_add(json_t **array, json_t *item);
void cli_json_set(json_t **object, const char *key, json_t *item);

/** Print a line on standard output, and release. NULL: there was no memory. @return CLI_OK; CLI_INTERNAL, after saying so */
cli_exit cli_json_print(json_t *json, size_t flags);

#endif
