// SPDX-License-Identifier: MIT
/* Each coordinate of a track goes through its filter from the first sighting to the last and back. What must be covered is the face
 * as it was found, as it is thought to have been, and how far from there it may have been. */
#include "track/smooth.h"

#include "base/alloc.h"
#include "track/cover.h"
#include "track/kalman.h"
#include "track/motion.h"

#include <math.h>

enum { PARTS = FOV_BOX_PARTS + 10 };

static const double DEVIATIONS = 2;    /* that a cover grows by                                       */
static const double MOST_GROWN = 0.75; /* of the face's size                                          */
static const double SLOWED_S = 0.25;   /* beyond the first and last sighting a face comes to rest in about so long */
static const double MOVES_ON_S = 0.5;  /* or goes on for so long                                      */

typedef struct smoother {
    fov_courses       courses;
    fov_kalman       *state;       /* of one coordinate, for each frame of the longest track */
    double           *restless;    /* as the filter had it on its way to each of them: the smoother must have the same */
    fov_tracked_face *point;       /* the same, of one track                                 */
    double            speed[2][2]; /* of its middle, x and y, at the first sighting and at the last: px/s */
    fov_tracks       *out;
    size_t            before; /* tracks that were numbered already */
} smoother;

/* ---------------------------------------------------------------- one coordinate */

static double part_of(const fov_face *face, int part)
{
    double parts[FOV_BOX_PARTS];
    fov_box_parts(face->box, parts);
    return part < FOV_BOX_PARTS ? parts[part] : (double)face->landmarks[(part - FOV_BOX_PARTS) / 2][(part - FOV_BOX_PARTS) % 2];
}

static double seconds(const smoother *s, size_t from, size_t to)
{
    return s->courses.in->frame[to].time_s - s->courses.in->frame[from].time_s;
}

/* state[i] of frame c->first + i */
static void filter(const smoother *s, const fov_course *c, int part)
{
    fov_motion m = {0};
    for (size_t i = 0, seen = 0; c->first + i <= c->last; i++) {
        const size_t    frame = c->first + i;
        const bool      found = seen < c->sightings && fov_course_frame(&s->courses, c, seen) == frame;
        const fov_face *face = found ? &fov_course_sighting(&s->courses, c, seen)->face : NULL;
        if (found) m = fov_box_motion(part, face->box, face->score);
        if (i) s->state[i] = fov_kalman_predict(&s->state[i - 1], seconds(s, frame - 1, frame), &m);
        s->restless[i] = m.restless;
        if (!found) continue;
        const double measured = part_of(face, part);
        s->state[i] = i ? fov_kalman_update(&s->state[i], measured, &m) : fov_kalman_first(measured, &m);
        seen++;
    }
    for (size_t i = c->last - c->first; i-- > 0;) {
        m.restless = s->restless[i + 1];
        s->state[i] = fov_kalman_smooth(&s->state[i], &s->state[i + 1], seconds(s, c->first + i, c->first + i + 1), &m);
    }
}

/* Where it is at a frame beyond an end of the track, slowing down. @param out variance of the place */
static double beyond(const fov_kalman *end, double dt, double restless, double *variance)
{
    const double moved = SLOWED_S * (1 - exp(-fabs(dt) / SLOWED_S));
    *variance = end->xx + moved * moved * end->vv + restless * fabs(dt * dt * dt) / 3;
    return end->x + (dt < 0 ? -moved : moved) * end->v;
}

/* ---------------------------------------------------------------- one track */

static void set_part(fov_tracked_face *p, int part, double value)
{
    if (part >= FOV_BOX_PARTS) p->face.landmarks[(part - FOV_BOX_PARTS) / 2][(part - FOV_BOX_PARTS) % 2] = (float)value;
    else if (part < 2) p->face.box[part] = (float)value; /* the middle, until shape() */
    else p->face.box[part] = (float)fmax(value, 1);
}

static void grow_cover(fov_tracked_face *p, int part, double variance)
{
    if (part >= FOV_BOX_PARTS) return;
    const double share = part < 2 ? 1 : 0.5; /* a side moves by half of what the width is wrong */
    p->cover[part % 2] += (float)(DEVIATIONS * share * sqrt(fmax(0, variance)));
}

static void do_part(smoother *s, const fov_course *c, int part)
{
    filter(s, c, part);
    const size_t length = c->last - c->first;
    if (part < 2) s->speed[0][part] = s->state[0].v, s->speed[1][part] = s->state[length].v;
    const fov_motion m = fov_box_motion(part, fov_course_sighting(&s->courses, c, 0)->face.box, 1);
    for (size_t frame = c->start; frame <= c->end; frame++) {
        fov_tracked_face *p = &s->point[frame - c->start];
        double            variance, value;
        if (frame < c->first) value = beyond(&s->state[0], seconds(s, c->first, frame), m.restless, &variance);
        else if (frame > c->last) value = beyond(&s->state[length], seconds(s, c->last, frame), m.restless, &variance);
        else value = s->state[frame - c->first].x, variance = s->state[frame - c->first].xx;
        set_part(p, part, value);
        grow_cover(p, part, variance);
    }
}

