// SPDX-License-Identifier: MIT
/* A face's box on its way: a filter of its middle and one of its sides, in each direction. */
#ifndef FOVEA_TRACK_MOVING_BOX_H
#define FOVEA_TRACK_MOVING_BOX_H

#include "track/motion.h"

typedef struct fov_moving_box {
    fov_kalman part[FOV_BOX_PARTS];
} fov_moving_box;

void fov_moving_box_begin(fov_moving_box *b, const fov_face *face);
/** @param dt seconds; less than 0: as a film that runs backwards */
void fov_moving_box_go(fov_moving_box *b, double dt);
void fov_moving_box_see(fov_moving_box *b, const fov_face *face);
void fov_moving_box_get(const fov_moving_box *b, float box[4]);

#endif
