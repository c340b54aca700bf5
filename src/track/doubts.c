// SPDX-License-Identifier: MIT
/* Two walks along a track, one from either end. Each carries a guess of where the face is by what it saw so far. */
#include "track/cover.h"
#include "track/moving_box.h"

static const double LEAP = 3;        /* deviations of what is expected                              */
static const double DOUBTED_S = 0.8; /* after which what is seen is believed, however far it is     */
static const double MOST_AWAY = 1;   /* of the face's size: farther from what is seen it is not sought */

typedef struct guess {
    fov_moving_box box;
    double         allowed[FOV_BOX_PARTS]; /* squares of how far a sighting may be off, as it was when one first leapt */
    double         doubted_s;              /* since then; 0: none did */
} guess;

/* Once in doubt, it does not become less strict with time. */
static bool leaps(guess *g, const fov_face *face)
{
    double parts[FOV_BOX_PARTS];
    bool   leapt = false;
    fov_box_parts(face->box, parts);
    for (int i = 0; i < FOV_BOX_PARTS; i++) {
        const double measured = fov_box_motion(i, face->box, face->score).measured, wrong = parts[i] - g->box.part[i].x;
        if (g->doubted_s <= 0) g->allowed[i] = LEAP * LEAP * (g->box.part[i].xx + measured);
        leapt = leapt || wrong * wrong > g->allowed[i];
    }
    return leapt;
}

static void see(guess *g, const fov_face *face, double dt)
{
    const bool doubted = leaps(g, face) && g->doubted_s <= DOUBTED_S;
    if (doubted) {
        g->doubted_s += dt;
        return;
    }
    if (g->doubted_s > DOUBTED_S) fov_moving_box_begin(&g->box, face);
    else fov_moving_box_see(&g->box, face);
    g->doubted_s = 0;
}

/* Where it is thought to be; where it was seen elsewhere, within reach of that. */
static void cover(const guess *g, fov_tracked_face *p)
{
    const float most = p->found ? (float)(MOST_AWAY * fov_box_size(p->face.box)) : INFINITY;
    float       box[4];
    fov_moving_box_get(&g->box, box);
    for (int i = 0; i < 4; i++) box[i] = fmaxf(p->face.box[i] - most, fminf(p->face.box[i] + most, box[i]));
    fov_cover_add(p->cover, box);
}

/* Frames after `from`, in which it was not seen, and `to`, if that is in doubt. In a long gap it comes to rest. */
static void cover_between(const fov_courses *s, const fov_course *c, guess g, size_t from, size_t to, bool doubted,
                          fov_tracked_face *point)
{
    const fov_frame *frame = s->in->frame;
    for (size_t at = from; at != to;) {
        const size_t next = from < to ? at + 1 : at - 1;
        if (next == to && !doubted) break;
        if (fabs(frame[next].time_s - frame[from].time_s) <= DOUBTED_S)
            fov_moving_box_go(&g.box, fabs(frame[next].time_s - frame[at].time_s));
        cover(&g, &point[next - c->start]);
        at = next;
    }
}

static void walk(const fov_courses *s, const fov_course *c, bool back, fov_tracked_face *point)
{
    const size_t first = back ? c->sightings - 1 : 0;
    size_t       before = fov_course_frame(s, c, first);
    guess        g = {.doubted_s = 0};
    fov_moving_box_begin(&g.box, &fov_course_sighting(s, c, first)->face);
    for (size_t i = 1; i < c->sightings; i++) {
        const size_t index = back ? first - i : i, at = fov_course_frame(s, c, index);
        const double dt = fabs(s->in->frame[at].time_s - s->in->frame[before].time_s);
        const guess  last = g;
        fov_moving_box_go(&g.box, dt);
        see(&g, &fov_course_sighting(s, c, index)->face, dt);
        cover_between(s, c, last, before, at, g.doubted_s > 0, point);
        before = at;
    }
}

void fov_cover_doubts(const fov_courses *s, const fov_course *c, fov_tracked_face *point)
{
    walk(s, c, false, point);
    walk(s, c, true, point);
}
