// SPDX-License-Identifier: MIT
/* Each coordinate of a track goes through its filter from the first sighting to the last and back. What must be covered is the face
 * as it was found, as it is thought to have been, and how far from there it may have been. */
#include "track/smooth.h"

#include "base/alloc.h"
#include "track/kalman.h"
#include "track/motion.h"

#include <math.h>

enum { PARTS = FOV_BOX_PARTS + 10 };

static const double DEVIATIONS = 2;    /* that a cover grows by                                       */
static const double MOST_GROWN = 0.75; /* of the face's size                                          */
static const double SLOWED_S = 0.25;   /* beyond the first and last sighting a face comes to rest in about so long */

typedef struct course {
    size_t first, last; /* frames of the first and the last sighting */
    size_t start, end;  /* frames that are covered: with those around */
    size_t best;
    size_t sightings, seen_from; /* in the list of sightings by track          */
} course;

typedef struct smoother {
    const fov_sightings       *in;
    const fov_tracker_options *options;
    course                    *course; /* by track, from 0                      */
    size_t                    *seen;   /* sightings, by track and frame         */
    size_t                    *frame;  /* of each of them                       */
    fov_kalman                *state;  /* of one coordinate, for each frame of the longest track */
    fov_tracked_face          *point;  /* the same, of one track                */
    fov_tracks                *out;
} smoother;

/* ---------------------------------------------------------------- whose sightings, and which frames */

static void note(course *c, size_t frame, float score, float *best)
{
    if (!c->sightings++) {
        c->first = frame;
        *best = -1;
    }
    c->last = frame;
    if (score > *best) {
        *best = score;
        c->best = frame;
    }
}

/* Frames before the first sighting and after the last, within the scene. */
static void reach_out(const smoother *s, course *c)
{
    const fov_frame *frame = s->in->frame;
    c->start = c->first;
    c->end = c->last;
    while (c->start > 0 && !frame[c->start].cut && frame[c->first].time_s - frame[c->start - 1].time_s <= s->options->around_s)
        c->start--;
    while (c->end + 1 < s->in->frames && !frame[c->end + 1].cut &&
           frame[c->end + 1].time_s - frame[c->last].time_s <= s->options->around_s)
        c->end++;
}

static fov_status list_sightings(smoother *s, uint32_t tracks, fov_error *err)
{
    float  *best = fov_calloc(tracks, sizeof *best);
    size_t *at = fov_calloc(tracks, sizeof *at), sum = 0, longest = 0;
    s->course = fov_calloc(tracks, sizeof *s->course);
    s->seen = fov_alloc_array(s->in->faces, sizeof *s->seen);
    s->frame = fov_alloc_array(s->in->faces, sizeof *s->frame);
    const bool there = best && at && s->course && s->seen && s->frame;
    for (int pass = 0; pass < 2 && there; pass++) {
        for (size_t frame = 0; frame < s->in->frames; frame++)
            for (size_t i = s->in->frame[frame].first; i < fov_sightings_end(s->in, frame); i++) {
                const uint32_t track = s->in->face[i].track;
                if (track == FOV_NO_TRACK) continue;
                if (pass) s->seen[at[track - 1]] = i, s->frame[at[track - 1]++] = frame;
                else note(&s->course[track - 1], frame, s->in->face[i].face.score, &best[track - 1]);
            }
        for (uint32_t t = 0; t < tracks && !pass; sum += s->course[t++].sightings) s->course[t].seen_from = at[t] = sum;
    }
    for (uint32_t t = 0; t < tracks && there; t++) {
        reach_out(s, &s->course[t]);
        const size_t length = s->course[t].end - s->course[t].start + 1;
        if (length > longest) longest = length;
    }
    fov_free(best);
    fov_free(at);
    s->state = there ? fov_alloc_array(longest, sizeof *s->state) : NULL;
    s->point = there ? fov_alloc_array(longest, sizeof *s->point) : NULL;
    return s->state && s->point ? FOV_OK : fov_fail_memory(err, "tracks");
}

/* ---------------------------------------------------------------- one coordinate */

static double part_of(const fov_face *face, int part)
{
    double parts[FOV_BOX_PARTS];
    fov_box_parts(face->box, parts);
    return part < FOV_BOX_PARTS ? parts[part] : (double)face->landmarks[(part - FOV_BOX_PARTS) / 2][(part - FOV_BOX_PARTS) % 2];
}

static double seconds(const smoother *s, size_t from, size_t to)
{
    return s->in->frame[to].time_s - s->in->frame[from].time_s;
}

