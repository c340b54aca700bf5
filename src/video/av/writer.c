// SPDX-License-Identifier: MIT
#include "video/av/writer.h"

#include "base/alloc.h"
#include "video/av/encoder.h"
#include "video/av/frame.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 17 };

/* ---------------------------------------------------------------- the file */

static int put(void *opaque, uint8_t *data, int bytes)
{
    fov_writer *w = opaque;
    for (int left = bytes; left > 0;) {
        const ssize_t done = write(w->draft.fd, data, (size_t)left);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            if (!w->write_error) w->write_error = errno;
            return AVERROR(errno);
        }
        data += done;
        left -= (int)done;
    }
    return bytes;
}

static int64_t seek_to(void *opaque, int64_t offset, int whence)
{
    const fov_writer *w = opaque;
    const off_t       at = whence == AVSEEK_SIZE ? -1 : lseek(w->draft.fd, offset, whence & ~AVSEEK_FORCE);
    return at < 0 ? AVERROR(whence == AVSEEK_SIZE ? ENOSYS : errno) : at;
}

static fov_status open_file(fov_writer *w, fov_error *err)
{
    fov_status st = fov_draft_begin(&w->draft, w->path, err);
    if (st) return st;
    unsigned char *buffer = w->av->av_malloc(BUFFER_BYTES);
    w->out->pb = buffer ? w->av->avio_alloc_context(buffer, BUFFER_BYTES, 1, w, NULL, put, seek_to) : NULL;
    if (w->out->pb) return FOV_OK;
    w->av->av_free(buffer);
    return fov_fail_memory(err, w->path);
}

/* What a write said counts for more than what FFmpeg makes of it. */
static fov_status fail_write(const fov_writer *w, int code, fov_error *err)
{
    return fov_av_fail(w->av, w->path, "write", w->write_error ? AVERROR(w->write_error) : code, err);
}

/* ---------------------------------------------------------------- streams */

static bool is_location(const char *key)
{
    static const char *const words[] = {"location", "gps", "geo", "xyz", "ISO6709"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(key, words[i])) return true;
    return false;
}

static void copy_metadata(const fov_writer *w, AVDictionary **to, const AVDictionary *from, bool strip_location)
{
    const AVDictionaryEntry *e = NULL;
    while ((e = w->av->av_dict_get(from, "", e, AV_DICT_IGNORE_SUFFIX)))
        if (!strip_location || !is_location(e->key)) w->av->av_dict_set(to, e->key, e->value, 0);
}

/* Rotation, brightness of the display it was made for, and the like. */
static fov_status copy_side_data(const fov_writer *w, const AVStream *from, AVStream *to, fov_error *err)
{
    for (int i = 0; i < from->nb_side_data; i++) {
        const AVPacketSideData *s = &from->side_data[i];
        uint8_t                *data = w->av->av_stream_new_side_data(to, s->type, s->size);
        if (!data) return fov_fail_memory(err, w->path);
        memcpy(data, s->data, s->size);
    }
    return FOV_OK;
}

static fov_status new_stream(fov_writer *w, const AVStream *from, bool strip_location, AVStream **to, fov_error *err)
{
    AVStream *s = *to = w->av->avformat_new_stream(w->out, NULL);
    if (!s) return fov_fail_memory(err, w->path);
    s->time_base = from->time_base;
    s->avg_frame_rate = from->avg_frame_rate;
    s->disposition = from->disposition;
    s->sample_aspect_ratio = from->sample_aspect_ratio;
    w->stream_of[from->index] = s->index;
    copy_metadata(w, &s->metadata, from->metadata, strip_location);
    return copy_side_data(w, from, s, err);
}

static fov_status add_video(fov_writer *w, const fov_video_options *o, fov_error *err)
{
    const fov_reader *r = w->reader;
    fov_status        st = fov_encoder_open(r, w->out->oformat, o, w->warnings, &w->encoder, err);
    if (!st) st = new_stream(w, r->stream, o->hide && o->hide->strip_location, &w->video, err);
    if (!st && w->av->avcodec_parameters_from_context(w->video->codecpar, w->encoder) < 0) st = fov_fail_memory(err, w->path);
    return st;
}

