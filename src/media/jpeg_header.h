// SPDX-License-Identifier: MIT
/* What a JPEG is, found by walking its markers: for decoders that take some kinds only, and say too little of the others. */
#ifndef FOVEA_MEDIA_JPEG_HEADER_H
#define FOVEA_MEDIA_JPEG_HEADER_H

#include "media/media.h"

typedef struct fov_jpeg_header {
    int  width, height; /* as stored */
    int  components;    /* 1: gray, 3: YCbCr */
    int  orientation;   /* EXIF 1..8 */
    int  scans;
    bool baseline; /* else of 8 bits and Huffman-coded all the same: extended or progressive */
} fov_jpeg_header;

/**
 * Walk through all of a JPEG, which must be gray or YCbCr, of 8 bits, Huffman-coded, and whole. What is in its scans is not looked
 * at.
 * @return FOV_OK, FOV_ERR_FORMAT (no JPEG, or one that is cut off), FOV_ERR_UNSUPPORTED (of another kind), FOV_ERR_LIMIT (more
 * scans than fov_jpeg_max_scans())
 */
fov_status fov_jpeg_header_read(const fov_encoded *in, fov_jpeg_header *header, fov_error *err);

/** A scan costs a visit to every block however few bytes it has, so scans x pixels is what a bomb multiplies: the most to take. */
int fov_jpeg_max_scans(int64_t width, int64_t height);

#endif
