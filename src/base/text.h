// SPDX-License-Identifier: MIT
/* A growing string. A failed allocation is remembered; test once, at the end. */
#ifndef FOVEA_BASE_TEXT_H
#define FOVEA_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fov_text {
    char  *data; /* NUL-terminated once anything was added, else NULL */
    size_t size; /* without the NUL */
    size_t capacity;
    bool   failed;
} fov_text;

void  fov_text_add(fov_text *text, const void *bytes, size_t count);
void  fov_text_print(fov_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *fov_text_take(fov_text *text); /* the string, "" if empty, NULL if an allocation failed; release with fov_free() */
void  fov_text_clear(fov_text *text);

/**
 * Make every control character of a string, but those in `keep`, and every byte that is no UTF-8, a '?': names out of files end up
 * on terminals, where such characters move the cursor and change titles. @return true when there were any
 */
bool fov_make_printable(char *string, const char *keep);

#endif
