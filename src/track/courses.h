// SPDX-License-Identifier: MIT
/* The sightings of each track, in the order of frames, and the frames that it is covered in. */
#ifndef FOVEA_TRACK_COURSES_H
#define FOVEA_TRACK_COURSES_H

#include "track/sightings.h"

typedef struct fov_course {
    size_t first, last; /* frames of the first and the last sighting */
    size_t start, end;  /* frames that are covered: with those around */
    size_t best;        /* frame in which it scored most             */
    size_t sightings, seen_from;
} fov_course;

typedef struct fov_courses {
    const fov_sightings *in;
    fov_course          *course;  /* by track, from 0                     */
    size_t              *seen;    /* sightings, by track and frame: those of a course from `seen_from` on */
    size_t              *frame;   /* of each of them                      */
    size_t               longest; /* frames that a track is covered in    */
} fov_courses;

/** To be cleared in either case. */
fov_status fov_courses_list(const fov_sightings *in, uint32_t tracks, const fov_tracker_options *options, fov_courses *out,
                            fov_error *err);
void       fov_courses_clear(fov_courses *courses);

static inline const fov_sighting *fov_course_sighting(const fov_courses *s, const fov_course *c, size_t i)
{
    return &s->in->face[s->seen[c->seen_from + i]];
}

static inline size_t fov_course_frame(const fov_courses *s, const fov_course *c, size_t i)
{
    return s->frame[c->seen_from + i];
}

#endif