/* From middle and sides to a box, and from what it is unsure by to what must be covered. */
static void shape(fov_tracked_face *p)
{
    const float x = p->face.box[0], y = p->face.box[1], half_w = p->face.box[2] / 2, half_h = p->face.box[3] / 2;
    const float most = (float)MOST_GROWN * 2 * fmaxf(half_w, half_h);
    const float grown_x = fminf(p->cover[0], most), grown_y = fminf(p->cover[1], most);
    const float box[4] = {x - half_w, y - half_h, x + half_w, y + half_h};
    for (int i = 0; i < 4; i++) {
        p->face.box[i] = box[i];
        p->cover[i] = box[i] + (i % 2 ? grown_y : grown_x) * (i < 2 ? -1 : 1);
    }
}

static void add_found(const smoother *s, const fov_course *c)
{
    for (size_t i = 0; i < c->sightings; i++) {
        const fov_face   *face = &fov_course_sighting(&s->courses, c, i)->face;
        fov_tracked_face *p = &s->point[fov_course_frame(&s->courses, c, i) - c->start];
        p->found = true;
        p->face.score = face->score;
        fov_cover_add(p->cover, face->box);
    }
}

/* Before the first and after the last sighting it may stay, or move on as fast as ever for a while. */
static void add_around(const smoother *s, const fov_course *c)
{
    for (size_t frame = c->start; frame <= c->end; frame++) {
        fov_tracked_face *p = &s->point[frame - c->start];
        p->around = frame < c->first || frame > c->last;
        if (!p->around) continue;
        const bool   after = frame > c->last;
        const size_t end = after ? c->last : c->first;
        const float *stays = s->point[end - c->start].cover;
        const double away = fmax(-MOVES_ON_S, fmin(MOVES_ON_S, seconds(s, end, frame)));
        float        moves_on[4];
        for (int i = 0; i < 4; i++) moves_on[i] = stays[i] + (float)(s->speed[after][i % 2] * away);
        fov_cover_add(p->cover, stays);
        fov_cover_add(p->cover, moves_on);
    }
}

/* From places of the scene back to those of the frame. */
static void back_to_frames(const smoother *s, const fov_course *c)
{
    for (size_t frame = c->start; frame <= c->end; frame++) {
        fov_tracked_face *p = &s->point[frame - c->start];
        const float      *scene = s->courses.in->frame[frame].scene;
        fov_face_move(&p->face, scene[0], scene[1]);
        for (int i = 0; i < 4; i++) p->cover[i] += scene[i % 2];
    }
}

static void do_track(smoother *s, uint32_t track)
{
    const fov_course *c = &s->courses.course[track];
    const size_t      number = s->before + track + 1;
    for (size_t frame = c->start; frame <= c->end; frame++) s->point[frame - c->start] = (fov_tracked_face){.track = number};
    for (int part = 0; part < PARTS; part++) do_part(s, c, part);
    for (size_t frame = c->start; frame <= c->end; frame++) shape(&s->point[frame - c->start]);
    add_found(s, c);
    fov_cover_doubts(&s->courses, c, s->point);
    add_around(s, c);
    back_to_frames(s, c);
    s->out->track[track] =
        (fov_track){.number = number, .first = c->start, .last = c->end, .found = c->sightings, .best = c->best, .hide = true};
}

/* ---------------------------------------------------------------- all of them */

static fov_status fill(smoother *s, uint32_t tracks, fov_error *err)
{
    const fov_sightings *in = s->courses.in;
    const fov_course    *course = s->courses.course;
    fov_tracks          *out = s->out;
    size_t              *filled = fov_calloc(in->frames, sizeof *filled);
    if (!filled) return fov_fail_memory(err, "tracks");
    for (size_t i = 0; i < in->frames; i++) out->time_s[i] = in->frame[i].time_s;
    for (uint32_t t = 0; t < tracks; t++)
        for (size_t frame = course[t].start; frame <= course[t].end; frame++) out->first[frame + 1]++;
    fov_status st = fov_tracks_make_room(out, err);
    for (uint32_t t = 0; t < tracks && !st; t++) {
        do_track(s, t);
        for (size_t frame = course[t].start; frame <= course[t].end; frame++)
            out->face[out->first[frame] + filled[frame]++] = s->point[frame - course[t].start];
    }
    fov_free(filled);
    return st;
}

static fov_status make_room(smoother *s, fov_error *err)
{
    s->state = fov_alloc_array(s->courses.longest, sizeof *s->state);
    s->restless = fov_alloc_array(s->courses.longest, sizeof *s->restless);
    s->point = fov_alloc_array(s->courses.longest, sizeof *s->point);
    return s->state && s->restless && s->point ? FOV_OK : fov_fail_memory(err, "tracks");
}

fov_status fov_tracks_smooth(const fov_sightings *in, uint32_t tracks, size_t before, const fov_tracker_options *options,
                             fov_tracks **out, fov_error *err)
{
    smoother   s = {.before = before};
    fov_status st = fov_tracks_new(in->frames, tracks, &s.out, err);
    if (!st) st = fov_courses_list(in, tracks, options, &s.courses, err);
    if (!st) st = make_room(&s, err);
    if (!st) st = fill(&s, tracks, err);
    fov_courses_clear(&s.courses);
    fov_free(s.state);
    fov_free(s.restless);
    fov_free(s.point);
    if (st) fov_tracks_free(s.out);
    *out = st ? NULL : s.out;
    return st;
}
