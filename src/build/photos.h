// SPDX-License-Identifier: MIT
/* Some photos to calibrate on, others to measure on. */
#ifndef FOVEA_BUILD_PHOTOS_H
#define FOVEA_BUILD_PHOTOS_H

#include "base/error.h"

/** Every FOV_HELD_OUT-th photo is kept back, where there are enough. */
enum { FOV_HELD_OUT = 4, FOV_ENOUGH_TO_SPLIT = 12 };

/** A part of a source; must stay where it is while `source` is used. */
typedef struct fov_photo_part {
    const fov_photo_source *all;
    bool                    held_out; /* the kept back, or the others */
    bool                    whole;    /* too few to split: all of them */
    fov_photo_source        source;
} fov_photo_part;

void fov_photo_part_init(fov_photo_part *part, const fov_photo_source *all, bool held_out);

/**
 * Fail because not one photo could be loaded.
 * @param what_for "calibrate". @param why the first was not; {0}: unknown. @return FOV_ERR_MEMORY where that is why, else
 * FOV_ERR_IO
 */
fov_status fov_photos_fail(const char *what_for, const fov_error *why, fov_error *err);

#endif
