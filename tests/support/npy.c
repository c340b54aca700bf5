// SPDX-License-Identifier: MIT
#include "npy.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many numbers a file still has. */
static bool count_rest(FILE *f, size_t *count)
{
    const long start = ftell(f);
    if (start < 0 || fseek(f, 0, SEEK_END)) return false;
    const long end = ftell(f);
    *count = (size_t)(end - start) / sizeof(float);
    return end >= start && !fseek(f, start, SEEK_SET);
}

/* NumPy's NEP 1: magic, version, little-endian header length, a Python dict as text, then the values. */
float *npy_load(const char *path, size_t *count)
{
    unsigned char head[10];
    char          text[65536];
    float        *values = NULL;
    FILE         *f = fopen(path, "rb");
    if (!f) return NULL;
    if (fread(head, 1, sizeof head, f) == sizeof head && !memcmp(head, "\x93NUMPY\x01", 7)) {
        size_t length = head[8] | (size_t)head[9] << 8;
        if (fread(text, 1, length, f) == length && memmem(text, length, "'<f4'", 5) && memmem(text, length, "False", 5)) {
            if (count_rest(f, count)) values = malloc(*count * sizeof *values);
            if (values && fread(values, sizeof *values, *count, f) != *count) {
                free(values);
                values = NULL;
            }
        }
    }
    fclose(f);
    return values;
}
