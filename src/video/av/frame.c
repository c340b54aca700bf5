// SPDX-License-Identifier: MIT
#include "video/av/frame.h"

#include "base/alloc.h"
#include "media/media.h"

/* ---------------------------------------------------------------- colours */

/* Shares of red and blue in brightness: ITU-R BT.601, BT.709, BT.2020. What is not told is taken as players take it. */
static void shares_of(const AVFrame *f, float *red, float *blue)
{
    const bool is_2020 = f->colorspace == AVCOL_SPC_BT2020_NCL || f->colorspace == AVCOL_SPC_BT2020_CL;
    const bool is_709 = f->colorspace == AVCOL_SPC_BT709 || (f->colorspace == AVCOL_SPC_UNSPECIFIED && f->height >= 720);
    *red = is_2020 ? 0.2627F : is_709 ? 0.2126F : 0.299F;
    *blue = is_2020 ? 0.0593F : is_709 ? 0.0722F : 0.114F;
}

static bool is_full_range(const AVFrame *f)
{
    return f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P || f->format == AV_PIX_FMT_YUVJ422P ||
           f->format == AV_PIX_FMT_YUVJ444P;
}

static void set_yuv(const AVFrame *f, fov_plane *p, int component)
{
    float       red, blue;
    const bool  full = is_full_range(f);
    const float one = (float)(1 << (p->depth - 8)), most = (float)((1 << p->depth) - 1);
    const float span = (full ? most : (component ? 224 : 219) * one) / 255;
    shares_of(f, &red, &blue);
    const float luma[3] = {red, 1 - red - blue, blue};
    const int   own = component == 1 ? 2 : 0; /* Cb is blue less brightness, Cr red less brightness */
    const float scale = component ? 1 / (2 * (1 - luma[own])) : 1;
    for (int i = 0; i < 3; i++) p->from_rgb[i] = (component ? (i == own) - luma[i] : luma[i]) * scale * span;
    p->from_rgb[3] = component ? 128 * one : full ? 0 : 16 * one;
}

/* ---------------------------------------------------------------- samples */

static bool is_plain(const AVPixFmtDescriptor *d)
{
    const uint64_t others = AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL |
                            AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_FLOAT;
    for (int i = 0; i < d->nb_components; i++)
        if (d->comp[i].depth < 8 || d->comp[i].depth > 16) return false;
    return !(d->flags & others);
}

static fov_plane plane_of(const AVPixFmtDescriptor *d, const AVFrame *f, int component)
{
    const AVComponentDescriptor *c = &d->comp[component];
    const bool                   rgb = d->flags & AV_PIX_FMT_FLAG_RGB, chroma = !rgb && component > 0;
    const int                    log2_x = chroma ? d->log2_chroma_w : 0, log2_y = chroma ? d->log2_chroma_h : 0;
    fov_plane                    p = {.data = f->data[c->plane] + c->offset,
                                      .pitch = f->linesize[c->plane],
                                      .step = c->step,
                                      .bytes = c->depth > 8 ? 2 : 1,
                                      .shift = c->shift,
                                      .depth = c->depth,
                                      .width = AV_CEIL_RSHIFT(f->width, log2_x),
                                      .height = AV_CEIL_RSHIFT(f->height, log2_y),
                                      .ratio_x = 1 << log2_x,
                                      .ratio_y = 1 << log2_y};
    if (rgb) p.from_rgb[component] = (float)((1 << p.depth) - 1) / 255;
    else set_yuv(f, &p, component);
    return p;
}

bool fov_frame_surface(const fov_av *av, const AVFrame *f, int orientation, fov_surface *s)
{
    const AVPixFmtDescriptor *d = av->av_pix_fmt_desc_get(f->format);
    if (!d || !is_plain(d)) return false;
    *s = (fov_surface){.width = f->width, .height = f->height, .orientation = orientation, .planes = d->nb_components};
    if (d->flags & AV_PIX_FMT_FLAG_ALPHA) s->planes--; /* the last; what is transparent stays so */
    for (int i = 0; i < s->planes; i++) s->plane[i] = plane_of(d, f, i);
    return true;
}

/* ---------------------------------------------------------------- other formats */

enum { PLANES = 4 }; /* libswscale reads so many pointers and pitches, whatever the format has */

static fov_status scale_into(const fov_av *av, const AVFrame *f, enum AVPixelFormat format, uint8_t *const data[static PLANES],
                             const int pitch[static PLANES], fov_error *err)
{
    struct SwsContext *sws =
        av->sws_getContext(f->width, f->height, f->format, f->width, f->height, format, SWS_BILINEAR, NULL, NULL, NULL);
    if (!sws) return fov_fail(err, FOV_ERR_UNSUPPORTED, "a frame's pixel format %d cannot be converted", f->format);
    av->sws_scale(sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height, data, pitch);
    av->sws_freeContext(sws);
    return FOV_OK;
}

fov_status fov_frame_convert(const fov_av *av, const AVFrame *f, enum AVPixelFormat format, AVFrame **out, fov_error *err)
{
    AVFrame *to = *out = av->av_frame_alloc();
    if (!to) return fov_fail_memory(err, "a frame");
    to->format = format;
    to->width = f->width;
    to->height = f->height;
    fov_status st =
        av->av_frame_copy_props(to, f) < 0 || av->av_frame_get_buffer(to, 0) < 0 ? fov_fail_memory(err, "a frame") : FOV_OK;
    if (!st) st = scale_into(av, f, format, to->data, to->linesize, err);
    if (st) av->av_frame_free(out);
    return st;
}

fov_status fov_frame_photo(const fov_av *av, const AVFrame *f, int orientation, fov_photo **out, fov_error *err)
{
    fov_photo *photo = *out = fov_calloc(1, sizeof *photo);
    if (!photo) return fov_fail_memory(err, "a frame");
    fov_status st = fov_photo_reserve(photo, f->width, f->height, NULL, "a frame", err);
    if (!st) {
        uint8_t *const data[PLANES] = {photo->pixels};
        const int      pitch[PLANES] = {3 * f->width};
        st = scale_into(av, f, AV_PIX_FMT_RGB24, data, pitch, err);
    }
    if (!st) st = fov_photo_orient(photo, orientation, err);
    if (!st) return FOV_OK;
    fov_photo_free(photo);
    *out = NULL;
    return st;
}
