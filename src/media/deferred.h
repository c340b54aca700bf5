// SPDX-License-Identifier: MIT
/* Photos that are still encoded, for whom it suits to decode them elsewhere. */
#ifndef FOVEA_MEDIA_DEFERRED_H
#define FOVEA_MEDIA_DEFERRED_H

#include "media/jpeg_header.h"

/** The file of a photo without pixels: a JPEG that decoders of all kinds take, and of which all pixels are wanted. */
struct fov_deferred {
    fov_buffer        file;
    char             *name;
    fov_encoded       in;
    fov_jpeg_header   header;
    fov_photo_options options;
};

/**
 * Defer the decoding, if this is a photo for that.
 * @param file  becomes the photo's, where there is one
 * @param photo out: NULL: decode it now
 */
fov_status fov_photo_defer(fov_buffer *file, const char *name, const fov_photo_options *options, fov_photo **photo, fov_error *err);
void       fov_deferred_free(struct fov_deferred *deferred); /* NULL is allowed */

#endif