/* @return NULL: it stays. Or why it does not */
static const char *reason_to_leave_out(const fov_writer *w, const AVStream *s, bool strip_location)
{
    const AVCodecParameters *p = s->codecpar;
    if (p->codec_type == AVMEDIA_TYPE_VIDEO)
        return s->disposition & AV_DISPOSITION_ATTACHED_PIC ? "a picture, which may show the faces"
                                                            : "another video, which may show the faces";
    if (p->codec_type == AVMEDIA_TYPE_DATA && strip_location) return "data, which may tell the location";
    if (p->codec_id == AV_CODEC_ID_NONE || !w->av->avformat_query_codec(w->out->oformat, p->codec_id, FF_COMPLIANCE_NORMAL))
        return "the container takes nothing of its kind";
    return NULL;
}

static fov_status add_copied(fov_writer *w, const AVStream *from, bool strip_location, fov_error *err)
{
    AVStream   *to;
    const char *reason = reason_to_leave_out(w, from, strip_location);
    if (reason) {
        fov_text_print(w->warnings, "stream %d (%s) is left out: %s\n", from->index,
                       w->av->avcodec_get_name(from->codecpar->codec_id), reason);
        return FOV_OK;
    }
    fov_status st = new_stream(w, from, strip_location, &to, err);
    if (!st && w->av->avcodec_parameters_copy(to->codecpar, from->codecpar) < 0) st = fov_fail_memory(err, w->path);
    if (!st) to->codecpar->codec_tag = 0; /* the container's own */
    return st;
}

/* In the order that they have. */
static fov_status add_streams(fov_writer *w, const fov_video_options *o, fov_error *err)
{
    const AVFormatContext *in = w->reader->in;
    const bool             strip_location = o->hide && o->hide->strip_location;
    fov_status             st = FOV_OK;
    w->stream_of = fov_alloc_array(in->nb_streams, sizeof *w->stream_of);
    if (!w->stream_of) return fov_fail_memory(err, w->path);
    for (unsigned i = 0; i < in->nb_streams; i++) w->stream_of[i] = -1;
    for (unsigned i = 0; i < in->nb_streams && !st; i++)
        st = in->streams[i] == w->reader->stream ? add_video(w, o, err) : add_copied(w, in->streams[i], strip_location, err);
    copy_metadata(w, &w->out->metadata, in->metadata, strip_location);
    return st;
}

static fov_status copy_chapters(fov_writer *w, fov_error *err)
{
    const AVFormatContext *in = w->reader->in;
    if (!in->nb_chapters) return FOV_OK;
    w->out->chapters = w->av->av_mallocz(in->nb_chapters * sizeof(AVChapter *));
    for (unsigned i = 0; w->out->chapters && i < in->nb_chapters; i++) {
        AVChapter *c = w->av->av_mallocz(sizeof *c);
        if (!c) return fov_fail_memory(err, w->path);
        *c = (AVChapter){.id = in->chapters[i]->id,
                         .time_base = in->chapters[i]->time_base,
                         .start = in->chapters[i]->start,
                         .end = in->chapters[i]->end};
        w->av->av_dict_copy(&c->metadata, in->chapters[i]->metadata, 0);
        w->out->chapters[w->out->nb_chapters++] = c;
    }
    return w->out->chapters ? FOV_OK : fov_fail_memory(err, w->path);
}

/* Matroska's sound begins before 0 by what its decoder must leave out, both read and written so: nothing needs to be moved. */
static void keep_negative_times(const fov_writer *w)
{
    if (strstr(w->reader->in->iformat->name, "matroska") &&
        (!strcmp(w->out->oformat->name, "matroska") || !strcmp(w->out->oformat->name, "webm")))
        w->out->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
}

fov_status fov_writer_open(fov_writer *w, const fov_reader *reader, const char *path, const fov_video_options *options,
                           fov_text *warnings, fov_error *err)
{
    *w = (fov_writer){.reader = reader, .av = reader->av, .path = path, .draft.fd = -1, .warnings = warnings};
    const AVOutputFormat *container = w->av->av_guess_format(NULL, path, NULL);
    if (!container || (container->flags & AVFMT_NOFILE) || container->video_codec == AV_CODEC_ID_NONE)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: its ending names no container for videos: use .mp4, .mov, .mkv or .webm",
                        path);
    w->packet = w->av->av_packet_alloc();
    if (!w->packet || w->av->avformat_alloc_output_context2(&w->out, container, NULL, NULL) < 0) return fov_fail_memory(err, path);
    keep_negative_times(w);
    fov_status st = add_streams(w, options, err);
    if (!st) st = copy_chapters(w, err);
    if (!st) st = open_file(w, err);
    if (st) return st;
    const int code = w->av->avformat_write_header(w->out, NULL);
    w->begun = code >= 0;
    return code < 0 ? fail_write(w, code, err) : FOV_OK;
}

