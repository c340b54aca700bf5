// SPDX-License-Identifier: MIT
#include "writable.h"

#include "console.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files are written beside their name and then renamed, so it is the folder that must be open to us. */
static int folder_problem(const char *path)
{
    const char *slash = strrchr(path, '/');
    char       *folder = !slash ? cli_strdup(".") : slash == path ? cli_strdup("/") : cli_format("%.*s", (int)(slash - path), path);
    const int   problem = access(folder, W_OK | X_OK) ? errno : 0;
    free(folder);
    return problem;
}

bool cli_is_writable(const char *path)
{
    struct stat info;
    int         problem;
    if (!path) return true;
    if (stat(path, &info) || S_ISREG(info.st_mode)) problem = folder_problem(path);
    else if (S_ISDIR(info.st_mode)) problem = EISDIR;
    else problem = access(path, W_OK) ? errno : 0;
    if (!problem) return true;
    cli_error("%s: cannot be written: %s", path, strerror(problem));
    return false;
}
