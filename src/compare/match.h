// SPDX-License-Identifier: MIT
/* Which face of one engine is which face of another on the same photo. */
#ifndef FOVEA_COMPARE_MATCH_H
#define FOVEA_COMPARE_MATCH_H

#include "fovea/fovea.h"

#define FOV_MATCH_IOU 0.5F   /* two boxes that overlap less are different faces          */
#define FOV_MATCH_SCORE 0.5F /* what a user of the default threshold gets: score > this  */

/** Intersection over union; 1 for equal boxes, even those without area. */
float fov_box_iou(const float *a, const float *b);
/** Geometric mean of width and height: what distances are measured against. At least 1 pixel. */
float fov_box_size(const float *box);

/**
 * Pair the faces: a's best first, each with the face of b that overlaps it most among those left, if by FOV_MATCH_IOU at least.
 * Faces that both engines would show (score > FOV_MATCH_SCORE) are paired before all others, so that a weak double never
 * takes the place of what is shown.
 * @param of_a out: a->count indices into b, -1: alone. @param of_b the same the other way round
 */
void fov_faces_match(const fov_faces *a, const fov_faces *b, int *of_a, int *of_b);

#endif
