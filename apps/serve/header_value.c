// SPDX-License-Identifier: MIT
#include "header_value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char blanks[] = " \t";

bool srv_value_is(const char *value, const char *wanted)
{
    const size_t size = strlen(wanted);
    return !strncasecmp(value, wanted, size) && (!value[size] || strchr("; \t", value[size]));
}

/* Past the value that begins here: a token, or a text in quotes, where \" is a quote. */
static const char *end_of_value(const char *s)
{
    if (*s != '"') return s + strcspn(s, "; \t");
    for (s++; *s && *s != '"'; s++)
        if (s[0] == '\\' && s[1] == '"') s++;
    return s + (*s == '"');
}

/* Other backslashes stay: browsers do not write them twice. */
static char *without_quotes(const char *s, const char *end)
{
    const bool quoted = *s == '"';
    char      *text = malloc((size_t)(end - s) + 1), *out = text;
    if (!text) return NULL;
    if (quoted) s++;
    if (quoted && end > s && end[-1] == '"') end--;
    while (s < end) {
        if (quoted && s[0] == '\\' && s + 1 < end && s[1] == '"') s++;
        *out++ = *s++;
    }
    *out = '\0';
    return text;
}

bool srv_value_parameter(const char *value, const char *name, char **parameter)
{
    const size_t size = strlen(name);
    *parameter = NULL;
    for (const char *s = strchr(value, ';'); s; s = strchr(s, ';')) {
        s++;
        s += strspn(s, blanks);
        const char *text = s + strcspn(s, "=;");
        if (*text != '=') continue;
        const char *end = end_of_value(text + 1);
        if ((size_t)(text - s) == size && !strncasecmp(s, name, size)) {
            *parameter = without_quotes(text + 1, end);
            return *parameter != NULL;
        }
        s = end;
    }
    return true;
}
