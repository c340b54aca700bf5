// SPDX-License-Identifier: MIT
#ifndef FOVEA_HIDE_JPEG_MARKERS_H
#define FOVEA_HIDE_JPEG_MARKERS_H

#include "base/error.h"

#include <stdio.h>
#include <jpeglib.h>

/** Have all markers kept that could be written again. Before jpeg_read_header(). */
void fov_jpeg_markers_keep(j_decompress_ptr info);
/** Those of the header are all that count: no decoder looks for an orientation among the scans. After jpeg_read_header(). */
void fov_jpeg_markers_end(j_decompress_ptr info);
/** Orientation that the markers tell, 1..8; 0 without memory. */
int fov_jpeg_markers_orientation(const struct jpeg_decompress_struct *info);
/** Write those that may stay, in their order. After jpeg_write_coefficients(). @return FOV_OK, FOV_ERR_MEMORY */
fov_status fov_jpeg_markers_write(j_decompress_ptr from, j_compress_ptr to, bool location, fov_error *err);

#endif
