// SPDX-License-Identifier: MIT
/* The second look at a video: every frame again, its faces hidden, encoded; everything else copied as it comes by. The first one
 * (track.c) kept no frame, only where the faces were: so a video of any length takes the memory of a few frames. A group of frames
 * is read, then hidden in, a frame per thread, then written in order: decoders and encoders have threads of their own. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/threads.h"
#include "hide/hider.h"
#include "track/tracks.h"
#include "video/av/frame.h"
#include "video/av/visible.h"
#include "video/av/writer.h"

#include <math.h>

static const double SAME_TIME_S = 1e-5; /* a review's times are rounded */

/* A frame of the group. */
typedef struct slot {
    AVFrame   *frame;
    size_t     index; /* of all frames */
    fov_hider  hider;
    fov_status status;
    fov_error  err;
} slot;

typedef struct hiding {
    fov_reader               reader;
    fov_writer               writer;
    fov_pool                *pool;
    slot                    *slots; /* one for each thread */
    size_t                   n_slots;
    int                      orientation;
    const fov_tracks        *tracks;
    fov_visible              visible;
    const fov_video_options *options;
    fov_video_times          times;
    double                   copied_s; /* that writing other streams took while frames were read */
    fov_error               *err;
} hiding;

static fov_status copy(void *user, AVPacket *packet, fov_error *err)
{
    hiding      *h = user;
    const double start = fov_clock_s();
    fov_status   st = fov_writer_copy(&h->writer, packet, err);
    h->copied_s += fov_clock_s() - start;
    return st;
}

/* In the frame's own samples; where it has none that can be changed, in a copy that has. */
static fov_status hide_in(const hiding *h, slot *s, const float cover[4])
{
    const fov_av *av = h->reader.av;
    fov_surface   surface;
    if (!fov_frame_surface(av, s->frame, h->orientation, &surface)) {
        AVFrame   *converted;
        fov_status st = fov_frame_convert(av, s->frame, AV_PIX_FMT_YUV420P, &converted, &s->err);
        if (st) return st;
        av->av_frame_unref(s->frame);
        av->av_frame_move_ref(s->frame, converted);
        av->av_frame_free(&converted);
    }
    if (av->av_frame_make_writable(s->frame) < 0) return fov_fail_memory(&s->err, h->reader.path);
    fov_frame_surface(av, s->frame, h->orientation, &surface);
    return fov_hider_run(&s->hider, &surface, cover, &s->err);
}

static void hide_faces(void *context, size_t i, size_t thread)
{
    const hiding           *h = context;
    slot                   *s = &h->slots[i];
    const fov_tracked_face *face;
    const size_t            count = fov_tracks_at(h->tracks, s->index, &face);
    (void)thread;
    s->status = FOV_OK;
    for (size_t k = 0; k < count && !s->status; k++)
        if (!fov_visible_has(&h->visible, face[k].track)) s->status = hide_in(h, s, face[k].cover);
}

static bool go_on(const hiding *h, size_t done)
{
    const fov_video_options *o = h->options;
    return !o->progress || o->progress(o->progress_user, "hiding", done, fov_tracks_frames(h->tracks));
}

static fov_status check_time(const hiding *h, const slot *s)
{
    const double time_s = fov_reader_seconds(&h->reader, s->frame->pts);
    if (s->index < fov_tracks_frames(h->tracks) && fabs(time_s - fov_tracks_time(h->tracks, s->index)) <= SAME_TIME_S)
        return FOV_OK;
    return fov_fail(h->err, FOV_ERR_ARGUMENT,
                    "%s: its frame %zu is shown at %.6f s, and the tracks, of %zu frames, say %.6f s: they are of another video",
                    h->reader.path, s->index, time_s, fov_tracks_frames(h->tracks), fov_tracks_time(h->tracks, s->index));
}

/* @param count out: frames read; fewer than there are slots at the end */
static fov_status read_group(hiding *h, size_t first, size_t *count)
{
    const double start = fov_clock_s();
    fov_status   st = FOV_OK;
    bool         got = true;
    h->copied_s = 0;
    for (*count = 0; *count < h->n_slots && !st; *count += got) {
        slot *s = &h->slots[*count];
        s->index = first + *count;
        st = fov_reader_next(&h->reader, s->frame, &got, copy, h, h->err);
        if (st || !got) break;
        st = check_time(h, s);
    }
    h->times.decode_s += fov_clock_s() - start - h->copied_s;
    h->times.encode_s += h->copied_s;
    return st;
}

static fov_status hide_group(hiding *h, size_t count)
{
    const double start = fov_clock_s();
    fov_pool_run(h->pool, hide_faces, h, count);
    h->times.hide_s += fov_clock_s() - start;
    for (size_t i = 0; i < count; i++)
        if (h->slots[i].status) return fov_fail(h->err, h->slots[i].status, "%s", h->slots[i].err.message);
    return FOV_OK;
}