/* state[i] of frame c->first + i */
static void filter(const smoother *s, const course *c, int part)
{
    fov_motion m = {0};
    for (size_t i = 0, seen = 0; c->first + i <= c->last; i++) {
        const size_t frame = c->first + i, index = c->seen_from + seen;
        const bool   found = seen < c->sightings && s->frame[index] == frame;
        if (found) m = fov_box_motion(part, s->in->face[s->seen[index]].face.box, s->in->face[s->seen[index]].face.score);
        if (i) s->state[i] = fov_kalman_predict(&s->state[i - 1], seconds(s, frame - 1, frame), &m);
        if (!found) continue;
        const double measured = part_of(&s->in->face[s->seen[index]].face, part);
        s->state[i] = i ? fov_kalman_update(&s->state[i], measured, &m) : fov_kalman_first(measured, &m);
        seen++;
    }
    for (size_t i = c->last - c->first; i-- > 0;)
        s->state[i] = fov_kalman_smooth(&s->state[i], &s->state[i + 1], seconds(s, c->first + i, c->first + i + 1), &m);
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

static void do_part(const smoother *s, const course *c, int part)
{
    filter(s, c, part);
    const size_t     length = c->last - c->first;
    const fov_motion m = fov_box_motion(part, s->in->face[s->seen[c->seen_from]].face.box, 1);
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

static void unite(float cover[4], const float box[4])
{
    for (int i = 0; i < 2; i++) {
        cover[i] = fminf(cover[i], box[i]);
        cover[2 + i] = fmaxf(cover[2 + i], box[2 + i]);
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

static void add_found(const smoother *s, const course *c)
{
    for (size_t i = 0; i < c->sightings; i++) {
        const fov_face   *face = &s->in->face[s->seen[c->seen_from + i]].face;
        fov_tracked_face *p = &s->point[s->frame[c->seen_from + i] - c->start];
        p->found = true;
        p->face.score = face->score;
        unite(p->cover, face->box);
    }
}

/* Before the first and after the last sighting it may move on as well as stay. */
static void add_around(const smoother *s, const course *c)
{
    for (size_t frame = c->start; frame <= c->end; frame++) {
        fov_tracked_face *p = &s->point[frame - c->start];
        p->around = frame < c->first || frame > c->last;
        if (p->around) unite(p->cover, s->point[(frame < c->first ? c->first : c->last) - c->start].cover);
    }
}

/* From places of the scene back to those of the frame. */
static void back_to_frames(const smoother *s, const course *c)
{
    for (size_t frame = c->start; frame <= c->end; frame++) {
        fov_tracked_face *p = &s->point[frame - c->start];
        const float      *scene = s->in->frame[frame].scene;
        fov_face_move(&p->face, scene[0], scene[1]);
        for (int i = 0; i < 4; i++) p->cover[i] += scene[i % 2];
    }
}

static void do_track(const smoother *s, uint32_t track)
{
    const course *c = &s->course[track];
    for (size_t frame = c->start; frame <= c->end; frame++)
        s->point[frame - c->start] = (fov_tracked_face){.track = (size_t)track + 1};
    for (int part = 0; part < PARTS; part++) do_part(s, c, part);
    for (size_t frame = c->start; frame <= c->end; frame++) shape(&s->point[frame - c->start]);
    add_found(s, c);
    add_around(s, c);
    back_to_frames(s, c);
    s->out->track[track] = (fov_track){
        .number = (size_t)track + 1, .first = c->start, .last = c->end, .found = c->sightings, .best = c->best, .hide = true};
}

/* ---------------------------------------------------------------- all of them */

static fov_status fill(smoother *s, uint32_t tracks, fov_error *err)
{
    fov_tracks *out = s->out;
    size_t     *filled = fov_calloc(s->in->frames, sizeof *filled);
    if (!filled) return fov_fail_memory(err, "tracks");
    for (size_t i = 0; i < s->in->frames; i++) out->time_s[i] = s->in->frame[i].time_s;
    for (uint32_t t = 0; t < tracks; t++)
        for (size_t frame = s->course[t].start; frame <= s->course[t].end; frame++) out->first[frame + 1]++;
    fov_status st = fov_tracks_make_room(out, err);
    for (uint32_t t = 0; t < tracks && !st; t++) {
        do_track(s, t);
        for (size_t frame = s->course[t].start; frame <= s->course[t].end; frame++)
            out->face[out->first[frame] + filled[frame]++] = s->point[frame - s->course[t].start];
    }
    fov_free(filled);
    return st;
}

fov_status fov_tracks_smooth(const fov_sightings *in, uint32_t tracks, const fov_tracker_options *options, fov_tracks **out,
                             fov_error *err)
{
    smoother   s = {.in = in, .options = options};
    fov_status st = fov_tracks_new(in->frames, tracks, &s.out, err);
    if (!st) st = list_sightings(&s, tracks, err);
    if (!st) st = fill(&s, tracks, err);
    fov_free(s.course);
    fov_free(s.seen);
    fov_free(s.frame);
    fov_free(s.state);
    fov_free(s.point);
    if (st) fov_tracks_free(s.out);
    *out = st ? NULL : s.out;
    return st;
}
