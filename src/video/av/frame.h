// SPDX-License-Identifier: MIT
#ifndef FOVEA_VIDEO_FRAME_H
#define FOVEA_VIDEO_FRAME_H

#include "hide/surface.h"
#include "video/av/libav.h"

/** A frame's own samples, to hide faces in. @return false: a format that has no plain samples */
bool fov_frame_surface(const fov_av *av, const AVFrame *frame, int orientation, fov_surface *surface);
/** The same picture in another format, with the frame's time and colours. @param out a new frame */
fov_status fov_frame_convert(const fov_av *av, const AVFrame *frame, enum AVPixelFormat format, AVFrame **out, fov_error *err);
/** As an upright photo. */
fov_status fov_frame_photo(const fov_av *av, const AVFrame *frame, int orientation, fov_photo **photo, fov_error *err);

#endif
