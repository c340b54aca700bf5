// SPDX-License-Identifier: MIT
/* Faces as GStreamer's elements hand them on: a GstVideoRegionOfInterestMeta of the type "face" each. docs/gstreamer.md has the
 * names of all fields. */
#ifndef FOVEA_GSTREAMER_META_H
#define FOVEA_GSTREAMER_META_H

#include <gst/video/video.h>

#include "fovea/fovea.h"

/** Best score first; identified by how many regions a buffer had before. @param buffer writable; its memory need not be. */
void fovea_meta_add(GstBuffer *buffer, const GstVideoFrame *frame, const fov_faces *faces);

#endif
