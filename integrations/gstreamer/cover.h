// SPDX-License-Identifier: MIT
/* Hiding faces as a stream passes. Nothing of what comes later is known, so a face that is no longer found stays covered where it
 * was found last, for some time. */
#ifndef FOVEA_GSTREAMER_COVER_H
#define FOVEA_GSTREAMER_COVER_H

#include <gst/video/video.h>

#include "fovea/fovea.h"

/** What is covered. Begins zeroed. */
typedef struct fovea_cover {
    GArray *faces; /* fov_face: those found in the last frame, then those that are held */
    GArray *until; /* GstClockTime: until when each is held */
} fovea_cover;

/**
 * Take a frame's faces into account. A face that was held ends where one is found again, or when its time is over.
 * @param time of the frame; GST_CLOCK_TIME_NONE: nothing is held
 * @param hold how long a face stays covered that is no longer found
 */
void fovea_cover_update(fovea_cover *cover, const fov_faces *found, GstClockTime time, GstClockTime hold);
/** All that is to be hidden in that frame; belongs to the cover. */
fov_faces fovea_cover_faces(const fovea_cover *cover);
void      fovea_cover_clear(fovea_cover *cover);

#endif
