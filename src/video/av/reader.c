// SPDX-License-Identifier: MIT
#include "video/av/reader.h"

#include <string.h>

enum { MAX_FRAME_PIXELS = 256 * 1000 * 1000 }; /* as of a photo */

/* The demuxers of what fov_video_recognise() knows. Others, which playlists have, read whatever files a file names. */
static const char containers[] = "mov,matroska,avi,mpeg,mpegvideo,mpegts,flv,live_flv,asf,ogg";

static fov_status open_decoder(fov_reader *r, fov_error *err)
{
    const fov_av      *av = r->av;
    AVCodecParameters *p = r->stream->codecpar;
    const AVCodec     *codec = av->avcodec_find_decoder(p->codec_id);
    if (!codec)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: no decoder for its codec %s in this FFmpeg", r->path,
                        av->avcodec_get_name(p->codec_id));
    r->decoder = av->avcodec_alloc_context3(codec);
    r->packet = av->av_packet_alloc();
    if (!r->decoder || !r->packet) return fov_fail_memory(err, r->path);
    int code = av->avcodec_parameters_to_context(r->decoder, p);
    r->decoder->pkt_timebase = r->stream->time_base;
    r->decoder->thread_count = 0; /* as many as there are processors */
    r->decoder->max_pixels = MAX_FRAME_PIXELS;
    r->decoder->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    if (code >= 0) code = av->avcodec_open2(r->decoder, codec, NULL);
    return code < 0 ? fov_av_fail(av, r->path, "open the decoder", code, err) : FOV_OK;
}

/* Whatever a container says that is to be read besides. */
static int refuse_to_open(AVFormatContext *in, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    (void)in, (void)url, (void)flags, (void)options;
    *io = NULL;
    return AVERROR(EPERM);
}

static fov_status open_container(fov_reader *r, fov_error *err)
{
    const fov_av *av = r->av;
    AVDictionary *options = NULL;
    r->in = av->avformat_alloc_context();
    if (!r->in || av->av_dict_set(&options, "format_whitelist", containers, 0) < 0) return fov_fail_memory(err, r->path);
    r->in->pb = r->source.io;
    r->in->io_open = refuse_to_open;
    const int code = av->avformat_open_input(&r->in, r->path, NULL, &options);
    av->av_dict_free(&options);
    if (code == AVERROR(EINVAL)) /* so it says that a format is not among those allowed */
        return fov_fail(err, FOV_ERR_FORMAT, "%s: cannot read as a video: neither MP4, Matroska, AVI, MPEG, FLV, ASF nor Ogg",
                        r->path);
    return code < 0 ? fov_av_fail(av, r->path, "read as a video", code, err) : FOV_OK;
}

static fov_status open_file(fov_reader *r, fov_error *err)
{
    fov_status st = fov_source_open(&r->source, r->av, r->path, err);
    if (!st) st = open_container(r, err);
    if (st) return st;
    const int code = r->av->avformat_find_stream_info(r->in, NULL);
    if (code < 0) return fov_av_fail(r->av, r->path, "read as a video", code, err);
    const int index = r->av->av_find_best_stream(r->in, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (index < 0 || (r->in->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC))
        return fov_fail(err, FOV_ERR_FORMAT, "%s: has no video, only sound or data", r->path);
    r->stream = r->in->streams[index];
    if (r->stream->codecpar->width < 1 || r->stream->codecpar->height < 1)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: damaged: its video has no size", r->path);
    return open_decoder(r, err);
}

fov_status fov_reader_open(fov_reader *r, const char *path, fov_error *err)
{
    *r = (fov_reader){.path = path};
    if (!(r->av = fov_av_load(path, err))) return FOV_ERR_UNSUPPORTED;
    const fov_status st = open_file(r, err);
    if (st) fov_reader_close(r);
    return st;
}

void fov_reader_close(fov_reader *r)
{
    if (!r->av) return;
    r->av->av_packet_free(&r->packet);
    r->av->avcodec_free_context(&r->decoder);
    r->av->avformat_close_input(&r->in);
    fov_source_close(&r->source);
    r->av = NULL;
}

/* A frame without a time, or one that was shown already by its time, is shown as soon after the last as can be. */
static void set_time(fov_reader *r, AVFrame *frame)
{
    int64_t time = frame->best_effort_timestamp;
    if (time == AV_NOPTS_VALUE) time = r->any ? r->last_time + (frame->pkt_duration > 0 ? frame->pkt_duration : 1) : 0;
    if (r->any && time <= r->last_time) time = r->last_time + 1;
    frame->pts = r->last_time = time;
    r->any = true;
    r->frames++;
}

/* The next packet goes where it belongs. */
static fov_status feed(fov_reader *r, fov_reader_other *other, void *user, fov_error *err)
{
    fov_status st = FOV_OK;
    int        code = r->av->av_read_frame(r->in, r->packet);
    if (code == AVERROR(ENOMEM)) return fov_fail_memory(err, r->path);
    if (code < 0 && fov_source_stopped(&r->source)) return fov_fail(err, FOV_ERR_CANCELLED, "stopped after %zu frames", r->frames);
    if (code < 0) {
        r->cut_off = code != AVERROR_EOF;
        r->ended = true;
        r->av->avcodec_send_packet(r->decoder, NULL);
        return FOV_OK;
    }
    if (r->packet->stream_index == r->stream->index) {
        code = r->av->avcodec_send_packet(r->decoder, r->packet);
        r->damaged += (r->packet->flags & AV_PKT_FLAG_CORRUPT) || code < 0;
        if (code == AVERROR(ENOMEM)) st = fov_fail_memory(err, r->path);
    } else if (other) {
        st = other(user, r->packet, err);
    }
    r->av->av_packet_unref(r->packet);
    return st;
}

fov_status fov_reader_next(fov_reader *r, AVFrame *frame, bool *got, fov_reader_other *other, void *user, fov_error *err)
{
    for (;;) {
        fov_status st = FOV_OK;
        const int  code = r->av->avcodec_receive_frame(r->decoder, frame);
        *got = code >= 0;
        if (code >= 0) {
            r->damaged += (frame->flags & AV_FRAME_FLAG_CORRUPT) || frame->decode_error_flags;
            set_time(r, frame);
            return FOV_OK;
        }
        if (code == AVERROR_EOF) return FOV_OK;
        if (code == AVERROR(ENOMEM)) return fov_fail_memory(err, r->path);
        if (code != AVERROR(EAGAIN)) r->damaged++;
        if (r->ended && code == AVERROR(EAGAIN)) return FOV_OK;
        if (!r->ended && (st = feed(r, other, user, err))) return st;
    }
}

double fov_reader_seconds(const fov_reader *r, int64_t time)
{
    return (double)time * av_q2d(r->stream->time_base);
}

/* The matrix maps (x, y) to (a x + c y, b x + d y): its entries 0, 1, 3, 4 are a, b, c, d. */
int fov_reader_orientation(const fov_reader *r)
{
    const uint8_t *data = r->av->av_stream_get_side_data(r->stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    int32_t        m[9];
    if (!data) return 1;
    memcpy(m, data, sizeof m);
    if (!m[1] && !m[3]) return m[0] >= 0 ? (m[4] >= 0 ? 1 : 4) : m[4] >= 0 ? 2 : 3;
    if (!m[0] && !m[4]) return m[3] >= 0 ? (m[1] >= 0 ? 5 : 8) : m[1] >= 0 ? 6 : 7;
    return 1; /* by other angles nobody's faces are upright */
}
