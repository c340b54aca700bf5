// SPDX-License-Identifier: MIT
/* libjpeg reports errors by not returning. This is the only place that knows: its users call setjmp(guard->escape) once, in a
 * function that changes no local variable, and read what happened from the guard. */
#ifndef FOVEA_MEDIA_JPEG_GUARD_H
#define FOVEA_MEDIA_JPEG_GUARD_H

#include "base/error.h"

#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>

typedef struct fov_jpeg_guard {
    struct jpeg_error_mgr    base; /* first: libjpeg hands back a pointer to it */
    jmp_buf                  escape;
    struct jpeg_progress_mgr progress;
    int                      max_scans;                /* see fov_jpeg_guard_scans() */
    int                      segments;                 /* that the reader in hand has met */
    fov_status               status;                   /* of a fatal error           */
    char                     error[JMSG_LENGTH_MAX];   /* that ended the work        */
    char                     warning[JMSG_LENGTH_MAX]; /* the first one, "" if none  */
} fov_jpeg_guard;

/** @return what goes into the `err` member of libjpeg's structure */
struct jpeg_error_mgr *fov_jpeg_guard_init(fov_jpeg_guard *guard);

/** End the work with FOV_ERR_LIMIT when a file has more segments than any program writes, or more scans than `guard->max_scans`,
 * which a caller lowers once it knows the size. */
void fov_jpeg_guard_scans(fov_jpeg_guard *guard, j_decompress_ptr info);

#endif