static fov_status write_group(hiding *h, size_t count)
{
    const double start = fov_clock_s();
    fov_status   st = FOV_OK;
    for (size_t i = 0; i < count && !st; i++) {
        if (!go_on(h, h->slots[i].index)) return fov_fail(h->err, FOV_ERR_CANCELLED, "stopped after %zu frames", h->slots[i].index);
        st = fov_writer_frame(&h->writer, h->slots[i].frame, h->err);
        h->reader.av->av_frame_unref(h->slots[i].frame);
    }
    h->times.encode_s += fov_clock_s() - start;
    return st;
}

static fov_status do_frames(hiding *h)
{
    fov_status st = FOV_OK;
    size_t     done = 0, count = h->n_slots;
    for (; !st && count == h->n_slots; done += count) {
        st = read_group(h, done, &count);
        if (!st) st = hide_group(h, count);
        if (!st) st = write_group(h, count);
    }
    if (!st && done != fov_tracks_frames(h->tracks))
        st = fov_fail(h->err, FOV_ERR_ARGUMENT, "%s: has %zu frames, and the tracks %zu: they are of another video", h->reader.path,
                      done, fov_tracks_frames(h->tracks));
    return st;
}

/* Frames whose faces are elsewhere may have the same times. */
static fov_status check_unchanged(const hiding *h)
{
    const fov_stamp *before = &h->tracks->video, now = fov_source_stamp(&h->reader.source);
    if (!fov_stamp_is_known(before) || fov_stamp_same(before, &now)) return FOV_OK;
    return fov_fail(h->err, FOV_ERR_ARGUMENT, "%s: changed since its faces were found: find them again", h->reader.path);
}

static fov_status make_slots(hiding *h)
{
    const fov_photos_options *photos = h->options->photos;
    const int                 most = fov_cpu_threads(); /* more would only hold more frames */
    const int                 threads = photos && photos->threads > 0 && photos->threads < most ? photos->threads : most;
    fov_status                st = fov_pool_new(threads, &h->pool, h->err);
    if (st) return st;
    h->slots = fov_calloc((size_t)threads, sizeof *h->slots);
    if (!h->slots) return fov_fail_memory(h->err, h->reader.path);
    for (h->n_slots = 0; h->n_slots < (size_t)threads && !st; h->n_slots++) {
        slot *s = &h->slots[h->n_slots];
        s->frame = h->reader.av->av_frame_alloc();
        st = s->frame ? fov_hider_init(&s->hider, h->options->hide, h->err) : fov_fail_memory(h->err, h->reader.path);
    }
    return st;
}

static void free_slots(hiding *h)
{
    for (size_t i = 0; i < h->n_slots; i++) {
        fov_hider_clear(&h->slots[i].hider);
        h->reader.av->av_frame_free(&h->slots[i].frame);
    }
    fov_free(h->slots);
    fov_pool_free(h->pool);
}

static fov_status run(hiding *h, const char *output, fov_text *warnings)
{
    h->orientation = fov_reader_orientation(&h->reader);
    fov_status st = fov_visible_init(&h->visible, h->tracks, h->err);
    if (!st) st = make_slots(h);
    if (!st) st = fov_writer_open(&h->writer, &h->reader, output, h->options, warnings, h->err);
    if (!st) st = check_unchanged(h);
    if (!st) st = do_frames(h);
    if (!st) st = check_unchanged(h); /* while it was read */
    const double start = fov_clock_s();
    if (!st) st = fov_writer_finish(&h->writer, h->err);
    h->times.encode_s += fov_clock_s() - start;
    fov_writer_close(&h->writer);
    free_slots(h);
    fov_visible_clear(&h->visible);
    return st;
}

static void add_times(const hiding *h)
{
    fov_video_times *t = h->options->times;
    if (!t) return;
    t->decode_s += h->times.decode_s;
    t->hide_s += h->times.hide_s;
    t->encode_s += h->times.encode_s;
}

fov_status fov_video_hide(const char *path, const fov_tracks *tracks, const fov_video_options *options, const char *output,
                          char **warnings, fov_error *err)
{
    static const fov_video_options defaults;
    fov_text                       text = {0};
    hiding                         h = {.tracks = tracks, .options = options ? options : &defaults, .err = err};
    if (warnings) *warnings = NULL;
    if (!path || !tracks || !output)
        return fov_fail(err, FOV_ERR_ARGUMENT, "hiding faces in a video needs its path, tracks and an output; one is NULL");
    fov_status st = fov_reader_open(&h.reader, path, err);
    if (st) return st;
    h.reader.source.stop = h.options->stop;
    h.reader.source.stop_user = h.options->stop_user;
    h.writer.av = h.reader.av;
    h.writer.draft.fd = -1;
    st = run(&h, output, &text);
    add_times(&h);
    fov_reader_close(&h.reader);
    if (st || !warnings) fov_text_clear(&text);
    else if (!(*warnings = fov_text_take(&text))) st = fov_fail_memory(err, output);
    return st;
}
