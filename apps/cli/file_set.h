// SPDX-License-Identifier: MIT
/* A set of files by what they are (device and inode), not by what they are called. {0} is empty. */
#ifndef FOVEA_CLI_FILE_SET_H
#define FOVEA_CLI_FILE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

typedef struct cli_file_id {
    dev_t device;
    ino_t inode; /* 0: an empty slot */
} cli_file_id;

typedef struct cli_file_set {
    cli_file_id *slot;
    size_t       count, capacity; /* capacity: a power of two, at most half full */
} cli_file_set;

bool cli_file_set_has(const cli_file_set *set, const struct stat *file);
bool cli_file_set_add(cli_file_set *set, const struct stat *file); /* false: it was there already */
void cli_file_set_clear(cli_file_set *set);

#endif
