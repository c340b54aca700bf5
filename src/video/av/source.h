// SPDX-License-Identifier: MIT
/* The bytes of a video. FFmpeg is handed them instead of a name: it sees this file, and opens no other. */
#ifndef FOVEA_VIDEO_SOURCE_H
#define FOVEA_VIDEO_SOURCE_H

#include "base/stamp.h"
#include "video/av/libav.h"

typedef struct fov_source {
    const fov_av *av;
    int           fd;
    AVIOContext  *io;
    bool (*stop)(void *user); /* asked before each read; may be NULL */
    void *stop_user;
} fov_source;

/** @param source must stay where it is. @return FOV_OK, FOV_ERR_IO, FOV_ERR_UNSUPPORTED (not a file), FOV_ERR_MEMORY */
fov_status fov_source_open(fov_source *source, const fov_av *av, const char *path, fov_error *err);
/** One that was opened, or is {0}. */
void fov_source_close(fov_source *source);
/** Of the file as it is now. @return not known: it cannot be told */
fov_stamp fov_source_stamp(const fov_source *source);
/** Is nothing to be read any more, because somebody said so? */
bool fov_source_stopped(const fov_source *source);

#endif
