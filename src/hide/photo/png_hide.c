// SPDX-License-Identifier: MIT
/* PNG: pixels at the depth and in the colours of the file, of which a palette, fewer than 8 bits or a colour that stands for
 * nothing could not hold what hides a face and are widened; around them the chunks that the standard knows, as they are. Frames of
 * an animation, private chunks and provenance (caBX), which may show the faces, do not stay, nor does text in which programs keep
 * EXIF by their own conventions. */
#include "hide/photo/photo_hide.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "hide/metadata/metadata.h"
#include "hide/photo/unpack.h"
#include "media/png_memory.h"
#include "media/stored_orientation.h"

#include <string.h>
#include <zlib.h>

enum { SIGNATURE_BYTES = 8, CHUNK_BYTES = 12 /* around the data: length, type, checksum */ };

typedef struct pixels {
    struct spng_ihdr header; /* of the new file */
    uint8_t         *data;
    size_t           size;
    int              format, channels;
    bool             widened;
} pixels;

static fov_status fail_png(const fov_photo_hiding *h, int code)
{
    if (fov_png_out_of_memory()) return fov_fail_memory(h->err, h->in->name);
    return fov_fail(h->err, FOV_ERR_FORMAT, "%s: damaged PNG: %s; no face can be hidden in it", h->in->name, spng_strerror(code));
}

/* ---------------------------------------------------------------- pixels */

static void choose_format(spng_ctx *ctx, pixels *p)
{
    static const unsigned char channels[] = {[SPNG_COLOR_TYPE_GRAYSCALE] = 1,
                                             [SPNG_COLOR_TYPE_TRUECOLOR] = 3,
                                             [SPNG_COLOR_TYPE_GRAYSCALE_ALPHA] = 2,
                                             [SPNG_COLOR_TYPE_TRUECOLOR_ALPHA] = 4};
    struct spng_trns           transparent;
    const bool                 palette = p->header.color_type == SPNG_COLOR_TYPE_INDEXED, alpha = !spng_get_trns(ctx, &transparent);
    const bool                 deep = p->header.bit_depth > 8;
    p->widened = palette || alpha || p->header.bit_depth < 8;
    p->format = SPNG_FMT_PNG;
    p->header.interlace_method = 0;
    if (p->widened) {
        p->header.bit_depth = deep ? 16 : 8;
        p->header.color_type = alpha     ? SPNG_COLOR_TYPE_TRUECOLOR_ALPHA
                               : palette ? SPNG_COLOR_TYPE_TRUECOLOR
                                         : SPNG_COLOR_TYPE_GRAYSCALE;
        p->format = alpha ? (deep ? SPNG_FMT_RGBA16 : SPNG_FMT_RGBA8) : palette ? SPNG_FMT_RGB8 : SPNG_FMT_G8;
    }
    p->channels = channels[p->header.color_type];
}

/* @param st out: what is not libspng's to say */
static int decode(const fov_photo_hiding *h, spng_ctx *ctx, pixels *p, fov_status *st)
{
    int code = fov_png_open(ctx, h->in->data, h->in->size);
    if (!code) code = spng_get_ihdr(ctx, &p->header);
    if (code) return code;
    *st = fov_photo_check_limits(p->header.width, p->header.height, NULL, h->in->name, h->err);
    if (*st) return 0;
    choose_format(ctx, p);
    code = spng_decoded_image_size(ctx, p->format, &p->size);
    if (code) return code;
    if (!(p->data = fov_alloc(p->size))) {
        *st = fov_fail_memory(h->err, h->in->name);
        return 0;
    }
    code = spng_decode_image(ctx, p->data, p->size, p->format, p->widened ? SPNG_DECODE_TRNS : 0);
    return code ? code : spng_decode_chunks(ctx);
}

static fov_status read_pixels(const fov_photo_hiding *h, pixels *p, int *orientation)
{
    spng_ctx  *ctx = fov_png_context(0);
    fov_status st = FOV_OK;
    if (!ctx) return fov_fail_memory(h->err, "a PNG decoder");
    const int code = decode(h, ctx, p, &st);
    if (code) st = fail_png(h, code);
    *orientation = fov_png_orientation(ctx);
    spng_ctx_free(ctx);
    return st;
}

static fov_plane plane_of(const pixels *p, int channel)
{
    const int width = (int)p->header.width, bytes = p->header.bit_depth / 8;
    return (fov_plane){.data = p->data + (ptrdiff_t)channel * bytes,
                       .pitch = (ptrdiff_t)width * p->channels * bytes,
                       .step = p->channels * bytes,
                       .bytes = bytes,
                       .depth = p->header.bit_depth,
                       .width = width,
                       .height = (int)p->header.height,
                       .ratio_x = 1,
                       .ratio_y = 1};
}

