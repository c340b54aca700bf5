// SPDX-License-Identifier: MIT
#include "video/av/encoder.h"

#include <string.h>

/* Encoders that are asked for a constant quality by name, and what else makes them serve. Others get a quantiser. */
typedef struct recipe {
    const char *name;
    int         codec;
    int         crf; /* close to the input's looks */
    const char *preset;
    const char *extra[2][2];
} recipe;

static const recipe recipes[] = {
    {"libx264", AV_CODEC_ID_H264, 18, "veryfast", {{NULL}}},
    {"libx265", AV_CODEC_ID_HEVC, 20, "veryfast", {{"x265-params", "log-level=none"}}},
    {"libvpx-vp9", AV_CODEC_ID_VP9, 24, NULL, {{"deadline", "good"}, {"cpu-used", "4"}}},
    {"libvpx", AV_CODEC_ID_VP8, 10, NULL, {{"deadline", "good"}, {"cpu-used", "4"}}},
    {"libsvtav1", AV_CODEC_ID_AV1, 25, "8", {{NULL}}},
};

enum { N_RECIPES = sizeof recipes / sizeof *recipes, QUANTISER = 3, VPX_MOST_BITS = 50 * 1000 * 1000 };

static const recipe *recipe_of(const char *encoder)
{
    for (size_t i = 0; i < N_RECIPES; i++)
        if (!strcmp(recipes[i].name, encoder)) return &recipes[i];
    return NULL;
}

static const AVCodec *encoder_for(const fov_av *av, enum AVCodecID id)
{
    for (size_t i = 0; i < N_RECIPES; i++)
        if (recipes[i].codec == (int)id) return av->avcodec_find_encoder_by_name(recipes[i].name);
    return av->avcodec_find_encoder(id);
}

/* Some containers have no list of what they take: then they may. */
static bool takes(const fov_av *av, const AVOutputFormat *container, enum AVCodecID id)
{
    return av->avformat_query_codec(container, id, FF_COMPLIANCE_NORMAL) != 0;
}

static bool has_format(const AVCodec *codec, enum AVPixelFormat format)
{
    for (const enum AVPixelFormat *f = codec->pix_fmts; f && *f != AV_PIX_FMT_NONE; f++)
        if (*f == format) return true;
    return !codec->pix_fmts;
}

static void choose_format(const fov_reader *r, const AVCodec *codec, AVCodecContext *c, fov_text *warnings)
{
    const enum AVPixelFormat from = r->decoder->pix_fmt;
    c->pix_fmt = has_format(codec, from) ? from : r->av->avcodec_find_best_pix_fmt_of_list(codec->pix_fmts, from, 0, NULL);
    if (c->pix_fmt != from) fov_text_print(warnings, "frames are converted to a pixel format that %s takes\n", codec->name);
}

/* Everything by which a player tells how the pictures look and when they come. */
static void describe(const fov_reader *r, const AVOutputFormat *container, AVCodecContext *c)
{
    const AVCodecContext *d = r->decoder;
    c->width = d->width;
    c->height = d->height;
    c->sample_aspect_ratio = r->stream->sample_aspect_ratio.num ? r->stream->sample_aspect_ratio : d->sample_aspect_ratio;
    c->time_base = r->stream->time_base;
    c->framerate = r->av->av_guess_frame_rate(r->in, r->stream, NULL);
    c->color_range = d->color_range;
    c->color_primaries = d->color_primaries;
    c->color_trc = d->color_trc;
    c->colorspace = d->colorspace;
    c->chroma_sample_location = d->chroma_sample_location;
    c->thread_count = 0;
    c->field_order = r->stream->codecpar->field_order;
    if (c->field_order > AV_FIELD_PROGRESSIVE) c->flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
    if (container->flags & AVFMT_GLOBALHEADER) c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (r->stream->codecpar->codec_tag == MKTAG('h', 'v', 'c', '1') && c->codec_id == AV_CODEC_ID_HEVC)
        c->codec_tag = r->stream->codecpar->codec_tag; /* without it, some players show nothing */
}

