// SPDX-License-Identifier: MIT
/* What a tracker was told: frames, and the faces found in them. */
#ifndef FOVEA_TRACK_SIGHTINGS_H
#define FOVEA_TRACK_SIGHTINGS_H

#include "base/error.h"

enum { FOV_NO_TRACK = 0 };

typedef struct fov_sighting {
    fov_face face;  /* in the scene's pixels: as found, less `scene` of its frame */
    uint32_t track; /* whose it is, from 1; FOV_NO_TRACK: nobody's so far */
} fov_sighting;

typedef struct fov_frame {
    double time_s;
    size_t first;    /* of its sightings */
    bool   cut;      /* another scene begins with it */
    float  scene[2]; /* where the scene's first frame's corner is in this one, pixels */
} fov_frame;

typedef struct fov_sightings {
    fov_frame    *frame;
    size_t        frames, frame_capacity;
    fov_sighting *face;
    size_t        faces, face_capacity;
} fov_sightings;

static inline void fov_face_move(fov_face *face, float x, float y)
{
    for (int i = 0; i < 4; i++) face->box[i] += i % 2 ? y : x;
    for (int i = 0; i < 5; i++) {
        face->landmarks[i][0] += x;
        face->landmarks[i][1] += y;
    }
}

static inline size_t fov_sightings_end(const fov_sightings *s, size_t frame)
{
    return frame + 1 < s->frames ? s->frame[frame + 1].first : s->faces;
}

#endif
