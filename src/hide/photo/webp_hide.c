// SPDX-License-Identifier: MIT
/* WebP: a lossless one stays lossless; a lossy one is encoded again, from the samples that it stores, at the quality that its
 * quantiser tells. Colour profile, EXIF and XMP stay. */
#include "hide/photo/photo_hide.h"

#include "base/alloc.h"
#include "hide/metadata/metadata.h"
#include "hide/photo/webp_quality.h"
#include "media/stored_orientation.h"

#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>
#include <webp/mux.h>

enum { LOSSLESS = 2, METHOD = 4 };

typedef struct webp_hiding {
    const fov_photo_hiding *h;
    WebPBitstreamFeatures   features;
    WebPPicture             picture;
    WebPDemuxer            *demux;
    WebPMemoryWriter        frame;
    WebPMux                *mux;
    WebPData                file;
} webp_hiding;

static fov_status fail(const webp_hiding *w, fov_status code, const char *what)
{
    return fov_fail(w->h->err, code, "%s: %s", w->h->in->name, what);
}

static fov_status open_webp(webp_hiding *w)
{
    const WebPData data = {w->h->in->data, w->h->in->size};
    w->demux = WebPDemux(&data);
    if (!w->demux || WebPGetFeatures(data.bytes, data.size, &w->features) != VP8_STATUS_OK)
        return fail(w, FOV_ERR_FORMAT, "damaged or truncated WebP; no face can be hidden in it");
    if (w->features.has_animation)
        return fail(w, FOV_ERR_UNSUPPORTED, "an animated WebP, of which only one picture would be left: convert it to a video");
    return fov_photo_check_limits(w->features.width, w->features.height, NULL, w->h->in->name, w->h->err);
}

/* ---------------------------------------------------------------- pixels */

static void to_planes(const WebPPicture *p, WebPDecBuffer *out)
{
    out->colorspace = p->a ? MODE_YUVA : MODE_YUV;
    const size_t luma = (size_t)p->y_stride * (size_t)p->height, chroma = (size_t)p->uv_stride * (size_t)((p->height + 1) / 2);
    out->u.YUVA =
        (WebPYUVABuffer){p->y,         p->u,        p->v, p->a,   p->y_stride, p->uv_stride,
                         p->uv_stride, p->a_stride, luma, chroma, chroma,      p->a ? (size_t)p->a_stride * (size_t)p->height : 0};
}

static void to_pixels(const WebPPicture *p, WebPDecBuffer *out)
{
    out->colorspace = MODE_BGRA; /* as 32-bit words of this machine: ARGB */
    out->u.RGBA = (WebPRGBABuffer){(uint8_t *)p->argb, 4 * p->argb_stride, 4 * (size_t)p->argb_stride * (size_t)p->height};
}

static fov_status decode(webp_hiding *w)
{
    WebPDecoderConfig config;
    WebPPicture      *p = &w->picture;
    if (!WebPInitDecoderConfig(&config) || !WebPPictureInit(p)) return fail(w, FOV_ERR_INTERNAL, "libwebp is of another version");
    p->width = w->features.width;
    p->height = w->features.height;
    p->use_argb = w->features.format == LOSSLESS;
    p->colorspace = w->features.has_alpha ? WEBP_YUV420A : WEBP_YUV420;
    if (!WebPPictureAlloc(p)) return fov_fail_memory(w->h->err, w->h->in->name);
    config.output.is_external_memory = 1;
    if (p->use_argb) to_pixels(p, &config.output);
    else to_planes(p, &config.output);
    const VP8StatusCode code = WebPDecode(w->h->in->data, w->h->in->size, &config);
    if (code == VP8_STATUS_OUT_OF_MEMORY) return fov_fail_memory(w->h->err, w->h->in->name);
    return code == VP8_STATUS_OK ? FOV_OK : fail(w, FOV_ERR_FORMAT, "damaged or truncated WebP; no face can be hidden in it");
}

static fov_plane alpha_of(const WebPPicture *p)
{
    if (p->use_argb)
        return (fov_plane){.data = (uint8_t *)p->argb + 3, .pitch = 4 * (ptrdiff_t)p->argb_stride, .step = 4, .ratio_x = 1};
    return (fov_plane){.data = p->a, .pitch = p->a_stride, .step = 1, .ratio_x = 1};
}

/* Pixels may have an alpha that the file says is none: nobody sees it, and nobody is to see it afterwards. */
static void drop_alpha(const WebPPicture *p)
{
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) p->argb[(ptrdiff_t)y * p->argb_stride + x] |= 0xff000000;
}

static fov_surface surface_of_pixels(const WebPPicture *p)
{
    fov_surface s = {.planes = 3};
    for (int c = 0; c < 3; c++) { /* B, G, R */
        s.plane[c] = (fov_plane){.data = (uint8_t *)p->argb + c, .pitch = 4 * (ptrdiff_t)p->argb_stride, .step = 4, .ratio_x = 1};
        s.plane[c].from_rgb[2 - c] = 1;
    }
    return s;
}

static fov_surface surface_of_planes(const WebPPicture *p)
{
    static const float rows[3][4] = {
        {0.2569F, 0.5044F, 0.0979F, 16}, {-0.1483F, -0.2911F, 0.4394F, 128}, {0.4394F, -0.3679F, -0.0715F, 128}};
    uint8_t *const data[3] = {p->y, p->u, p->v};
    fov_surface    s = {.planes = 3};
    for (int c = 0; c < 3; c++) {
        s.plane[c] = (fov_plane){.data = data[c], .pitch = c ? p->uv_stride : p->y_stride, .step = 1, .ratio_x = c ? 2 : 1};
        memcpy(s.plane[c].from_rgb, rows[c], sizeof rows[c]);
    }
    return s;
}

