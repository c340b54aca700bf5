// SPDX-License-Identifier: MIT
#include "base/text.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool reserve(fov_text *text, size_t more)
{
    size_t need = text->size + more + 1;
    if (text->failed) return false;
    if (need <= text->capacity) return true;
    size_t capacity = text->capacity ? text->capacity * 2 : 256;
    if (capacity < need) capacity = need;
    char *data = fov_realloc_array(text->data, capacity, 1);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void fov_text_add(fov_text *text, const void *bytes, size_t count)
{
    if (!reserve(text, count)) return;
    if (count) memcpy(text->data + text->size, bytes, count);
    text->size += count;
    text->data[text->size] = '\0';
}

void fov_text_print(fov_text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int count = vsnprintf(NULL, 0, format, args);
    if (count < 0) text->failed = true;
    else if (reserve(text, (size_t)count)) {
        vsnprintf(text->data + text->size, (size_t)count + 1, format, again);
        text->size += (size_t)count;
    }
    va_end(again);
    va_end(args);
}

char *fov_text_take(fov_text *text)
{
    char *data = text->data;
    if (text->failed) {
        fov_free(data);
        data = NULL;
    } else if (!data) {
        data = fov_strdup("");
    }
    *text = (fov_text){0};
    return data;
}

void fov_text_clear(fov_text *text)
{
    fov_free(text->data);
    *text = (fov_text){0};
}

bool fov_make_printable(char *string, const char *keep)
{
    bool changed = false;
    for (; *string; string++) {
        const unsigned char c = (unsigned char)*string;
        if ((c >= 0x20 && c != 0x7f) || strchr(keep, c)) continue;
        *string = '?';
        changed = true;
    }
    return changed;
}
