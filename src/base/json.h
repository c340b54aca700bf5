// SPDX-License-Identifier: MIT
/* Between jansson, which has an allocator of its own, and strings that the library hands out. */
#ifndef FOVEA_BASE_JSON_H
#define FOVEA_BASE_JSON_H

#include "base/text.h"

#include <jansson.h>

/** Append its text, as json_dumps() has it. `to` has failed then without memory, and when `json` is NULL. */
void fov_json_print(const json_t *json, size_t flags, fov_text *to);
/** As compact text, to release with fov_free(); `json` is released. NULL without memory, or when `json` is NULL. */
char *fov_json_take(json_t *json);
/** A JSON string of any bytes: where they are not UTF-8, every byte beyond ASCII becomes '?'. */
json_t *fov_json_bytes(const char *text, size_t length);
json_t *fov_json_name(const char *name); /* the same of a string that ends with NUL; null for NULL */

/**
 * Put `item`, which is taken over, at the end of an array, or into an object. Where there was no memory for it (NULL) or is none
 * now, the array or object is released and becomes NULL, so that what is made of it has none either, and nothing is left out.
 */
void fov_json_add(json_t **array, json_t *item);
void fov_json_set(json_t **object, const char *key, json_t *item);

#endif
