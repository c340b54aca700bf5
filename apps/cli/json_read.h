// SPDX-License-Identifier: MIT
/* Members of what the library tells as JSON. */
#ifndef FOVEA_CLI_JSON_READ_H
#define FOVEA_CLI_JSON_READ_H

#include <jansson.h>

const char *cli_json_text_of(const json_t *object, const char *key);   /* "" where there is none */
double      cli_json_number_of(const json_t *object, const char *key); /* 0 where there is none, as is the next */
long long   cli_json_count_of(const json_t *object, const char *key);
/** "3x3x8" of an array of integers; to free(). */
char *cli_json_shape(const json_t *shape);

#endif
