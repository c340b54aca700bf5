// SPDX-License-Identifier: MIT
/* Takes down what was found in every frame; all thinking is done at the end, when both sides of a frame are known. */
#include "base/alloc.h"
#include "track/camera.h"
#include "track/cut.h"
#include "track/follow.h"
#include "track/sightings.h"
#include "track/smooth.h"

#include <math.h>
#include <string.h>

struct fov_tracker {
    fov_tracker_options options;
    fov_sightings       in;
    size_t              forgotten, numbered; /* frames and tracks of scenes that were taken */
    fov_cut_view        view;                /* of the last frame that could be looked at */
    fov_camera_view     camera;
    bool                viewed;
};

fov_tracker_options fov_tracker_options_default(void)
{
    return (fov_tracker_options){.start_score = 0.5F, .bridge_s = 2, .around_s = 0.5};
}

fov_status fov_tracker_new(const fov_tracker_options *options, fov_tracker **tracker, fov_error *err)
{
    const fov_tracker_options o = options ? *options : fov_tracker_options_default();
    *tracker = NULL;
    if (!(o.start_score >= 0 && o.start_score <= 1) || !(o.bridge_s >= 0 && o.bridge_s <= 3600) ||
        !(o.around_s >= 0 && o.around_s <= 3600))
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "a tracker with start_score %g, bridge_s %g, around_s %g: must be 0 to 1, and 0 to 3600 seconds",
                        (double)o.start_score, o.bridge_s, o.around_s);
    *tracker = fov_calloc(1, sizeof **tracker);
    if (!*tracker) return fov_fail_memory(err, "a tracker");
    (*tracker)->options = o;
    return FOV_OK;
}

static bool is_finite(const fov_face *face)
{
    bool finite = isfinite(face->score);
    for (int i = 0; i < 4; i++) finite = finite && isfinite(face->box[i]);
    for (int i = 0; i < 5; i++) finite = finite && isfinite(face->landmarks[i][0]) && isfinite(face->landmarks[i][1]);
    return finite;
}

static bool make_room(fov_sightings *s, size_t faces)
{
    if (s->frames == s->frame_capacity) {
        const size_t capacity = s->frame_capacity ? s->frame_capacity * 2 : 256;
        fov_frame   *frame = fov_realloc_array(s->frame, capacity, sizeof *frame);
        if (!frame) return false;
        s->frame = frame;
        s->frame_capacity = capacity;
    }
    if (faces > s->face_capacity - s->faces) {
        const size_t  capacity = 2 * s->face_capacity + faces;
        fov_sighting *face = fov_realloc_array(s->face, capacity, sizeof *face);
        if (!face) return false;
        s->face = face;
        s->face_capacity = capacity;
    }
    return true;
}

/* Where the scene is in the frame, against the frame before: cut, or moved. */
static void look(fov_tracker *t, const fov_image *image, fov_frame *frame)
{
    const fov_cut_view    before = t->view;
    const fov_camera_view camera = t->camera;
    float                 moved[2] = {0, 0};
    if (!image) return;
    fov_cut_look(&t->view, image);
    fov_camera_look(&t->camera, image);
    const bool turned = t->viewed && fov_camera_between(&camera, &t->camera, moved);
    frame->cut = t->viewed && !turned && fov_cut_between(&before, &t->view);
    for (int i = 0; i < 2; i++) frame->scene[i] = frame->cut ? 0 : frame->scene[i] + moved[i];
    t->viewed = true;
}

static fov_status check(const fov_tracker *t, double time_s, const fov_faces *faces, fov_error *err)
{
    const fov_sightings *s = &t->in;
    const size_t         frame = t->forgotten + s->frames;
    if (s->frames == UINT32_MAX) return fov_fail(err, FOV_ERR_LIMIT, "a tracker takes %u frames", UINT32_MAX);
    if (!isfinite(time_s) || (s->frames && time_s <= s->frame[s->frames - 1].time_s))
        return fov_fail(err, FOV_ERR_ARGUMENT, "frame %zu is shown at %g s, not after the one before it, at %g s", frame, time_s,
                        s->frames ? s->frame[s->frames - 1].time_s : 0);
    for (size_t i = 0; i < faces->count; i++)
        if (!is_finite(&faces->face[i]))
            return fov_fail(err, FOV_ERR_ARGUMENT, "face %zu of frame %zu has a number that is not finite", i, frame);
    return FOV_OK;
}

fov_status fov_tracker_add(fov_tracker *t, double time_s, const fov_image *image, const fov_faces *faces, fov_error *err)
{
    fov_sightings *s = &t->in;
    fov_status     st = check(t, time_s, faces, err);
    if (st) return st;
    if (!make_room(s, faces->count)) return fov_fail_memory(err, "a tracker");
    fov_frame frame = {.time_s = time_s, .first = s->faces};
    for (int i = 0; i < 2 && s->frames; i++) frame.scene[i] = s->frame[s->frames - 1].scene[i];
    look(t, image, &frame);
    s->frame[s->frames++] = frame;
    for (size_t i = 0; i < faces->count; i++) {
        s->face[s->faces] = (fov_sighting){.face = faces->face[i]};
        fov_face_move(&s->face[s->faces++].face, -frame.scene[0], -frame.scene[1]);
    }
    return FOV_OK;
}

static fov_status finish(fov_tracker *t, fov_sightings *in, fov_tracks **tracks, fov_error *err)
{
    uint32_t   count;
    fov_status st = fov_follow(in, &t->options, &count, err);
    if (!st) st = fov_tracks_smooth(in, count, t->numbered, &t->options, tracks, err);
    if (!st) t->numbered += count;
    return st;
}

static void forget(fov_tracker *t, size_t frames)
{
    fov_sightings *s = &t->in;
    const size_t   faces = s->frame[frames].first;
    memmove(s->face, s->face + faces, (s->faces - faces) * sizeof *s->face);
    memmove(s->frame, s->frame + frames, (s->frames - frames) * sizeof *s->frame);
    s->faces -= faces;
    s->frames -= frames;
    for (size_t i = 0; i < s->frames; i++) s->frame[i].first -= faces;
    t->forgotten += frames;
}

fov_status fov_tracker_take_scene(fov_tracker *t, fov_tracks **tracks, fov_error *err)
{
    fov_sightings *s = &t->in;
    const size_t   last = s->frames ? s->frames - 1 : 0;
    *tracks = NULL;
    if (!last || !s->frame[last].cut) return FOV_OK;
    fov_sightings scene = {.frame = s->frame, .frames = last, .face = s->face, .faces = s->frame[last].first};
    fov_status    st = finish(t, &scene, tracks, err);
    if (!st) forget(t, last);
    return st;
}

fov_status fov_tracker_finish(fov_tracker *t, fov_tracks **tracks, fov_error *err)
{
    *tracks = NULL;
    return finish(t, &t->in, tracks, err);
}

void fov_tracker_free(fov_tracker *t)
{
    if (!t) return;
    fov_free(t->in.frame);
    fov_free(t->in.face);
    fov_free(t);
}
