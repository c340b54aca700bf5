// SPDX-License-Identifier: MIT
/* FOV_RESIZE_TILES: a photo as a pyramid of levels, each cut into overlapping tiles of one size.
 *
 * Level 0 shows the photo at `tile_scale`; each further level shrinks it by 3, and the last one fits into a single tile. A level
 * answers for the faces that are whole in at least one of its tiles, so for sides up to the overlap, and the last one for all
 * larger ones; sides below half the overlap of the finer level are that level's. So neighbouring levels share an octave, which
 * suppression merges, and nothing falls between them.
 *
 * Tiles start at multiples of the largest stride, so that a face's priors lie where they lie in the photo as a whole. In the middle
 * of their overlap runs the seam: of two tiles the one on whose side a face's centre lies has more of its surroundings, and is
 * believed. Both are, a little beyond the seam, as their estimates of the centre differ. */
#ifndef FOVEA_API_TILES_H
#define FOVEA_API_TILES_H

#include "api/geometry.h"

/** One axis of a level, in pixels of the network: `count` tiles of `side`, from 0 to `total`. */
typedef struct fov_tile_axis {
    int64_t total; /* the scaled photo's side, rounded up to the stride */
    int64_t side, count;
} fov_tile_axis;

typedef struct fov_tile_level {
    double        scale; /* pixels of the network to one of the photo */
    fov_tile_axis x, y;
    float         least, most; /* longer sides, in pixels of the photo, of the faces that it answers for */
} fov_tile_level;

/** The walk over all tiles of a photo: level by level, row by row. */
typedef struct fov_tiling {
    const fov_settings       *settings;
    const fov_detect_options *options;
    fov_image                 image;
    int                       stride, overlap;
    fov_tile_level            level;
    int64_t                   next; /* tile of the level, row by row */
    bool                      last; /* no level after this one       */
} fov_tiling;

typedef struct fov_tile {
    fov_image    window;   /* of the photo; no pixel is copied */
    fov_geometry geometry; /* maps to the whole photo          */
    float inside[4];       /* what a whole face's box lies in; infinite where the photo ends: x1, y1, x2, y2, pixels of the photo */
    float core[4];         /* where the centres lie of the faces that this tile is believed on                              */
    float least, most;
} fov_tile;

/** @param options checked; they and `settings` outlive the walk */
fov_status fov_tiling_start(const fov_settings *settings, const fov_detect_options *options, const fov_image *image,
                            fov_tiling *tiling, fov_error *err);
/** @return false after the last one */
bool fov_tiling_next(fov_tiling *tiling, fov_tile *tile);

/** Does this tile answer for a face that was found in it? */
bool fov_tile_keeps(const fov_tile *tile, const fov_face *face);

#endif
