// SPDX-License-Identifier: MIT
#include "json_in.h"

#include <stdlib.h>

static _Thread_local bool lacked; /* since the last time that it was looked at */

static void *allocate(size_t bytes)
{
    void *block = malloc(bytes);
    lacked |= !block;
    return block;
}

void srv_json_watch(void)
{
    json_set_alloc_funcs(allocate, free);
}

json_t *srv_json_read(const void *text, size_t bytes, size_t flags, json_error_t *error, bool *no_memory)
{
    lacked = false;
    json_t *json = json_loadb(text, bytes, flags, error);
    *no_memory = lacked;
    if (!lacked) return json;
    json_decref(json);
    return NULL;
}
