// SPDX-License-Identifier: MIT
#include "memory.h"

#include "console.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *block)
{
    if (!block) exit((int)cli_no_memory());
    return block;
}

char *cli_strdup(const char *text)
{
    return need(strdup(text));
}

char *cli_format(const char *format, ...)
{
    char   *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) text = NULL;
    va_end(args);
    return need(text);
}

void *cli_grow(void *array, size_t count, size_t *capacity, size_t element_bytes)
{
    if (count < *capacity) return array;
    *capacity = *capacity ? *capacity * 2 : 16;
    return need(reallocarray(array, *capacity, element_bytes));
}

void *cli_calloc(size_t count, size_t element_bytes)
{
    return need(calloc(count ? count : 1, element_bytes));
}
