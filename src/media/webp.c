// SPDX-License-Identifier: MIT
/* WebP by libwebp: lossy, lossless, alpha laid over white; of an animation, the first frame. */
#include "media/media.h"

#include "base/alloc.h"
#include "media/stored_orientation.h"

#include <stdio.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

typedef struct webp_reader {
    WebPDemuxer             *demux;
    WebPIterator             frame;
    bool                     whole; /* the file is as long as it says */
    const fov_encoded       *in;
    const fov_photo_options *options;
    fov_photo               *photo;
    uint8_t                 *rgba; /* the frame, where it has alpha; else NULL */
    fov_error               *err;
} webp_reader;

static bool recognise(const fov_encoded *in)
{
    return in->size >= 12 && !memcmp(in->data, "RIFF", 4) && !memcmp(in->data + 8, "WEBP", 4);
}

static fov_status open_webp(webp_reader *r)
{
    WebPData       data = {r->in->data, r->in->size};
    WebPDemuxState state;
    r->demux = WebPDemuxPartial(&data, &state);
    r->whole = state == WEBP_DEMUX_DONE;
    if (!r->demux)
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: damaged WebP: %s", r->in->name,
                        state == WEBP_DEMUX_PARSE_ERROR ? "its chunks make no sense" : "truncated within its header");
    if (!WebPDemuxGetFrame(r->demux, 1, &r->frame))
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: damaged WebP: no picture in %zu bytes", r->in->name, r->in->size);
    return FOV_OK;
}

static fov_status reserve(webp_reader *r)
{
    const int64_t width = WebPDemuxGetI(r->demux, WEBP_FF_CANVAS_WIDTH), height = WebPDemuxGetI(r->demux, WEBP_FF_CANVAS_HEIGHT);
    const WebPIterator *f = &r->frame;
    fov_status          st = fov_photo_reserve(r->photo, width, height, r->options, r->in->name, r->err);
    if (st) return st;
    if (f->x_offset < 0 || f->y_offset < 0 || f->width < 1 || f->height < 1 || f->width > width - f->x_offset ||
        f->height > height - f->y_offset)
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: damaged WebP: a frame of %d x %d at (%d, %d) in a picture of %lld x %lld",
                        r->in->name, f->width, f->height, f->x_offset, f->y_offset, (long long)width, (long long)height);
    memset(r->photo->pixels, 255, 3 * (size_t)width * (size_t)height); /* around a smaller frame */
    if (!f->has_alpha) return FOV_OK;
    r->rgba = fov_alloc_array((size_t)f->width * (size_t)f->height, 4);
    return r->rgba ? FOV_OK : fov_fail_memory(r->err, "a WebP with alpha");
}

static uint8_t *photo_row(const webp_reader *r, int y)
{
    return r->photo->pixels + 3 * ((size_t)(r->frame.y_offset + y) * (size_t)r->photo->width + (size_t)r->frame.x_offset);
}

/* @param rows out: how many rows came out whole */
static VP8StatusCode read_rows(webp_reader *r, int *rows)
{
    WebPDecoderConfig config;
    *rows = 0;
    if (!WebPInitDecoderConfig(&config)) return VP8_STATUS_INVALID_PARAM;
    config.output.colorspace = r->rgba ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA =
        (WebPRGBABuffer){.rgba = r->rgba ? r->rgba : photo_row(r, 0), .stride = r->rgba ? 4 * r->frame.width : 3 * r->photo->width};
    config.output.u.RGBA.size =
        (size_t)config.output.u.RGBA.stride * (size_t)(r->frame.height - 1) + (r->rgba ? 4 : 3) * (size_t)r->frame.width;
    WebPIDecoder *decoder = WebPIDecode(NULL, 0, &config);
    if (!decoder) return VP8_STATUS_OUT_OF_MEMORY;
    VP8StatusCode code = WebPIAppend(decoder, r->frame.fragment.bytes, r->frame.fragment.size);
    if (!WebPIDecGetRGB(decoder, rows, NULL, NULL, NULL)) *rows = 0;
    if (code == VP8_STATUS_OK) *rows = r->frame.height;
    WebPIDelete(decoder);
    return code;
}

static fov_status finish(webp_reader *r, VP8StatusCode code, int rows)
{
    char           what[160];
    const uint32_t frames = WebPDemuxGetI(r->demux, WEBP_FF_FRAME_COUNT);
    if (code == VP8_STATUS_OUT_OF_MEMORY) return fov_fail_memory(r->err, "a WebP decoder");
    if (code != VP8_STATUS_OK || !r->whole) {
        snprintf(what, sizeof what, "%s WebP: %d of %d rows could be decoded", r->whole ? "damaged" : "truncated", rows,
                 r->frame.height);
        return fov_photo_damaged(r->photo, r->options, r->in,
                                 rows == r->frame.height ? r->photo->height
                                 : rows < 1              ? 0
                                                         : r->frame.y_offset + rows,
                                 what, r->err);
    }
    if (frames > 1)
        snprintf(r->photo->warning, sizeof r->photo->warning, "animated WebP: only the first frame of %u is used", frames);
    return FOV_OK;
}

static fov_status read_picture(webp_reader *r, int *orientation)
{
    int        rows;
    fov_status st = open_webp(r);
    if (!st) st = reserve(r);
    if (st) return st;
    *orientation = fov_webp_orientation(r->demux);
    VP8StatusCode code = read_rows(r, &rows);
    for (int y = 0; r->rgba && y < rows; y++)
        fov_alpha_over_white(r->rgba + 4 * (size_t)r->frame.width * (size_t)y, photo_row(r, y), (size_t)r->frame.width, 0, 1);
    return finish(r, code, rows);
}

static fov_status decode(const fov_encoded *in, const fov_photo_options *options, fov_photo *photo, int *orientation,
                         fov_error *err)
{
    webp_reader r = {.in = in, .options = options, .photo = photo, .err = err};
    fov_status  st = read_picture(&r, orientation);
    WebPDemuxReleaseIterator(&r.frame);
    WebPDemuxDelete(r.demux);
    fov_free(r.rgba);
    return st;
}

const fov_codec fov_codec_webp = {"WebP", recognise, decode};
