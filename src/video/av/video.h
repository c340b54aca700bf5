// SPDX-License-Identifier: MIT
#ifndef FOVEA_VIDEO_VIDEO_H
#define FOVEA_VIDEO_VIDEO_H

#include "video/av/reader.h"

struct fov_video {
    fov_reader reader;
    char      *path;
    int        orientation;
    char       warning[256];
};

/** The next frame as it is, to be turned into a photo by anybody. @param frame out: NULL at the end; release with av_frame_free()
 */
fov_status fov_video_take(fov_video *video, AVFrame **frame, double *time_s, fov_error *err);

#endif
