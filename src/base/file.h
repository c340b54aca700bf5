// SPDX-License-Identifier: MIT
/* Whole files: read with an upper bound, written so that a reader sees the old file or the whole new one: fov_file_write(), which
 * programs may use too. */
#ifndef FOVEA_BASE_FILE_H
#define FOVEA_BASE_FILE_H

#include "base/error.h"

typedef struct fov_buffer {
    unsigned char *data;
    size_t         size;
} fov_buffer;

/**
 * Read a regular file, a pipe, or standard input ("-").
 * @param max_bytes refuse more than this with FOV_ERR_LIMIT
 * @param out       release with fov_buffer_clear()
 */
fov_status fov_file_read(const char *path, size_t max_bytes, fov_buffer *out, fov_error *err);

/**
 * A file without a name that has these bytes, for a library that reads files alone: it is opened as /proc/self/fd/N. What is looked
 * at and then opened by its name may be two different files.
 * @return a descriptor to close(); -1: err is set. @param path for messages
 */
int fov_file_in_memory(const fov_buffer *bytes, const char *path, fov_error *err);

/** What fov_file_read_if() reads of a file before it asks whether the rest is wanted. */
enum { FOV_FILE_START = 1 << 20 };

/** @param start a file's first FOV_FILE_START bytes. @return false: nothing that begins so is wanted */
typedef bool fov_file_wanted(const unsigned char *start, size_t bytes);

/**
 * The same, but a large file that begins like nothing that is wanted is left there: a device without an end, a disk's image. That
 * is no failure; `out` has the beginning, for whoever says what it is instead.
 */
fov_status fov_file_read_if(const char *path, fov_file_wanted *wanted, size_t max_bytes, fov_buffer *out, fov_error *err);

/**
 * A file that is written piece by piece and appears under its name when it is whole. Where the file system can, it has no name
 * until then, so that nothing is left of it whatever ends the process.
 */
typedef struct fov_draft {
    int         fd;        /* to write to, seek in */
    bool        named;     /* it has a name already, `temporary` */
    char       *temporary; /* room for a name beside the other */
    const char *path;      /* the caller's */
} fov_draft;

/** @param path no pipe or device. Ended by fov_draft_keep() or fov_draft_drop(); a failed begin leaves nothing to end */
fov_status fov_draft_begin(fov_draft *draft, const char *path, fov_error *err);
/** fsync, rename; a file of the caller's that is replaced hands on who may read and write it. On failure nothing is left of it, and
 * the file of its name is as it was. */
fov_status fov_draft_keep(fov_draft *draft, fov_error *err);
void       fov_draft_drop(fov_draft *draft);

/** True when a regular file can be read at `path`. */
bool fov_file_exists(const char *path);

void fov_buffer_clear(fov_buffer *buffer); /* sets it to {0} */

#endif
