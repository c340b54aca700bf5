// SPDX-License-Identifier: MIT
#include "track/courses.h"

#include "base/alloc.h"

#include <math.h>

static void note(fov_course *c, size_t frame, float score, float *best)
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

/* The frame at which a scene ends in this direction, or that lies `longest_s` away from `from`. */
static size_t reach(const fov_sightings *in, size_t from, bool back, double longest_s, bool *to_end)
{
    const fov_frame *frame = in->frame;
    size_t           at = from;
    for (;;) {
        *to_end = back ? at == 0 || frame[at].cut : at + 1 == in->frames || frame[at + 1].cut;
        const size_t next = back ? at - 1 : at + 1;
        if (*to_end || fabs(frame[next].time_s - frame[from].time_s) > longest_s) return at;
        at = next;
    }
}

/* A gap at which a scene begins or ends has no other side to be bridged to: if it is no longer than those that are, it is covered
 * to the end. */
static size_t reach_out(const fov_sightings *in, size_t from, bool back, const fov_tracker_options *options)
{
    bool         to_end;
    const size_t around = reach(in, from, back, options->around_s, &to_end);
    const size_t bridged = options->around_s > 0 ? reach(in, from, back, options->bridge_s, &to_end) : around;
    return to_end ? bridged : around;
}

static void list(fov_courses *s, uint32_t tracks, float *best, size_t *at)
{
    size_t sum = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t frame = 0; frame < s->in->frames; frame++)
            for (size_t i = s->in->frame[frame].first; i < fov_sightings_end(s->in, frame); i++) {
                const uint32_t track = s->in->face[i].track;
                if (track == FOV_NO_TRACK) continue;
                if (pass) s->seen[at[track - 1]] = i, s->frame[at[track - 1]++] = frame;
                else note(&s->course[track - 1], frame, s->in->face[i].face.score, &best[track - 1]);
            }
        for (uint32_t t = 0; t < tracks && !pass; sum += s->course[t++].sightings) s->course[t].seen_from = at[t] = sum;
    }
}

fov_status fov_courses_list(const fov_sightings *in, uint32_t tracks, const fov_tracker_options *options, fov_courses *out,
                            fov_error *err)
{
    float  *best = fov_calloc(tracks, sizeof *best);
    size_t *at = fov_calloc(tracks, sizeof *at);
    *out = (fov_courses){.in = in,
                         .course = fov_calloc(tracks, sizeof *out->course),
                         .seen = fov_alloc_array(in->faces, sizeof *out->seen),
                         .frame = fov_alloc_array(in->faces, sizeof *out->frame)};
    const bool there = best && at && out->course && out->seen && out->frame;
    if (there) list(out, tracks, best, at);
    for (uint32_t t = 0; t < tracks && there; t++) {
        fov_course *c = &out->course[t];
        c->start = reach_out(in, c->first, true, options);
        c->end = reach_out(in, c->last, false, options);
        if (c->end - c->start + 1 > out->longest) out->longest = c->end - c->start + 1;
    }
    fov_free(best);
    fov_free(at);
    return there ? FOV_OK : fov_fail_memory(err, "tracks");
}

void fov_courses_clear(fov_courses *s)
{
    fov_free(s->course);
    fov_free(s->seen);
    fov_free(s->frame);
}
