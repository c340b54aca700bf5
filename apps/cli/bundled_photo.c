// SPDX-License-Identifier: MIT
#include "bundled_photo.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *cli_bundled_photo(void)
{
    static const char *const places[] = {"../share/fovea/astronaut.png", "../photos/astronaut.png"};
    static char              path[PATH_MAX + 64];
    char                     program[PATH_MAX];
    ssize_t                  size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size < 0) return NULL;
    program[size] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash) return NULL;
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s/%s", program, places[i]);
        if (!access(path, R_OK)) return path;
    }
    return NULL;
}
