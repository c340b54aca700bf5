// SPDX-License-Identifier: MIT
/* Photos hidden side by side while others are looked at: each takes some tenths of a second, which one thread would be too slow
 * for. */
#ifndef FOVEA_CLI_PHOTO_WRITERS_H
#define FOVEA_CLI_PHOTO_WRITERS_H

#include "fovea/fovea.h"

typedef struct cli_photo_write {
    const char *file; /* its name, the caller's */
    void       *data; /* its bytes, those in which the faces were found; the writers' once added, to fov_data_free() */
    size_t      bytes;
    char       *path; /* to write to; malloc'ed, the writers' once added */
    fov_face   *face; /* the same */
    size_t      count;
    fov_status  status;
    fov_error   err;
} cli_photo_write;

typedef struct cli_photo_writers cli_photo_writers;

/** What came of a photo; called by the thread that adds, in the order in which they were added. */
typedef void cli_photo_written(void *user, const cli_photo_write *write);

/** @param threads 1 or more. @return NULL: not one could be started, which was said */
cli_photo_writers *cli_photo_writers_start(int threads, const fov_hide_options *options, cli_photo_written *written, void *user);
/** May wait for the oldest. */
void cli_photo_writers_add(cli_photo_writers *writers, const cli_photo_write *write);
/** Is a photo being written to this path? */
bool cli_photo_writers_has(const cli_photo_writers *writers, const char *path);
/** Until all that were added are told. */
void cli_photo_writers_wait(cli_photo_writers *writers);
/** The same, and end. NULL is allowed. */
void cli_photo_writers_finish(cli_photo_writers *writers);

#endif
