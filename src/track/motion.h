// SPDX-License-Identifier: MIT
/* How faces move, in their own sizes: what a filter may expect of a box's middle and sides, and of landmarks. */
#ifndef FOVEA_TRACK_MOTION_H
#define FOVEA_TRACK_MOTION_H

#include "fovea/fovea.h"
#include "track/kalman.h"

enum { FOV_BOX_PARTS = 4 }; /* middle x and y, width, height */

static inline void fov_box_parts(const float box[4], double parts[FOV_BOX_PARTS])
{
    for (int i = 0; i < 2; i++) {
        parts[i] = ((double)box[i] + (double)box[i + 2]) / 2;
        parts[2 + i] = (double)box[i + 2] - (double)box[i];
    }
}

static inline double fov_box_size(const float box[4])
{
    const double width = (double)box[2] - (double)box[0], height = (double)box[3] - (double)box[1];
    const double size = width > height ? width : height;
    return size > 1 ? size : 1;
}

/**
 * @param part  0 to 3 of a box; any other is a landmark's, which moves as the middle does
 * @param score of what was found there: an unsure face, such as half of one behind something, is mostly not quite where it is said
 * to be
 */
static inline fov_motion fov_box_motion(int part, const float box[4], float score)
{
    const double size = fov_box_size(box), square = size * size, trust = score > 0.1F ? (double)score : 0.1;
    if (part == 2 || part == 3)
        return (fov_motion){.restless = square, .measured = 0.0036 * square / (trust * trust), .velocity = square};
    return (fov_motion){.restless = 16 * square, .measured = 0.0016 * square / (trust * trust), .velocity = 9 * square};
}

#endif
