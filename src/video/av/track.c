// SPDX-License-Identifier: MIT
/* The first look at a video: the faces of all frames, a frame per thread as fov_photos_detect() does photos. Of a frame only its
 * faces are kept. */
#include "base/alloc.h"
#include "media/media.h"
#include "track/tracks.h"
#include "video/av/frame.h"
#include "video/av/video.h"

#include <pthread.h>

typedef struct look {
    fov_video               *video;
    const fov_video_options *options;
    fov_tracker             *tracker;
    size_t                   expected; /* frames; 0: not known */
    pthread_mutex_t          lock;
    pthread_cond_t           turn;
    size_t                   next; /* frame to be read */
    bool                     ended;
    fov_status               unread; /* why it ended before the video did */
    fov_error                why;
    size_t                   told;   /* frames of scenes that were told */
    double                  *time_s; /* by frame */
    size_t                   capacity;
    fov_status               status;
    fov_error               *err;
} look;

/* ---------------------------------------------------------------- reading, by several threads */

static bool make_room(look *l)
{
    if (l->next < l->capacity) return true;
    const size_t capacity = l->capacity ? l->capacity * 2 : 1024;
    double      *time_s = fov_realloc_array(l->time_s, capacity, sizeof *time_s);
    if (!time_s) return false;
    l->time_s = time_s;
    l->capacity = capacity;
    return true;
}

/* Frames come in order, whichever threads ask for them. @param frame out: NULL past the end, and after a failure */
static void take(look *l, size_t index, AVFrame **frame)
{
    double time_s = 0;
    *frame = NULL;
    pthread_mutex_lock(&l->lock);
    while (l->next < index && !l->ended) pthread_cond_wait(&l->turn, &l->lock);
    if (!l->ended) {
        l->unread = make_room(l) ? fov_video_take(l->video, frame, &time_s, &l->why) : fov_fail_memory(&l->why, l->video->path);
        if (*frame) l->time_s[l->next++] = time_s;
        else l->ended = true;
        pthread_cond_broadcast(&l->turn);
    }
    pthread_mutex_unlock(&l->lock);
}

static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    look    *l = user;
    AVFrame *frame;
    take(l, index, &frame);
    *photo = NULL;
    if (!frame) return FOV_ERR_IO; /* the end, which done() knows */
    const fov_status st = fov_frame_photo(l->video->reader.av, frame, l->video->orientation, photo, err);
    l->video->reader.av->av_frame_free(&frame);
    return st;
}

/* ---------------------------------------------------------------- what was found, in order */

static double time_of(look *l, size_t index, bool *past_end)
{
    pthread_mutex_lock(&l->lock);
    *past_end = index >= l->next;
    const double time_s = *past_end ? 0 : l->time_s[index];
    pthread_mutex_unlock(&l->lock);
    return time_s;
}

/* @param tracks NULL: the scene goes on; freed in any case */
static fov_status tell_scene(look *l, fov_tracks *tracks)
{
    const fov_video_options *o = l->options;
    const bool               go_on = !tracks || o->scene(o->scene_user, tracks, l->told);
    if (tracks) l->told += fov_tracks_frames(tracks);
    fov_tracks_free(tracks);
    return go_on ? FOV_OK : fov_fail(l->err, FOV_ERR_CANCELLED, "stopped after %zu frames", l->told);
}

static fov_status take_scene(look *l)
{
    fov_tracks      *tracks;
    const fov_status st = fov_tracker_take_scene(l->tracker, &tracks, l->err);
    return st ? st : tell_scene(l, tracks);
}

static fov_status finish(look *l, fov_tracks **tracks)
{
    fov_status st = fov_tracker_finish(l->tracker, tracks, l->err);
    if (st || !l->options->scene) return st;
    st = tell_scene(l, *tracks);
    *tracks = NULL;
    return st;
}

static bool done(void *user, const fov_photo_result *r)
{
    look                    *l = user;
    const fov_video_options *o = l->options;
    bool                     past_end;
    const double             time_s = time_of(l, r->index, &past_end);
    if (past_end) return false;
    if (r->status) {
        l->status = fov_fail(l->err, r->status, "%s: frame %zu: %s", l->video->path, r->index, r->message);
        return false;
    }
    const fov_image image = fov_photo_image(r->photo);
    l->status = fov_tracker_add(l->tracker, time_s, &image, &r->faces, l->err);
    if (!l->status && o->scene) l->status = take_scene(l);
    if (o->times) {
        o->times->read_s += r->load_s;
        o->times->detect_s += r->timing.preprocess_s + r->timing.network_s + r->timing.postprocess_s;
    }
    if (!l->status && o->progress && !o->progress(o->progress_user, "finding", r->index + 1, l->expected))
        l->status = fov_fail(l->err, FOV_ERR_CANCELLED, "stopped after %zu frames", r->index + 1);
    return !l->status;
}

static fov_status look_at_all(look *l, const fov_engine *engine)
{
    const fov_photo_source frames = {SIZE_MAX, load, l};
    fov_error              ended = {0};
    const fov_status       st = fov_photos_detect(engine, &frames, l->options->photos, done, l, &ended);
    if (l->status) return l->status;
    if (st != FOV_ERR_CANCELLED) return fov_fail(l->err, st, "%s", ended.message);
    if (l->unread) return fov_fail(l->err, l->unread, "%s", l->why.message);
    if (!l->next) return fov_fail(l->err, FOV_ERR_FORMAT, "%s: damaged: not one frame could be decoded", l->video->path);
    return FOV_OK;
}

fov_status fov_video_track(fov_video *video, const fov_engine *engine, const fov_video_options *options, fov_tracks **tracks,
                           fov_error *err)
{
    static const fov_video_options defaults;
    look l = {.video = video, .options = options ? options : &defaults, .err = err, .expected = fov_video_describe(video).frames};
    *tracks = NULL;
    const fov_stamp looked_at = fov_source_stamp(&video->reader.source);
    video->reader.source.stop = l.options->stop;
    video->reader.source.stop_user = l.options->stop_user;
    fov_status st = fov_tracker_new(l.options->tracker, &l.tracker, err);
    if (st) return st;
    pthread_mutex_init(&l.lock, NULL);
    pthread_cond_init(&l.turn, NULL);
    st = look_at_all(&l, engine);
    if (!st) st = finish(&l, tracks);
    if (!st && *tracks) (*tracks)->video = looked_at;
    pthread_cond_destroy(&l.turn);
    pthread_mutex_destroy(&l.lock);
    fov_tracker_free(l.tracker);
    fov_free(l.time_s);
    return st;
}
