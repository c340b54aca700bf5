// SPDX-License-Identifier: MIT
/* What must be covered for a face. */
#ifndef FOVEA_TRACK_COVER_H
#define FOVEA_TRACK_COVER_H

#include "track/courses.h"

#include <math.h>

static inline void fov_cover_add(float cover[4], const float box[4])
{
    for (int i = 0; i < 2; i++) {
        cover[i] = fminf(cover[i], box[i]);
        cover[2 + i] = fmaxf(cover[2 + i], box[2 + i]);
    }
}

/**
 * Where a sighting leaps against what those before it, or those after it, let expect, either may be wrong: a face that is half
 * hidden is found beside where it is, and a detector may be sure of that. For a while both are covered. And whoever is found again
 * after a gap may be somebody else: so in a gap it is also covered where it would go on by either side alone.
 * @param point of each frame from the course's start
 */
void fov_cover_doubts(const fov_courses *courses, const fov_course *course, fov_tracked_face *point);

#endif
