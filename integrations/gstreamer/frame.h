// SPDX-License-Identifier: MIT
/* A video's frame as the library sees pixels. */
#ifndef FOVEA_GSTREAMER_FRAME_H
#define FOVEA_GSTREAMER_FRAME_H

#include <gst/video/video.h>

#include "fovea/fovea.h"

/** What the element takes. The last two have no fov_pixel_format: their frames are copied to be looked at. */
#define FOVEA_FRAME_FORMATS "{ RGB, BGR, RGBA, RGBx, GRAY8, BGRA, BGRx }"

/** A view of the frame's pixels. @return false: the library has no such format */
bool fovea_frame_view(const GstVideoFrame *frame, fov_image *image);

/** The frame's pixels, to be changed where they lie. @param frame mapped to be written */
fov_bitmap fovea_frame_pixels(GstVideoFrame *frame);

/** Copy a frame of colours to a photo of its size. @param photo replaced when it is NULL or of another size; release with
 * fov_photo_free() */
fov_status fovea_frame_to_photo(const GstVideoFrame *frame, fov_photo **photo, fov_error *err);

#endif
