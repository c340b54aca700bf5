// SPDX-License-Identifier: MIT
/* Cuts: where a scene ends, so do its tracks. A cut that is overlooked covers a face's place for a moment too long; one that is
 * imagined uncovers a face that is missing just then. So only what looks like nothing before is one: a flash, which changes the
 * light but not the pattern, is none. */
#ifndef FOVEA_TRACK_CUT_H
#define FOVEA_TRACK_CUT_H

#include "fovea/fovea.h"

enum { FOV_CUT_WIDTH = 32, FOV_CUT_HEIGHT = 18, FOV_CUT_CELLS = FOV_CUT_WIDTH * FOV_CUT_HEIGHT };

typedef struct fov_cut_view {
    float cell[FOV_CUT_CELLS];
} fov_cut_view;

void fov_cut_look(fov_cut_view *view, const fov_image *image);
bool fov_cut_between(const fov_cut_view *before, const fov_cut_view *after);

#endif
