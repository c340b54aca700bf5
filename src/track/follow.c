// SPDX-License-Identifier: MIT
/* Predicted boxes are compared with found ones, and the pairs that overlap most belong together. Boxes are grown before that, the
 * more the longer a face was missing: small faces that move fast would not overlap otherwise. */
#include "track/follow.h"

#include "base/alloc.h"
#include "track/moving_box.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A wrong match takes the cover away from one face; a missed one only begins a second track. So it must be about where it is
 * expected, and an unsure face even more so. */
static const double LEAST_OVERLAP = 0.4, LEAST_UNSURE = 0.5;
static const double GROWN = 0.2, MOST_GROWN = 1.2; /* of a box's sides; between them, the deviation of where it is */

typedef struct target {
    uint32_t       track;
    fov_moving_box box;
    double         time_s, seen_s; /* of the box, of the last sighting */
    bool           matched;        /* in this frame */
} target;

typedef struct pair {
    double overlap;
    size_t target, sighting;
} pair;

typedef struct follower {
    fov_sightings             *in;
    const fov_tracker_options *options;
    target                    *target;
    size_t                     targets, target_capacity;
    pair                      *pair;
    size_t                     pairs, pair_capacity;
    uint32_t                   tracks;
    uint32_t                  *same_as; /* backwards: the track that it was joined to, or itself */
    uint32_t                  *starts;  /* backwards: frame of a track's first sighting, with those joined to it */
    uint32_t                  *ends;    /* backwards: frame of a track's last sighting           */
    fov_error                 *err;
} follower;

/* ---------------------------------------------------------------- boxes */

static double overlap_of_grown(const double a[FOV_BOX_PARTS], const double b[FOV_BOX_PARTS], double grown)
{
    double shared = 1, sum = 0, size_a = 1, size_b = 1;
    for (int i = 0; i < 2; i++) {
        const double half_a = a[2 + i] * (0.5 + grown), half_b = b[2 + i] * (0.5 + grown);
        shared *= fmax(0, fmin(a[i] + half_a, b[i] + half_b) - fmax(a[i] - half_a, b[i] - half_b));
        size_a *= 2 * half_a;
        size_b *= 2 * half_b;
    }
    sum = size_a + size_b - shared;
    return sum > 0 ? shared / sum : 0;
}

/* An unsure face is no witness of where a face went meanwhile. */
static double overlap(const target *t, const fov_sighting *s, bool sure)
{
    double predicted[FOV_BOX_PARTS], found[FOV_BOX_PARTS];
    for (int i = 0; i < FOV_BOX_PARTS; i++) predicted[i] = t->box.part[i].x;
    for (int i = 2; i < FOV_BOX_PARTS; i++) predicted[i] = fmax(predicted[i], 1);
    fov_box_parts(s->face.box, found);
    const double off = sqrt(fmax(t->box.part[0].xx, t->box.part[1].xx)) / fmax(predicted[2], predicted[3]);
    return overlap_of_grown(predicted, found, sure ? fmin(GROWN + off, MOST_GROWN) : GROWN);
}

/* ---------------------------------------------------------------- targets */

static bool grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity) return true;
    const size_t more = *capacity ? *capacity * 2 : 64;
    void        *larger = fov_realloc_array(*array, more, size);
    if (!larger) return false;
    *array = larger;
    *capacity = more;
    return true;
}

static void see(target *t, fov_sighting *s)
{
    fov_moving_box_see(&t->box, &s->face);
    t->seen_s = t->time_s;
    t->matched = true;
    s->track = t->track;
}

static fov_status begin(follower *f, fov_sighting *s, double time_s, uint32_t track)
{
    if (!grow((void **)&f->target, &f->target_capacity, f->targets, sizeof *f->target))
        return fov_fail_memory(f->err, "faces to follow");
    target *t = &f->target[f->targets++];
    *t = (target){.track = track, .time_s = time_s, .seen_s = time_s, .matched = true};
    fov_moving_box_begin(&t->box, &s->face);
    s->track = track;
    return FOV_OK;
}

