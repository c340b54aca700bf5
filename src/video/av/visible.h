// SPDX-License-Identifier: MIT
/* Which tracks stay visible, by their numbers: those of a review come in any order, and as many as its writer likes. */
#ifndef FOVEA_VIDEO_VISIBLE_H
#define FOVEA_VIDEO_VISIBLE_H

#include "base/error.h"

typedef struct fov_visible {
    size_t *number; /* ascending */
    size_t  count;
} fov_visible;

/** @return FOV_OK, FOV_ERR_MEMORY */
fov_status fov_visible_init(fov_visible *visible, const fov_tracks *tracks, fov_error *err);
void       fov_visible_clear(fov_visible *visible);
/** Not where another track of this number is hidden. */
bool fov_visible_has(const fov_visible *visible, size_t number);

#endif
