// SPDX-License-Identifier: MIT
#include "base/json.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

char *fov_json_take(json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    char *copy = text ? fov_strdup(text) : NULL;
    free(text);
    json_decref(json);
    return copy;
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

json_t *fov_json_name(const char *name)
{
    return name ? fov_json_bytes(name, strlen(name)) : json_null();
}
