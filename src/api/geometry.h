// SPDX-License-Identifier: MIT
/* How an image becomes a network input: sizes, placement, and the way back for what is found in it. */
#ifndef FOVEA_API_GEOMETRY_H
#define FOVEA_API_GEOMETRY_H

#include "face/face.h"
#include "media/media.h"

typedef struct fov_geometry {
    fov_letterbox letterbox;
    fov_mapping   mapping;
} fov_geometry;

/** Refuse options that mean nothing: thresholds that are no numbers, sizes below 1. */
fov_status fov_detect_options_check(const fov_detect_options *options, fov_error *err);

/** Check an image and find its geometry under (checked) options, which ask for one input: not FOV_RESIZE_TILES. */
fov_status fov_geometry_make(const fov_settings *settings, const fov_detect_options *options, const fov_image *image,
                             fov_geometry *geometry, fov_error *err);

/** The same for a photo, which may have been decoded smaller: the geometry is that of the full one. */
fov_status fov_geometry_make_photo(const fov_settings *settings, const fov_detect_options *options, const fov_photo *photo,
                                   fov_geometry *geometry, fov_error *err);

/** The geometry of an image of this size, whose size and place in the input are decided: the first six members of `box`. */
void fov_geometry_place(const fov_settings *settings, const fov_detect_options *options, int width, int height,
                        const fov_letterbox *box, fov_geometry *geometry);

int     fov_largest_stride(const fov_settings *settings); /* what inputs are padded to a multiple of */
int64_t fov_round_up(int64_t v, int64_t multiple);
int     fov_scaled(int side, double ratio); /* to the nearest, at least 1 */

#endif
