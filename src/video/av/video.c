// SPDX-License-Identifier: MIT
#include "video/av/video.h"

#include "base/alloc.h"
#include "media/media.h"
#include "video/av/frame.h"

#include <stdio.h>

fov_status fov_video_open(const char *path, fov_video **video, fov_error *err)
{
    *video = NULL;
    if (!path) return fov_fail(err, FOV_ERR_ARGUMENT, "no path to a video was given");
    fov_video *v = fov_calloc(1, sizeof *v);
    if (!v || !(v->path = fov_strdup(path))) {
        fov_free(v);
        return fov_fail_memory(err, path);
    }
    fov_status st = fov_reader_open(&v->reader, v->path, err);
    if (st) {
        fov_video_close(v);
        return st;
    }
    v->orientation = fov_reader_orientation(&v->reader);
    *video = v;
    return FOV_OK;
}

fov_video_info fov_video_describe(const fov_video *v)
{
    static const int  degrees[9] = {0, 0, 0, 180, 180, 90, 90, 270, 270};
    const fov_reader *r = &v->reader;
    const bool        swaps = fov_orientation_swaps_sides(v->orientation);
    const int         width = r->stream->codecpar->width, height = r->stream->codecpar->height;
    const AVRational  rate = r->av->av_guess_frame_rate(r->in, r->stream, NULL);
    fov_video_info    info = {.width = swaps ? height : width,
                              .height = swaps ? width : height,
                              .rotation = degrees[v->orientation],
                              .mirrored = v->orientation == 2 || v->orientation == 4 || v->orientation == 5 || v->orientation == 7,
                              .frame_rate = rate.den ? av_q2d(rate) : 0};
    if (r->in->duration > 0) info.seconds = (double)r->in->duration / AV_TIME_BASE;
    if (r->stream->nb_frames > 0) info.frames = (size_t)r->stream->nb_frames;
    else info.frames = (size_t)(info.seconds * info.frame_rate + 0.5);
    snprintf(info.codec, sizeof info.codec, "%s", r->av->avcodec_get_name(r->stream->codecpar->codec_id));
    return info;
}

static void tell_damage(fov_video *v)
{
    if (v->reader.cut_off)
        snprintf(v->warning, sizeof v->warning, "cut off after %zu frames: what follows cannot be read", v->reader.frames);
    else if (v->reader.damaged)
        snprintf(v->warning, sizeof v->warning, "damaged: %zu of its parts could not be decoded properly; %zu frames were",
                 v->reader.damaged, v->reader.frames);
}

fov_status fov_video_take(fov_video *v, AVFrame **frame, double *time_s, fov_error *err)
{
    bool got;
    *frame = v->reader.av->av_frame_alloc();
    if (!*frame) return fov_fail_memory(err, v->path);
    fov_status st = fov_reader_next(&v->reader, *frame, &got, NULL, NULL, err);
    if (!st && got) *time_s = fov_reader_seconds(&v->reader, (*frame)->pts);
    else v->reader.av->av_frame_free(frame);
    tell_damage(v);
    return st;
}

fov_status fov_video_next(fov_video *v, fov_photo **photo, double *time_s, fov_error *err)
{
    AVFrame *frame;
    *photo = NULL;
    *time_s = 0;
    fov_status st = fov_video_take(v, &frame, time_s, err);
    if (st || !frame) return st;
    st = fov_frame_photo(v->reader.av, frame, v->orientation, photo, err);
    v->reader.av->av_frame_free(&frame);
    return st;
}

const char *fov_video_warning(const fov_video *v)
{
    return v->warning;
}

void fov_video_close(fov_video *v)
{
    if (!v) return;
    fov_reader_close(&v->reader);
    fov_free(v->path);
    fov_free(v);
}