/* Move all to a frame's time, which backwards lies before theirs; those that were missing too long are given up. */
static void move(follower *f, double time_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->targets; i++) {
        target *t = &f->target[i];
        if (fabs(time_s - t->seen_s) > f->options->bridge_s) continue;
        fov_moving_box_go(&t->box, time_s - t->time_s);
        t->time_s = time_s;
        t->matched = false;
        f->target[kept++] = *t;
    }
    f->targets = kept;
}

/* ---------------------------------------------------------------- pairs */

static int by_overlap(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->overlap < y->overlap || x->overlap > y->overlap) return x->overlap > y->overlap ? -1 : 1;
    if (x->sighting != y->sighting) return x->sighting < y->sighting ? -1 : 1;
    return (x->target > y->target) - (x->target < y->target);
}

static bool is_sure(const follower *f, size_t sighting)
{
    return f->in->face[sighting].face.score > f->options->start_score;
}

static fov_status add_pairs(follower *f, size_t sighting)
{
    const bool sure = is_sure(f, sighting);
    for (size_t i = 0; i < f->targets; i++) {
        if (f->target[i].matched) continue;
        const double o = overlap(&f->target[i], &f->in->face[sighting], sure);
        if (o < (sure ? LEAST_OVERLAP : LEAST_UNSURE)) continue;
        if (!grow((void **)&f->pair, &f->pair_capacity, f->pairs, sizeof *f->pair))
            return fov_fail_memory(f->err, "faces to follow");
        f->pair[f->pairs++] = (pair){o, i, sighting};
    }
    return FOV_OK;
}

static void sort_pairs(follower *f)
{
    if (f->pairs) qsort(f->pair, f->pairs, sizeof *f->pair, by_overlap);
}

/* ---------------------------------------------------------------- forwards */

/* Nobody's faces that are sure, or those that are not, go to the targets that they overlap most. */
static fov_status match(follower *f, size_t frame, bool sure)
{
    fov_status st = FOV_OK;
    f->pairs = 0;
    for (size_t i = f->in->frame[frame].first; i < fov_sightings_end(f->in, frame) && !st; i++)
        if (is_sure(f, i) == sure && f->in->face[i].track == FOV_NO_TRACK) st = add_pairs(f, i);
    sort_pairs(f);
    for (size_t i = 0; i < f->pairs && !st; i++) {
        target       *t = &f->target[f->pair[i].target];
        fov_sighting *s = &f->in->face[f->pair[i].sighting];
        if (!t->matched && s->track == FOV_NO_TRACK) see(t, s);
    }
    return st;
}

static fov_status forwards(follower *f)
{
    fov_status st = FOV_OK;
    for (size_t frame = 0; frame < f->in->frames && !st; frame++) {
        const double time_s = f->in->frame[frame].time_s;
        if (f->in->frame[frame].cut) f->targets = 0;
        move(f, time_s);
        st = match(f, frame, true);
        if (!st) st = match(f, frame, false);
        for (size_t i = f->in->frame[frame].first; i < fov_sightings_end(f->in, frame) && !st; i++)
            if (f->in->face[i].track == FOV_NO_TRACK && is_sure(f, i)) st = begin(f, &f->in->face[i], time_s, ++f->tracks);
    }
    return st;
}

/* ---------------------------------------------------------------- backwards */

static uint32_t found_as(follower *f, uint32_t track)
{
    while (f->same_as[track] != track) track = f->same_as[track];
    return track;
}

static target *target_of(follower *f, uint32_t track)
{
    for (size_t i = 0; i < f->targets; i++)
        if (f->target[i].track == track) return &f->target[i];
    return NULL;
}

/* A face that is some track's already, and not that track's last. */
static fov_status go_on(follower *f, size_t frame)
{
    fov_status st = FOV_OK;
    for (size_t i = f->in->frame[frame].first; i < fov_sightings_end(f->in, frame) && !st; i++) {
        fov_sighting *s = &f->in->face[i];
        if (s->track == FOV_NO_TRACK || f->ends[s->track] == frame) continue;
        target *t = target_of(f, found_as(f, s->track));
        if (t) see(t, s);
        else st = begin(f, s, f->in->frame[frame].time_s, found_as(f, s->track)); /* missing for longer than is bridged */
    }
    return st;
}

