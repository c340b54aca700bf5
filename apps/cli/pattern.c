// SPDX-License-Identifier: MIT
/* glob() with functions that count what it looks at. */
#include "pattern.h"

#include "console.h"
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    MAX_BRACES = 8, /* in each other */
    MAX_NAMES = 100000,
    MAX_PARTS = 256, /* slashes and braces: for each, glob() calls itself, which a stack must hold */
    COST_OF_ONE = 64
};

typedef struct folder {
    DIR   *dir;
    size_t bytes; /* of its own path */
} folder;

/* glob() hands nothing on to the functions that it calls. */
static size_t *left;

/* @return false: no more may be looked at */
static bool spend(size_t bytes)
{
    const size_t cost = bytes + COST_OF_ONE;
    *left = *left > cost ? *left - cost : 0;
    if (!*left) errno = ENOMEM;
    return *left > 0;
}

static void *open_folder(const char *path)
{
    DIR *dir = spend(strlen(path)) ? opendir(path) : NULL;
    if (!dir) return NULL;
    folder *f = cli_calloc(1, sizeof *f);
    *f = (folder){dir, strlen(path)};
    return f;
}

/* glob() makes a path of each name that fits. */
static struct dirent *read_folder(void *opened)
{
    const folder  *f = opened;
    struct dirent *entry = readdir(f->dir);
    return entry && spend(f->bytes + strlen(entry->d_name)) ? entry : NULL;
}

static void close_folder(void *opened)
{
    closedir(((folder *)opened)->dir);
    free(opened);
}

static int look_at(const char *path, struct stat *info)
{
    return spend(strlen(path)) ? stat(path, info) : -1;
}

static int look_at_link(const char *path, struct stat *info)
{
    return spend(strlen(path)) ? lstat(path, info) : -1;
}

/* Behind a backslash, no character means anything. */
static const char *next_character(const char *text)
{
    const char *next = text + (text[0] == '\\' && text[1]);
    return next + 1;
}

/* Whether braces stand for more names than anybody means. glob() tries each. */
static bool stands_for_too_many(const char *pattern)
{
    size_t names = 1, alternatives[MAX_BRACES], open = 0;
    for (; *pattern; pattern = next_character(pattern)) {
        if (*pattern == '{') {
            if (open == MAX_BRACES) return true;
            alternatives[open++] = 1;
        }
        if (*pattern == ',' && open) alternatives[open - 1]++;
        if (*pattern != '}' || !open) continue;
        names *= alternatives[--open];
        if (names > MAX_NAMES) return true;
    }
    return false;
}

static bool has_too_many_parts(const char *pattern)
{
    size_t parts = 0;
    for (; *pattern; pattern++) parts += *pattern == '/' || *pattern == '{';
    return parts > MAX_PARTS;
}

const char *cli_pattern_find(const char *pattern, size_t *budget, glob_t *found)
{
    *found = (glob_t){.gl_opendir = open_folder,
                      .gl_readdir = read_folder,
                      .gl_closedir = close_folder,
                      .gl_stat = look_at,
                      .gl_lstat = look_at_link};
    if (stands_for_too_many(pattern)) return "its braces stand for too many names";
    if (has_too_many_parts(pattern)) return "a pattern has 256 slashes and braces at most";
    left = budget;
    const int code = *left ? glob(pattern, GLOB_BRACE | GLOB_TILDE | GLOB_ALTDIRFUNC, NULL, found) : 0;
    if (!*left) return "patterns stand for too many names; name folders instead";
    if (code == GLOB_NOSPACE) exit((int)cli_no_memory());
    return code ? "no file matches this pattern" : NULL;
}
