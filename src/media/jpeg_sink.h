// SPDX-License-Identifier: MIT
/* Where libjpeg writes to: growing text. Its own memory destination allocates past our hooks and loses its buffer on a failure. */
#ifndef FOVEA_MEDIA_JPEG_SINK_H
#define FOVEA_MEDIA_JPEG_SINK_H

#include "base/text.h"

#include <stdio.h>
#include <jpeglib.h>

enum { FOV_JPEG_CHUNK_BYTES = 1 << 14 };

typedef struct fov_jpeg_sink {
    struct jpeg_destination_mgr base; /* first: libjpeg hands back a pointer to it */
    fov_text                    out;
    JOCTET                      chunk[FOV_JPEG_CHUNK_BYTES];
} fov_jpeg_sink;

/** @return what goes into the `dest` member of libjpeg's structure */
struct jpeg_destination_mgr *fov_jpeg_sink_init(fov_jpeg_sink *sink);

#endif