static void set_quality(const fov_av *av, const recipe *how, const fov_video_options *o, AVCodecContext *c, AVDictionary **settings)
{
    const char *preset = o->preset ? o->preset : how ? how->preset : NULL;
    if (preset) av->av_dict_set(settings, "preset", preset, 0);
    if (!how) {
        c->flags |= AV_CODEC_FLAG_QSCALE;
        c->global_quality = FF_QP2LAMBDA * (o->quality ? o->quality : QUANTISER);
        return;
    }
    av->av_dict_set_int(settings, "crf", o->quality ? o->quality : how->crf, 0);
    if (how->codec == AV_CODEC_ID_VP8) c->bit_rate = VPX_MOST_BITS; /* it takes a quality within a rate only */
    for (int i = 0; i < 2 && how->extra[i][0]; i++) av->av_dict_set(settings, how->extra[i][0], how->extra[i][1], 0);
}

static fov_status open_one(const fov_reader *r, const AVCodec *codec, const AVOutputFormat *container, const fov_video_options *o,
                           fov_text *warnings, AVCodecContext **encoder, fov_error *err)
{
    AVDictionary   *settings = NULL;
    AVCodecContext *c = *encoder = r->av->avcodec_alloc_context3(codec);
    if (!c) return fov_fail_memory(err, r->path);
    describe(r, container, c);
    choose_format(r, codec, c, warnings);
    set_quality(r->av, recipe_of(codec->name), o, c, &settings);
    const int code = r->av->avcodec_open2(c, codec, &settings);
    r->av->av_dict_free(&settings);
    if (code >= 0) return FOV_OK;
    r->av->avcodec_free_context(encoder);
    if (code == AVERROR(ENOMEM)) return fov_fail_memory(err, r->path);
    return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: %s cannot encode it with these settings: name another with --codec", r->path,
                    codec->name);
}

static fov_status open_named(const fov_reader *r, const AVOutputFormat *container, const fov_video_options *o, fov_text *warnings,
                             AVCodecContext **encoder, fov_error *err)
{
    const AVCodec *codec = r->av->avcodec_find_encoder_by_name(o->codec);
    if (!codec || codec->type != AVMEDIA_TYPE_VIDEO)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: this FFmpeg has no video encoder of this name", o->codec);
    if (!takes(r->av, container, codec->id))
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: a file of kind %s does not take what it encodes", o->codec, container->name);
    return open_one(r, codec, container, o, warnings, encoder, err);
}

fov_status fov_encoder_open(const fov_reader *r, const AVOutputFormat *container, const fov_video_options *o, fov_text *warnings,
                            AVCodecContext **encoder, fov_error *err)
{
    const enum AVCodecID own = r->stream->codecpar->codec_id;
    *encoder = NULL;
    if (o->codec) return open_named(r, container, o, warnings, encoder, err);
    const AVCodec *codec = takes(r->av, container, own) ? encoder_for(r->av, own) : NULL;
    if (codec && !open_one(r, codec, container, o, warnings, encoder, err)) return FOV_OK;
    const enum AVCodecID other = takes(r->av, container, AV_CODEC_ID_H264) ? AV_CODEC_ID_H264 : container->video_codec;
    codec = encoder_for(r->av, other);
    if (!codec)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: this FFmpeg has no encoder for %s, nor for %s: name one with --codec",
                        r->path, r->av->avcodec_get_name(own), r->av->avcodec_get_name(other));
    fov_text_print(warnings, "encoded as %s: this FFmpeg cannot write its %s into a file of kind %s\n",
                   r->av->avcodec_get_name(other), r->av->avcodec_get_name(own), container->name);
    return open_one(r, codec, container, o, warnings, encoder, err);
}
