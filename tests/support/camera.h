// SPDX-License-Identifier: MIT
/* The EXIF block that a camera writes into its photos. */
#ifndef FOVEA_TESTS_CAMERA_H
#define FOVEA_TESTS_CAMERA_H

#include <stddef.h>

#define CAMERA_THUMBNAIL "\xff\xd8\xff\xdb thumbnail of the face"

typedef struct tiff {
    unsigned char data[512];
    size_t        size;
} tiff;

/** A little-endian number. */
void tiff_put(tiff *t, size_t at, unsigned value, int bytes);
/** Make, orientation 1, EXIF with a maker's note, GPS, and a thumbnail's directory. */
tiff camera_block(const char *note);

#endif