static void complete(const WebPPicture *p, fov_plane *plane)
{
    plane->bytes = 1;
    plane->depth = 8;
    plane->ratio_y = plane->ratio_x;
    plane->width = (p->width + plane->ratio_x - 1) / plane->ratio_x;
    plane->height = (p->height + plane->ratio_y - 1) / plane->ratio_y;
}

static fov_status hide_faces(const webp_hiding *w)
{
    const WebPPicture *p = &w->picture;
    fov_surface        s = p->use_argb ? surface_of_pixels(p) : surface_of_planes(p);
    s.width = p->width;
    s.height = p->height;
    s.orientation = fov_webp_orientation(w->demux);
    for (int c = 0; c < s.planes; c++) complete(p, &s.plane[c]);
    if (w->features.has_alpha) {
        s.alpha = alpha_of(p);
        complete(p, &s.alpha);
    } else if (p->use_argb) {
        drop_alpha(p);
    }
    return fov_photo_hide_faces(w->h, &s);
}

/* ---------------------------------------------------------------- the new file */

static float quality_of(const webp_hiding *w)
{
    WebPIterator frame;
    float        quality = 0;
    if (WebPDemuxGetFrame(w->demux, 1, &frame)) {
        const unsigned char *start = memmem(frame.fragment.bytes, frame.fragment.size, "VP8 ", 4);
        const size_t         header = 8, offset = start ? (size_t)(start - frame.fragment.bytes) + header : frame.fragment.size;
        if (offset < frame.fragment.size) quality = fov_webp_quality(frame.fragment.bytes + offset, frame.fragment.size - offset);
    }
    WebPDemuxReleaseIterator(&frame);
    return quality;
}

static fov_status encode(webp_hiding *w)
{
    WebPConfig config;
    if (!WebPConfigInit(&config)) return fail(w, FOV_ERR_INTERNAL, "libwebp is of another version");
    config.lossless = config.exact = w->picture.use_argb;
    config.quality = config.lossless ? 75 : quality_of(w); /* of a lossless one: how hard it tries */
    config.method = METHOD;
    WebPMemoryWriterInit(&w->frame);
    w->picture.writer = WebPMemoryWrite;
    w->picture.custom_ptr = &w->frame;
    if (WebPEncode(&config, &w->picture)) return FOV_OK;
    if (w->picture.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY) return fov_fail_memory(w->h->err, w->h->in->name);
    return fov_fail(w->h->err, FOV_ERR_UNSUPPORTED, "%s: libwebp cannot write it again (its error %d)", w->h->in->name,
                    (int)w->picture.error_code);
}

static bool set_chunk(webp_hiding *w, const char *name, const void *data, size_t size)
{
    const WebPData chunk = {data, size};
    return WebPMuxSetChunk(w->mux, name, &chunk, 1) == WEBP_MUX_OK;
}

static bool set_exif(webp_hiding *w, unsigned char *block, size_t size)
{
    unsigned char    instead[FOV_EXIF_ORIENTATION_BYTES];
    const fov_buffer kept = fov_photo_exif(block, size, w->h->hider->options.strip_location, instead);
    return kept.data && set_chunk(w, "EXIF", kept.data, kept.size);
}

/* One that is empty says nothing, and libwebpmux does not write it. @return false: no memory */
static bool keep_chunk(webp_hiding *w, const char *name)
{
    const bool        location = w->h->hider->options.strip_location;
    WebPChunkIterator found;
    bool              kept = true;
    if (!WebPDemuxGetChunk(w->demux, name, 1, &found)) return true;
    const size_t   size = found.chunk.size;
    unsigned char *copy = size ? fov_alloc(size) : NULL;
    if (copy) memcpy(copy, found.chunk.bytes, size);
    if (!copy) kept = !size;
    else if (!strcmp(name, "EXIF")) kept = set_exif(w, copy, size);
    else if (!strcmp(name, "XMP ") ? fov_xmp_clean((char *)copy, size, location) : !fov_holds_picture(copy, size))
        kept = set_chunk(w, name, copy, size);
    fov_free(copy);
    WebPDemuxReleaseChunkIterator(&found);
    return kept;
}

static fov_status assemble(webp_hiding *w, fov_buffer *out)
{
    const WebPData frame = {w->frame.mem, w->frame.size};
    w->mux = WebPMuxNew();
    bool made = w->mux && WebPMuxSetImage(w->mux, &frame, 0) == WEBP_MUX_OK && keep_chunk(w, "ICCP") && keep_chunk(w, "EXIF") &&
                keep_chunk(w, "XMP ") && WebPMuxAssemble(w->mux, &w->file) == WEBP_MUX_OK;
    unsigned char *copy = made ? fov_alloc(w->file.size) : NULL;
    if (!copy) return fov_fail_memory(w->h->err, w->h->in->name);
    memcpy(copy, w->file.bytes, w->file.size);
    *out = (fov_buffer){copy, w->file.size};
    return FOV_OK;
}

fov_status fov_webp_hide(const fov_photo_hiding *h, fov_buffer *out)
{
    webp_hiding w = {.h = h};
    fov_status  st = open_webp(&w);
    if (!st) st = decode(&w);
    if (!st) st = hide_faces(&w);
    if (!st) st = encode(&w);
    if (!st) st = assemble(&w, out);
    WebPDataClear(&w.file);
    WebPMuxDelete(w.mux);
    WebPMemoryWriterClear(&w.frame);
    WebPPictureFree(&w.picture);
    WebPDemuxDelete(w.demux);
    return st;
}