static fov_status hide_faces(const fov_photo_hiding *h, const pixels *p, int orientation)
{
    static const float gray[3] = {0.299F, 0.587F, 0.114F};
    const bool         coloured = p->channels > 2, transparent = p->channels % 2 == 0;
    const float        scale = p->header.bit_depth > 8 ? 257 : 1;
    fov_surface        s = {
               .width = (int)p->header.width, .height = (int)p->header.height, .orientation = orientation, .planes = coloured ? 3 : 1};
    for (int c = 0; c < s.planes; c++) {
        s.plane[c] = plane_of(p, c);
        for (int i = 0; i < 3; i++) s.plane[c].from_rgb[i] = coloured ? (i == c ? scale : 0) : gray[i] * scale;
    }
    if (transparent) s.alpha = plane_of(p, s.planes);
    return fov_photo_hide_faces(h, &s);
}

static fov_status encode(const fov_photo_hiding *h, pixels *p, fov_buffer *out)
{
    spng_ctx *ctx = fov_png_context(SPNG_CTX_ENCODER);
    if (!ctx) return fov_fail_memory(h->err, "a PNG encoder");
    int code = spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    if (!code) code = spng_set_ihdr(ctx, &p->header);
    if (!code) code = spng_encode_image(ctx, p->data, p->size, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    if (!code) out->data = spng_get_png_buffer(ctx, &out->size, &code);
    spng_ctx_free(ctx);
    return code ? fail_png(h, code) : FOV_OK;
}

/* ---------------------------------------------------------------- chunks */

typedef struct chunk {
    const unsigned char *start, *type, *data;
    size_t               size; /* of the data */
} chunk;

static size_t length_at(const unsigned char *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static bool next_chunk(fov_bytes *in, chunk *c)
{
    c->start = fov_bytes_take(in, 8);
    if (!c->start) return false;
    c->size = length_at(c->start);
    c->type = c->start + 4;
    c->data = c->start + 8;
    return fov_bytes_take(in, c->size) && fov_bytes_take(in, 4);
}

static bool is_in(const char *list, const unsigned char *type)
{
    for (; *list; list += 5)
        if (!memcmp(list, type, 4)) return true;
    return false;
}

static bool is(const chunk *c, const char *type)
{
    return !memcmp(c->type, type, 4);
}

/* As libspng, which looks at the first chunk of a kind only, and not even at that one where its checksum is wrong. */
static bool is_sound(const chunk *c)
{
    return crc32_z(0, c->type, 4 + c->size) == length_at(c->data + c->size);
}

static void add_whole(fov_text *out, const chunk *c)
{
    fov_text_add(out, c->start, c->size + CHUNK_BYTES);
}

static void add_chunk(fov_text *out, const unsigned char *type, const unsigned char *data, size_t size)
{
    const unsigned char length[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8),
                                     (unsigned char)size};
    const uLong         sum = crc32_z(crc32_z(0, type, 4), data, size);
    const unsigned char check[4] = {(unsigned char)(sum >> 24), (unsigned char)(sum >> 16), (unsigned char)(sum >> 8),
                                    (unsigned char)sum};
    fov_text_add(out, length, 4);
    fov_text_add(out, type, 4);
    fov_text_add(out, data, size);
    fov_text_add(out, check, 4);
}

/* Behind the keyword: of iCCP and zTXt how it is packed, of iTXt whether it is, how, and two more names. NULL: it is not packed. */
static const unsigned char *packed_part(const chunk *c)
{
    const unsigned char *end = c->data + c->size, *zero = memchr(c->data, 0, c->size);
    if (!zero || is(c, "tEXt")) return NULL;
    if (is(c, "iCCP") || is(c, "zTXt")) return end - zero > 2 ? zero + 2 : NULL;
    if (!is(c, "iTXt") || end - zero < 3 || !zero[1]) return NULL;
    zero += 2;
    for (int i = 0; zero && i < 2; i++) zero = memchr(zero + 1, 0, (size_t)(end - zero) - 1);
    return zero ? zero + 1 : NULL;
}

/* What cannot be looked into might be one. @param out fails without memory */
static bool is_picture(const chunk *c, fov_text *out)
{
    const unsigned char *packed = packed_part(c);
    fov_text             text = {0};
    bool                 picture = fov_holds_picture(c->data, c->size);
    if (packed && !picture)
        picture = !fov_unpack(packed, (size_t)(c->data + c->size - packed), &text) || fov_holds_picture(text.data, text.size);
    if (text.failed) out->failed = true;
    fov_text_clear(&text);
    return picture;
}

static void add_exif(fov_text *out, const chunk *c, bool location)
{
    unsigned char  instead[FOV_EXIF_ORIENTATION_BYTES];
    unsigned char *block = fov_alloc(c->size);
    if (!block) {
        out->failed = true;
        return;
    }
    memcpy(block, c->data, c->size);
    const fov_buffer kept = fov_photo_exif(block, c->size, location, instead);
    if (kept.data) add_chunk(out, c->type, kept.data, kept.size);
    else out->failed = true;
    fov_free(block);
}

/* iTXt: keyword NUL, compressed or not, method, language NUL, keyword in it NUL, text. Compressed, it cannot be looked into. */
static void add_xmp(fov_text *out, const chunk *c, size_t keyword, bool location)
{
    fov_bytes   in = {c->data, c->size, keyword + 1};
    const void *flags = fov_bytes_take(&in, 2);
    if (!flags || *(const unsigned char *)flags) return;
    for (int i = 0; i < 2; i++) {
        const unsigned char *rest = in.data + in.pos, *end = memchr(rest, 0, fov_bytes_left(&in));
        if (!end) return;
        in.pos += (size_t)(end - rest) + 1;
    }
    unsigned char *data = fov_alloc(c->size);
    if (!data) {
        out->failed = true;
        return;
    }
    memcpy(data, c->data, c->size);
    if (fov_xmp_clean((char *)data + in.pos, c->size - in.pos, location)) add_chunk(out, c->type, data, c->size);
    fov_free(data);
}

static void add_text(fov_text *out, const chunk *c, bool location)
{
    static const char    xmp[] = "XML:com.adobe.xmp", raw[] = "Raw profile type";
    const unsigned char *end = memchr(c->data, 0, c->size);
    const size_t         keyword = end ? (size_t)(end - c->data) : c->size;
    const bool           is_xmp = keyword == sizeof xmp - 1 && !memcmp(c->data, xmp, keyword);
    if (keyword >= sizeof raw - 1 && !memcmp(c->data, raw, sizeof raw - 1)) return;
    if (is_xmp && end) add_xmp(out, c, keyword, location);
    else add_whole(out, c);
}

/* Nothing behind the picture's end: no decoder looks at it. @param before those before the pixels, or those behind */
static void add_kept(const fov_photo_hiding *h, bool widened, bool before, fov_text *out)
{
    static const char kept[] = "cHRM gAMA iCCP sRGB cICP mDCv cLLi pHYs sPLT tIME oFFs pCAL sCAL sTER ";
    static const char of_colours[] = "PLTE tRNS sBIT bKGD hIST "; /* of colours that are no longer so once they were widened */
    static const char texts[] = "tEXt zTXt iTXt ";
    const bool        location = h->hider->options.strip_location;
    bool              seen = false, had_exif = false;
    chunk             c;
    for (fov_bytes in = {h->in->data, h->in->size, SIGNATURE_BYTES}; next_chunk(&in, &c) && !is(&c, "IEND");) {
        const bool exif = !had_exif && is(&c, "eXIf");
        had_exif = had_exif || exif;
        seen = seen || is(&c, "IDAT");
        if (seen == before) continue;
        const bool text = is_in(texts, c.type);
        const bool whole = is_in(kept, c.type) || (!widened && is_in(of_colours, c.type));
        if (exif && is_sound(&c)) add_exif(out, &c, location);
        if ((!text && !whole) || is_picture(&c, out)) continue;
        if (whole) add_whole(out, &c);
        else add_text(out, &c, location);
    }
}

/* The new pixels in the old chunks. */
static fov_status assemble(const fov_photo_hiding *h, bool widened, const fov_buffer *encoded, fov_buffer *out)
{
    fov_text text = {0};
    chunk    c;
    fov_text_add(&text, encoded->data, SIGNATURE_BYTES);
    for (fov_bytes in = {encoded->data, encoded->size, SIGNATURE_BYTES}; next_chunk(&in, &c);) {
        if (is(&c, "IEND")) add_kept(h, widened, false, &text);
        add_whole(&text, &c);
        if (is(&c, "IHDR")) add_kept(h, widened, true, &text);
    }
    if (text.failed) {
        fov_text_clear(&text);
        return fov_fail_memory(h->err, h->in->name);
    }
    *out = (fov_buffer){(unsigned char *)text.data, text.size};
    return FOV_OK;
}

fov_status fov_png_hide(const fov_photo_hiding *h, fov_buffer *out)
{
    pixels     p = {0};
    fov_buffer file = {0};
    int        orientation = 1;
    fov_status st = read_pixels(h, &p, &orientation);
    if (!st) st = hide_faces(h, &p, orientation);
    if (!st) st = encode(h, &p, &file);
    if (!st) st = assemble(h, p.widened, &file, out);
    fov_buffer_clear(&file);
    fov_free(p.data);
    return st;
}
