// SPDX-License-Identifier: MIT
/* The files below a folder, in byte order of their paths. Symbolic links are followed, each folder is entered once (so loops
 * end), names that start with a dot are left out, and so is everything that is not a regular file (a pipe would wait forever). */
#ifndef FOVEA_CLI_FOLDER_H
#define FOVEA_CLI_FOLDER_H

#include <stddef.h>
#include <sys/stat.h>

typedef struct cli_folder_entry {
    char       *path;  /* root/name                     */
    const char *name;  /* below the root; points into path */
    int         error; /* 0, or errno of a folder or link that could not be followed; then there is no info */
    struct stat info;
} cli_folder_entry;

typedef struct cli_folder {
    cli_folder_entry *entry;
    size_t            count, capacity;
    size_t            skipped; /* files with other endings, pipes, devices */
} cli_folder;

/** @param endings lower case, separated by blanks; compared without regard to case */
cli_folder cli_folder_list(const char *root, const char *endings);
void       cli_folder_clear(cli_folder *folder);

#endif
