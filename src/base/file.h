// SPDX-License-Identifier: MIT
/* Whole files: read with an upper bound, written so that a reader sees the old file or the whole new one. */
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
 * Write to a temporary name beside `path`, fsync, rename. On failure `path` is as it was. A file that is replaced hands on its
 * mode; pipes and devices are written to as they are.
 */
fov_status fov_file_write(const char *path, const void *data, size_t bytes, fov_error *err);

/** A file that is written piece by piece and appears under its name when it is whole. */
typedef struct fov_draft {
    int         fd;        /* to write to, seek in                                      */
    char       *temporary; /* its name so far, beside the other; or room for it         */
    bool        named;     /* where the file system knows files without names, only from fov_draft_keep() on */
    const char *path;      /* the caller's                                              */
} fov_draft;

/** @param path no pipe or device. Ended by fov_draft_keep() or fov_draft_drop(); a failed begin leaves nothing to end */
fov_status fov_draft_begin(fov_draft *draft, const char *path, fov_error *err);
/** fsync, rename; a file that is replaced hands on its mode. On failure nothing is left of it, and the file of its name is as it
 * was. */
fov_status fov_draft_keep(fov_draft *draft, fov_error *err);
void       fov_draft_drop(fov_draft *draft);

/** True when a regular file can be read at `path`. */
bool fov_file_exists(const char *path);

void fov_buffer_clear(fov_buffer *buffer); /* sets it to {0} */

#endif
