// SPDX-License-Identifier: MIT
#include "base/json.h"

#include "base/alloc.h"

#include <string.h>

static int append(const char *bytes, size_t size, void *to)
{
    fov_text *text = to;
    fov_text_add(text, bytes, size);
    return text->failed ? -1 : 0;
}

/* Not by json_dumps(), whose memory is given back by whatever a program has set for jansson. */
void fov_json_print(const json_t *json, size_t flags, fov_text *to)
{
    if (json_dump_callback(json, append, to, flags)) to->failed = true;
}

char *fov_json_take(json_t *json)
{
    fov_text text = {0};
    fov_json_print(json, JSON_COMPACT | JSON_REAL_PRECISION(9), &text);
    json_decref(json);
    return fov_text_take(&text);
}

json_t *fov_json_bytes(const char *text, size_t length)
{
    json_t *string = json_stringn(text, length);
    char   *copy = string ? NULL : fov_strndup(text, length);
    if (!copy) return string;
    for (size_t i = 0; i < length; i++)
        if (copy[i] & 0x80) copy[i] = '?';
    string = json_stringn(copy, length);
    fov_free(copy);
    return string;
}

/* @param code of the call that put it there */
static void keep_whole(json_t **json, int code)
{
    if (!code) return;
    json_decref(*json);
    *json = NULL;
}

void fov_json_add(json_t **array, json_t *item)
{
    keep_whole(array, json_array_append_new(*array, item));
}

void fov_json_set(json_t **object, const char *key, json_t *item)
{
    keep_whole(object, json_object_set_new(*object, key, item));
}

json_t *fov_json_name(const char *name)
{
    return name ? fov_json_bytes(name, strlen(name)) : json_null();
}
