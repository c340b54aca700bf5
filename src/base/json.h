// SPDX-License-Identifier: MIT
/* Between jansson, which has an allocator of its own, and strings that the library hands out. */
#ifndef FOVEA_BASE_JSON_H
#define FOVEA_BASE_JSON_H

#include <jansson.h>

/** As compact text, to release with fov_free(); `json` is released. NULL without memory, or when `json` is NULL. */
char *fov_json_take(json_t *json);
/** A JSON string of any bytes: where they are not UTF-8, every byte beyond ASCII becomes '?'. */
json_t *fov_json_bytes(const char *text, size_t length);
json_t *fov_json_name(const char *name); /* the same of a string that ends with NUL; null for NULL */

#endif
