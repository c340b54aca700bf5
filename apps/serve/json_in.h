// SPDX-License-Identifier: MIT
/* JSON of requests. jansson calls a text invalid, or loses a letter of it, where it had no memory for it: nothing of the kind may
 * be told to a client, nor believed. */
#ifndef FOVEA_SERVE_JSON_IN_H
#define FOVEA_SERVE_JSON_IN_H

#include <jansson.h>
#include <stdbool.h>

/** From here on a lack of memory is noticed. Before any JSON is made. */
void srv_json_watch(void);

/** As json_loadb(). @param no_memory out: NULL does not mean that the text is no JSON @return to json_decref(); NULL: see `error`
 */
json_t *srv_json_read(const void *text, size_t bytes, size_t flags, json_error_t *error, bool *no_memory);

#endif
