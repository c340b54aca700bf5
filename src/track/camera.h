// SPDX-License-Identifier: MIT
/* How the camera moved from one frame to the next: a pan moves all faces alike, faster than any of them walks, and a filter that
 * took it for theirs would lose those that are missing just then. So faces are followed in places of the scene, not of the frame.
 */
#ifndef FOVEA_TRACK_CAMERA_H
#define FOVEA_TRACK_CAMERA_H

#include "fovea/fovea.h"

enum {
    FOV_VIEW_WIDTH = 160,
    FOV_VIEW_HEIGHT = 88,
    FOV_VIEW_SHRINK = 4,
    FOV_SMALL_WIDTH = FOV_VIEW_WIDTH / FOV_VIEW_SHRINK,
    FOV_SMALL_HEIGHT = FOV_VIEW_HEIGHT / FOV_VIEW_SHRINK,
};

typedef struct fov_camera_view {
    uint8_t fine[FOV_VIEW_WIDTH * FOV_VIEW_HEIGHT], small[FOV_SMALL_WIDTH * FOV_SMALL_HEIGHT];
    int     width, height; /* of the frame */
} fov_camera_view;

void fov_camera_look(fov_camera_view *view, const fov_image *image);
/**
 * @param moved out: pixels that the scene moved by in the frame, x and y; 0 where that is not plain to see
 * @return whether both show one scene from two places, however different they look: a fast turn of the camera is no cut
 */
bool fov_camera_between(const fov_camera_view *before, const fov_camera_view *after, float moved[2]);

#endif
