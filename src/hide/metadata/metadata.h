// SPDX-License-Identifier: MIT
/* Metadata of a photo whose faces were hidden: what may show them is taken out, and by request what tells where it was taken. What
 * stays keeps its place and its bytes, so that offsets in it, which makers' notes are full of, stay true. What cannot be looked
 * into does not stay. */
#ifndef FOVEA_HIDE_METADATA_H
#define FOVEA_HIDE_METADATA_H

#include "base/file.h"
#include "base/text.h"

enum { FOV_EXIF_ORIENTATION_BYTES = 26 };

/**
 * An EXIF block, beginning with its byte order: thumbnail, previews, and a maker note that holds a JPEG; `location`: also GPS.
 * @param orientation out: that it tells, 1..8; 0 without memory, and false is returned
 * @return false: it cannot be followed, or a JPEG remains in it; use fov_exif_orientation_only() in its place
 */
bool fov_exif_clean(unsigned char *block, size_t size, bool location, int *orientation);
/** A block that tells an orientation, 1..8, and nothing else. */
void fov_exif_orientation_only(int orientation, unsigned char block[FOV_EXIF_ORIENTATION_BYTES]);

/**
 * An XMP packet: what is taken out becomes blanks.
 * @return false: it is not XML in UTF-8, or a picture remains in it; leave it out
 */
bool fov_xmp_clean(char *packet, size_t size, bool location);

/**
 * Photoshop's resources (with IPTC in them), without thumbnails and copies of EXIF and XMP.
 * @param out is added to. @return false: they are damaged, leave them out
 */
bool fov_photoshop_clean(const unsigned char *data, size_t size, bool location, fov_text *out);

/** Does it hold what a JPEG starts with? Of long tables, some do by chance. */
bool fov_holds_jpeg(const void *data, size_t size);
/** Does it hold a JPEG, a PNG or a WebP, as bytes or in base64? */
bool fov_holds_picture(const void *data, size_t size);

#endif
