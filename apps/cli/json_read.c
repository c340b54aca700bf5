// SPDX-License-Identifier: MIT
#include "json_read.h"

#include "memory.h"

#include <stdlib.h>

const char *cli_json_text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double cli_json_number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

long long cli_json_count_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

char *cli_json_shape(const json_t *shape)
{
    char   *text = cli_strdup("");
    size_t  i;
    json_t *dim;
    json_array_foreach(shape, i, dim)
    {
        char *longer = cli_format("%s%s%lld", text, i ? "x" : "", (long long)json_integer_value(dim));
        free(text);
        text = longer;
    }
    return text;
}
