// SPDX-License-Identifier: MIT
/* Values of headers that have parameters: form-data; name="photo"; filename="face.jpg". */
#ifndef FOVEA_SERVE_HEADER_VALUE_H
#define FOVEA_SERVE_HEADER_VALUE_H

#include <stdbool.h>

/** Is it this value, whatever its parameters? */
bool srv_value_is(const char *value, const char *wanted);

/**
 * @param parameter out: its text without quotes, to free()
 * @return false: there was no memory; NULL in `parameter`: there is none of that name
 */
bool srv_value_parameter(const char *value, const char *name, char **parameter);

#endif