/* ---------------------------------------------------------------- packets */

static fov_status write_packet(fov_writer *w, AVPacket *packet, AVRational base, int stream, fov_error *err)
{
    packet->stream_index = stream;
    packet->pos = -1;
    w->av->av_packet_rescale_ts(packet, base, w->out->streams[stream]->time_base);
    const int code = w->av->av_interleaved_write_frame(w->out, packet);
    return code < 0 || w->write_error ? fail_write(w, code, err) : FOV_OK;
}

fov_status fov_writer_copy(fov_writer *w, AVPacket *packet, fov_error *err)
{
    const int from = packet->stream_index;
    if (from < 0 || (unsigned)from >= w->reader->in->nb_streams || w->stream_of[from] < 0) return FOV_OK;
    return write_packet(w, packet, w->reader->in->streams[from]->time_base, w->stream_of[from], err);
}

static int64_t duration_of(const fov_writer *w, int64_t time)
{
    for (size_t i = w->frames; i > 0 && w->frames - i < FOV_DURATIONS; i--)
        if (w->shown[(i - 1) % FOV_DURATIONS].time == time) return w->shown[(i - 1) % FOV_DURATIONS].duration;
    return 0;
}

static fov_status write_encoded(fov_writer *w, fov_error *err)
{
    for (;;) {
        const int code = w->av->avcodec_receive_packet(w->encoder, w->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return FOV_OK;
        if (code < 0) return fov_av_fail(w->av, w->path, "be encoded", code, err);
        w->packet->duration = duration_of(w, w->packet->pts);
        fov_status st = write_packet(w, w->packet, w->encoder->time_base, w->video->index, err);
        w->av->av_packet_unref(w->packet);
        if (st) return st;
    }
}

/* What the decoder said of its own pictures would bind the encoder. */
static fov_status send(fov_writer *w, AVFrame *frame, fov_error *err)
{
    w->shown[w->frames % FOV_DURATIONS].time = frame->pts;
    w->shown[w->frames++ % FOV_DURATIONS].duration = frame->pkt_duration;
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    const int code = w->av->avcodec_send_frame(w->encoder, frame);
    return code < 0 ? fov_av_fail(w->av, w->path, "be encoded", code, err) : write_encoded(w, err);
}

fov_status fov_writer_frame(fov_writer *w, AVFrame *frame, fov_error *err)
{
    AVFrame *converted;
    if (frame->width != w->encoder->width || frame->height != w->encoder->height)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: frame %zu has %d x %d pixels, those before it %d x %d; cut the video there",
                        w->reader->path, w->frames, frame->width, frame->height, w->encoder->width, w->encoder->height);
    if (frame->format == (int)w->encoder->pix_fmt) return send(w, frame, err);
    fov_status st = fov_frame_convert(w->av, frame, w->encoder->pix_fmt, &converted, err);
    if (st) return st;
    st = send(w, converted, err);
    w->av->av_frame_free(&converted);
    return st;
}

fov_status fov_writer_finish(fov_writer *w, fov_error *err)
{
    w->av->avcodec_send_frame(w->encoder, NULL);
    fov_status st = write_encoded(w, err);
    if (st) return st;
    const int code = w->av->av_write_trailer(w->out);
    w->begun = false;
    if (code < 0 || w->write_error) return fail_write(w, code, err);
    return fov_draft_keep(&w->draft, err);
}

void fov_writer_close(fov_writer *w)
{
    if (w->out && w->out->pb) {
        w->av->av_free(w->out->pb->buffer);
        w->av->avio_context_free(&w->out->pb);
    }
    if (w->out) w->av->avformat_free_context(w->out);
    w->av->avcodec_free_context(&w->encoder);
    w->av->av_packet_free(&w->packet);
    fov_draft_drop(&w->draft);
    fov_free(w->stream_of);
}
