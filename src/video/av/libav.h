// SPDX-License-Identifier: MIT
/* FFmpeg's libraries, loaded when the first video is opened and never linked: they bring more than a hundred others, which would
 * cost every start of the program time and memory. */
#ifndef FOVEA_VIDEO_LIBAV_H
#define FOVEA_VIDEO_LIBAV_H

#include "base/error.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

typedef struct fov_av {
#define FOV_AV(library, function) __typeof__(function) *function;
#include "video/av/libav.def"
#undef FOV_AV
} fov_av;

/** @param path of the video, for the message. @return NULL: they are not here, or lack a function */
const fov_av *fov_av_load(const char *path, fov_error *err);

/** Fail with FFmpeg's word for its error code. @param verb as in "cannot <verb>" */
fov_status fov_av_fail(const fov_av *av, const char *path, const char *verb, int code, fov_error *err);

#endif
