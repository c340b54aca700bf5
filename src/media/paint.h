// SPDX-License-Identifier: MIT
/* Anti-aliased painting by distance: a pixel is covered by how far inside the shape its centre lies, over one pixel's width.
 * Coordinates are continuous: pixel (0, 0) covers [0, 1) x [0, 1). Everything is clipped to the photo. */
#ifndef FOVEA_MEDIA_PAINT_H
#define FOVEA_MEDIA_PAINT_H

#include "media/media.h"

typedef struct fov_ink {
    uint8_t r, g, b;
    float   opacity; /* 0..1 */
} fov_ink;

typedef struct fov_segment {
    float x0, y0, x1, y1; /* equal ends: a point */
} fov_segment;

typedef struct fov_round_box {
    float x0, y0, x1, y1;
    float corner; /* radius */
} fov_round_box;

/** Lines of the given width with round ends, as one shape: where they overlap nothing is painted twice. */
void fov_paint_strokes(fov_photo *photo, const fov_segment *segments, int count, float width, fov_ink ink);
void fov_paint_outline(fov_photo *photo, const fov_round_box *box, float width, fov_ink ink);
void fov_paint_filled(fov_photo *photo, const fov_round_box *box, fov_ink ink);

#endif
