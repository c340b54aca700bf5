// SPDX-License-Identifier: MIT
/* Photo files written anew with faces hidden, one file a format, one row in formats.def. */
#ifndef FOVEA_HIDE_PHOTO_H
#define FOVEA_HIDE_PHOTO_H

#include "hide/hider.h"
#include "media/media.h"

typedef struct fov_photo_hiding {
    const fov_encoded *in;
    const fov_faces   *faces; /* of the upright photo */
    fov_hider         *hider;
    fov_error         *err;
} fov_photo_hiding;

/** @param out the new file; release with fov_buffer_clear() */
typedef fov_status fov_photo_hide_run(const fov_photo_hiding *h, fov_buffer *out);

#define FOV_PHOTO_HIDE(codec, run)                                                                                                 \
    extern const fov_codec    codec;                                                                                               \
    extern fov_photo_hide_run run;
#include "hide/photo/formats.def"
#undef FOV_PHOTO_HIDE

/** fov_photo_hide() from memory to memory. @param out release with fov_buffer_clear() */
fov_status fov_photo_hide_encoded(const fov_encoded *in, const fov_faces *faces, const fov_hide_options *options, fov_buffer *out,
                                  fov_error *err);

/** All faces, in the surface of the whole photo. An orientation of 0 could not be told for lack of memory. */
fov_status fov_photo_hide_faces(const fov_photo_hiding *h, const fov_surface *surface);

/**
 * An EXIF block as it may stay: `block` cleaned in place, or `instead`, which tells the orientation only.
 * @return the one that it is, and how long; NULL without memory
 */
fov_buffer fov_photo_exif(unsigned char *block, size_t size, bool location, unsigned char *instead);

#endif
