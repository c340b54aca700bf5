// SPDX-License-Identifier: MIT
#include "text_file.h"

#include "console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 20 };

char *cli_text_file(const char *option, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(MAX_BYTES + 1) : NULL;
    if (!text) {
        cli_error("%s %s: %s", option, path, strerror(errno));
        if (file) fclose(file);
        return NULL;
    }
    const size_t size = fread(text, 1, MAX_BYTES, file);
    const bool   whole = !ferror(file) && feof(file) && !memchr(text, '\0', size);
    fclose(file);
    text[size] = '\0';
    if (whole) return text;
    cli_error("%s %s: is not a text file of at most 1 MiB", option, path);
    free(text);
    return NULL;
}