/* A track that was seen elsewhere in the same frames, or before, is somebody else. */
static bool may_join(const follower *f, uint32_t track, uint32_t later, size_t frame)
{
    return f->same_as[track] == track && f->ends[track] == frame && f->starts[later] > frame;
}

/* Nobody's face, and the last of a track that a later one may go on with. */
static fov_status reach_back(follower *f, size_t frame)
{
    fov_status st = FOV_OK;
    f->pairs = 0;
    for (size_t i = f->in->frame[frame].first; i < fov_sightings_end(f->in, frame) && !st; i++)
        if (f->in->face[i].track == FOV_NO_TRACK || f->ends[f->in->face[i].track] == frame) st = add_pairs(f, i);
    sort_pairs(f);
    for (size_t i = 0; i < f->pairs && !st; i++) {
        target        *t = &f->target[f->pair[i].target];
        fov_sighting  *s = &f->in->face[f->pair[i].sighting];
        const uint32_t track = s->track;
        if (t->matched || (track != FOV_NO_TRACK && !may_join(f, track, t->track, frame))) continue;
        if (track != FOV_NO_TRACK) {
            f->same_as[track] = t->track;
            f->starts[t->track] = f->starts[track];
            f->ends[track] = UINT32_MAX;
        }
        see(t, s);
    }
    for (size_t i = f->in->frame[frame].first; i < fov_sightings_end(f->in, frame) && !st; i++) {
        fov_sighting *s = &f->in->face[i];
        if (s->track != FOV_NO_TRACK && f->ends[s->track] == frame) st = begin(f, s, f->in->frame[frame].time_s, s->track);
    }
    return st;
}

static fov_status backwards(follower *f)
{
    fov_status st = FOV_OK;
    f->same_as = fov_alloc_array((size_t)f->tracks + 1, sizeof *f->same_as);
    f->starts = fov_calloc((size_t)f->tracks + 1, sizeof *f->starts);
    f->ends = fov_calloc((size_t)f->tracks + 1, sizeof *f->ends);
    if (!f->same_as || !f->starts || !f->ends) return fov_fail_memory(f->err, "faces to follow");
    for (uint32_t i = 0; i <= f->tracks; i++) f->same_as[i] = i;
    for (size_t frame = 0; frame < f->in->frames; frame++)
        for (size_t i = f->in->frame[frame].first; i < fov_sightings_end(f->in, frame); i++)
            f->ends[f->in->face[i].track] = (uint32_t)frame;
    for (size_t frame = f->in->frames; frame-- > 0;)
        for (size_t i = f->in->frame[frame].first; i < fov_sightings_end(f->in, frame); i++)
            f->starts[f->in->face[i].track] = (uint32_t)frame;
    f->targets = 0;
    for (size_t frame = f->in->frames; frame-- > 0 && !st;) {
        move(f, f->in->frame[frame].time_s);
        st = go_on(f, frame);
        if (!st) st = reach_back(f, frame);
        if (f->in->frame[frame].cut) f->targets = 0;
    }
    return st;
}

/* ---------------------------------------------------------------- numbers */

static void number(follower *f)
{
    uint32_t *numbers = f->ends, count = 0;
    memset(numbers, 0, ((size_t)f->tracks + 1) * sizeof *numbers);
    for (size_t i = 0; i < f->in->faces; i++) {
        const uint32_t track = f->in->face[i].track;
        if (track == FOV_NO_TRACK) continue;
        uint32_t *n = &numbers[found_as(f, track)];
        if (!*n) *n = ++count;
        f->in->face[i].track = *n;
    }
    f->tracks = count;
}

fov_status fov_follow(fov_sightings *sightings, const fov_tracker_options *options, uint32_t *tracks, fov_error *err)
{
    follower   f = {.in = sightings, .options = options, .err = err};
    fov_status st = forwards(&f);
    if (!st) st = backwards(&f);
    if (!st) number(&f);
    *tracks = f.tracks;
    fov_free(f.target);
    fov_free(f.pair);
    fov_free(f.same_as);
    fov_free(f.starts);
    fov_free(f.ends);
    return st;
}
