// SPDX-License-Identifier: MIT
#include "base/text.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
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

/* Bytes of the UTF-8 character at `p`; 0: it is none, or a control character (C1), which terminals obey as well. */
static size_t utf8_bytes(const unsigned char *p)
{
    static const struct form {
        unsigned char mask, lead;
        uint32_t      least; /* a shorter form would hold less */
    } forms[] = {{0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if ((p[0] & forms[i].mask) != forms[i].lead) continue;
        uint32_t code = p[0] & (unsigned char)~forms[i].mask;
        for (size_t k = 1; k < i + 2; k++) {
            if ((p[k] & 0xc0) != 0x80) return 0;
            code = code << 6 | (p[k] & 0x3f);
        }
        return code >= forms[i].least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? i + 2 : 0;
    }
    return 0;
}

bool fov_make_printable(char *string, const char *keep)
{
    bool changed = false;
    while (*string) {
        const unsigned char c = (unsigned char)*string;
        const size_t        bytes = c < 0x80 ? (c >= 0x20 && c != 0x7f) || strchr(keep, c) : utf8_bytes((unsigned char *)string);
        if (!bytes) *string = '?';
        changed |= !bytes;
        string += bytes ? bytes : 1;
    }
    return changed;
}
