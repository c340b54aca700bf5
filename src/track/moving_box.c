// SPDX-License-Identifier: MIT
#include "track/moving_box.h"

#include <math.h>

void fov_moving_box_begin(fov_moving_box *b, const fov_face *face)
{
    double parts[FOV_BOX_PARTS];
    fov_box_parts(face->box, parts);
    for (int i = 0; i < FOV_BOX_PARTS; i++) {
        const fov_motion m = fov_box_motion(i, face->box, face->score);
        b->part[i] = fov_kalman_first(parts[i], &m);
    }
}

static void turn_round(fov_kalman *k)
{
    k->v = -k->v;
    k->xv = -k->xv;
}

void fov_moving_box_go(fov_moving_box *b, double dt)
{
    float box[4];
    fov_moving_box_get(b, box);
    for (int i = 0; i < FOV_BOX_PARTS; i++) {
        const fov_motion m = fov_box_motion(i, box, 1);
        if (dt < 0) turn_round(&b->part[i]);
        b->part[i] = fov_kalman_predict(&b->part[i], fabs(dt), &m);
        if (dt < 0) turn_round(&b->part[i]);
    }
}

void fov_moving_box_see(fov_moving_box *b, const fov_face *face)
{
    double parts[FOV_BOX_PARTS];
    fov_box_parts(face->box, parts);
    for (int i = 0; i < FOV_BOX_PARTS; i++) {
        const fov_motion m = fov_box_motion(i, face->box, face->score);
        b->part[i] = fov_kalman_update(&b->part[i], parts[i], &m);
    }
}

void fov_moving_box_get(const fov_moving_box *b, float box[4])
{
    for (int i = 0; i < 4; i++) box[i] = (float)(b->part[i % 2].x + (i < 2 ? -0.5 : 0.5) * b->part[2 + i % 2].x);
}
