// SPDX-License-Identifier: MIT
/* The second look at a video: every frame again, its faces hidden, encoded; everything else copied as it comes by. The first one
 * (track.c) kept no frame, only where the faces were: so a video of any length takes the memory of a few frames. */
#include "base/clock.h"
#include "hide/hider.h"
#include "video/av/frame.h"
#include "video/av/writer.h"

#include <math.h>

static const double SAME_TIME_S = 1e-5; /* a review's times are rounded */

typedef struct hiding {
    fov_reader               reader;
    fov_writer               writer;
    fov_hider                hider;
    int                      orientation;
    AVFrame                 *frame;
    const fov_tracks        *tracks;
    const fov_video_options *options;
    fov_video_times          times;
    double                   copied_s; /* that writing other streams took while a frame was read */
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

static bool is_hidden(const fov_tracks *tracks, size_t number)
{
    for (size_t i = number ? number - 1 : 0; i < fov_tracks_count(tracks); i++)
        if (fov_tracks_get(tracks, i).number == number) return fov_tracks_get(tracks, i).hide;
    return true;
}

/* In the frame's own samples; where it has none that can be changed, in a copy that has. */
static fov_status hide_in(hiding *h, const float cover[4])
{
    const fov_av *av = h->reader.av;
    fov_surface   surface;
    if (!fov_frame_surface(av, h->frame, h->orientation, &surface)) {
        AVFrame   *converted;
        fov_status st = fov_frame_convert(av, h->frame, AV_PIX_FMT_YUV420P, &converted, h->err);
        if (st) return st;
        av->av_frame_unref(h->frame);
        av->av_frame_move_ref(h->frame, converted);
        av->av_frame_free(&converted);
    }
    if (av->av_frame_make_writable(h->frame) < 0) return fov_fail_memory(h->err, h->reader.path);
    fov_frame_surface(av, h->frame, h->orientation, &surface);
    return fov_hider_run(&h->hider, &surface, cover, h->err);
}

static fov_status hide_faces(hiding *h, size_t index)
{
    const double            time_s = fov_reader_seconds(&h->reader, h->frame->pts);
    const fov_tracked_face *face;
    const size_t            count = fov_tracks_at(h->tracks, index, &face);
    fov_status              st = FOV_OK;
    if (index >= fov_tracks_frames(h->tracks) || fabs(time_s - fov_tracks_time(h->tracks, index)) > SAME_TIME_S)
        return fov_fail(
            h->err, FOV_ERR_ARGUMENT,
            "%s: its frame %zu is shown at %.6f s, and the tracks, of %zu frames, say %.6f s: they are of another video",
            h->reader.path, index, time_s, fov_tracks_frames(h->tracks), fov_tracks_time(h->tracks, index));
    for (size_t i = 0; i < count && !st; i++)
        if (is_hidden(h->tracks, face[i].track)) st = hide_in(h, face[i].cover);
    return st;
}

static bool go_on(const hiding *h, size_t done)
{
    const fov_video_options *o = h->options;
    return !o->progress || o->progress(o->progress_user, "hiding", done, fov_tracks_frames(h->tracks));
}

static fov_status next(hiding *h, size_t index, bool *got)
{
    const double start = fov_clock_s();
    h->copied_s = 0;
    fov_status   st = fov_reader_next(&h->reader, h->frame, got, copy, h, h->err);
    const double read = fov_clock_s();
    h->times.decode_s += read - start - h->copied_s;
    h->times.encode_s += h->copied_s;
    if (st || !*got) return st;
    st = hide_faces(h, index);
    const double hidden = fov_clock_s();
    h->times.hide_s += hidden - read;
    if (!st) st = fov_writer_frame(&h->writer, h->frame, h->err);
    h->times.encode_s += fov_clock_s() - hidden;
    h->reader.av->av_frame_unref(h->frame);
    return st;
}

static fov_status do_frames(hiding *h)
{
    fov_status st = FOV_OK;
    bool       got = true;
    size_t     index = 0;
    for (; !st && got; index += got) {
        if (!go_on(h, index)) return fov_fail(h->err, FOV_ERR_CANCELLED, "stopped after %zu frames", index);
        st = next(h, index, &got);
    }
    if (!st && index != fov_tracks_frames(h->tracks))
        st = fov_fail(h->err, FOV_ERR_ARGUMENT, "%s: has %zu frames, and the tracks %zu: they are of another video", h->reader.path,
                      index, fov_tracks_frames(h->tracks));
    return st;
}

static fov_status run(hiding *h, const char *output, fov_text *warnings)
{
    h->orientation = fov_reader_orientation(&h->reader);
    h->frame = h->reader.av->av_frame_alloc();
    if (!h->frame) return fov_fail_memory(h->err, h->reader.path);
    fov_status st = fov_hider_init(&h->hider, h->options->hide, h->err);
    if (!st) st = fov_writer_open(&h->writer, &h->reader, output, h->options, warnings, h->err);
    if (!st) st = do_frames(h);
    const double start = fov_clock_s();
    if (!st) st = fov_writer_finish(&h->writer, h->err);
    h->times.encode_s += fov_clock_s() - start;
    fov_writer_close(&h->writer);
    fov_hider_clear(&h->hider);
    h->reader.av->av_frame_free(&h->frame);
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
    h.writer.av = h.reader.av;
    h.writer.draft.fd = -1;
    st = run(&h, output, &text);
    add_times(&h);
    fov_reader_close(&h.reader);
    if (st || !warnings) fov_text_clear(&text);
    else if (!(*warnings = fov_text_take(&text))) st = fov_fail_memory(err, output);
    return st;
}
