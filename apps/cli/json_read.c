// SPDX-License-Identifier: MIT
#include "json_read.h"

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
