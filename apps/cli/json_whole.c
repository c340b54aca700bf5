// SPDX-License-Identifier: MIT
#include "json_whole.h"

#include "console.h"

#include <stdio.h>

/* @param failed the call that was to put something into it */
static void keep_whole(json_t **json, int failed)
{
    if (!failed) return;
    json_decref(*json);
    *json = NULL;
}

void cli_json_add(json_t **array, json_t *item)
{
    keep_whole(array, json_array_append_new(*array, item));
}

void cli_json_set(json_t **object, const char *key, json_t *item)
{
    keep_whole(object, json_object_set_new(*object, key, item));
}

/* That standard output takes nothing more is said at the end. */
cli_exit cli_json_print(json_t *json, size_t flags)
{
    const bool failed = json_dumpf(json, stdout, flags) && !ferror(stdout);
    putchar('\n');
    json_decref(json);
    return failed ? cli_no_memory() : CLI_OK;
}
