// SPDX-License-Identifier: MIT
/* PNG by libspng: 1 to 16 bits, palette, alpha laid over white, interlaced. */
#include "media/media.h"

#include "base/alloc.h"
#include "media/png_memory.h"
#include "media/stored_orientation.h"

#include <stdio.h>
#include <string.h>

enum {
    SIGNATURE_BYTES = 8,
    CHUNK_HEADER_BYTES = 8, /* length, type; then the data and 4 bytes of checksum */
    CHECKSUM_BYTES = 4,
};

typedef struct png_reader {
    spng_ctx                *ctx;
    struct spng_ihdr         header;
    const fov_encoded       *in;
    const fov_photo_options *options;
    fov_photo               *photo;
    fov_buffer               repaired; /* see repair()                                     */
    bool                     cut;      /* the file ends before its last chunk              */
    int                      broken;   /* what libspng said first: later it only says that it cannot go on */
    uint8_t                 *rgba;     /* one row, where the picture has alpha; else NULL  */
    fov_error               *err;
} png_reader;

static bool recognise(const fov_encoded *in)
{
    return in->size >= 4 && !memcmp(in->data, "\x89PNG", 4);
}

static fov_status fail_png(const png_reader *r, int code)
{
    if (fov_png_out_of_memory()) return fov_fail(r->err, FOV_ERR_MEMORY, "%s: no memory to decode a PNG", r->in->name);
    return fov_fail(r->err, FOV_ERR_FORMAT, "%s: %s PNG: %s", r->in->name, r->cut ? "truncated" : "damaged", spng_strerror(code));
}

static size_t chunk_length(const unsigned char *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Where the chunk begins that the file's end cuts off; false when all are there up to IEND. */
static bool find_cut(const fov_encoded *in, size_t *offset)
{
    *offset = SIGNATURE_BYTES;
    while (*offset <= in->size && in->size - *offset >= CHUNK_HEADER_BYTES) {
        const unsigned char *p = in->data + *offset;
        const size_t         length = chunk_length(p);
        const size_t         left = in->size - *offset - CHUNK_HEADER_BYTES;
        if (left < CHECKSUM_BYTES || length > left - CHECKSUM_BYTES) return true;
        if (!memcmp(p + 4, "IEND", 4)) return false;
        *offset += CHUNK_HEADER_BYTES + length + CHECKSUM_BYTES;
    }
    return true;
}

/* libspng takes no part of a chunk that is not whole, and some encoders put the whole picture into one. So a chunk of pixels
 * that was cut off is given the length it has; its checksum is then meaningless and is not looked at. */
static fov_status repair(png_reader *r)
{
    size_t offset;
    r->cut = find_cut(r->in, &offset);
    if (!r->cut || offset > r->in->size || r->in->size - offset <= CHUNK_HEADER_BYTES ||
        memcmp(r->in->data + offset + 4, "IDAT", 4) != 0)
        return FOV_OK;
    const size_t declared = chunk_length(r->in->data + offset), left = r->in->size - offset - CHUNK_HEADER_BYTES;
    const size_t length = declared < left ? declared : left;
    r->repaired.size = r->in->size + CHECKSUM_BYTES;
    r->repaired.data = fov_alloc(r->repaired.size);
    if (!r->repaired.data) return fov_fail_memory(r->err, r->in->name);
    memcpy(r->repaired.data, r->in->data, r->in->size);
    memset(r->repaired.data + r->in->size, 0, CHECKSUM_BYTES);
    for (int i = 0; i < 4; i++) r->repaired.data[offset + (size_t)i] = (unsigned char)(length >> (24 - 8 * i));
    return FOV_OK;
}

static bool has_alpha(png_reader *r)
{
    struct spng_trns transparent;
    const int        code = spng_get_trns(r->ctx, &transparent); /* reads everything in front of the pixels */
    if (code != SPNG_ECHUNKAVAIL) r->broken = code;
    return r->header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA || r->header.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA ||
           !code;
}

static fov_status open_png(png_reader *r)
{
    const bool       strict = r->options && r->options->strict, repaired = r->repaired.data != NULL;
    const fov_buffer file = repaired ? r->repaired : (fov_buffer){(unsigned char *)(uintptr_t)r->in->data, r->in->size};
    int              code;
    r->ctx = fov_png_context(0);
    if (!r->ctx) return fov_fail_memory(r->err, "a PNG decoder");
    code = spng_set_crc_action(r->ctx, repaired ? SPNG_CRC_USE : SPNG_CRC_ERROR, strict ? SPNG_CRC_ERROR : SPNG_CRC_DISCARD);
    if (!code) code = fov_png_open(r->ctx, file.data, file.size);
    if (!code) code = spng_get_ihdr(r->ctx, &r->header);
    return code ? fail_png(r, code) : FOV_OK;
}

static fov_status reserve(png_reader *r)
{
    fov_status st = fov_photo_reserve(r->photo, r->header.width, r->header.height, r->options, r->in->name, r->err);
    if (st) return st;
    if (has_alpha(r)) {
        r->rgba = fov_alloc_array(r->header.width, 4);
        if (!r->rgba) return fov_fail_memory(r->err, "a row of a PNG");
    }
    if (r->header.interlace_method) /* its rows come seven times, each time a part of the pixels */
        memset(r->photo->pixels, 0, 3 * (size_t)r->header.width * r->header.height);
    return FOV_OK;
}

/* An interlaced row has only the columns of its pass: PNG specification, 8.2. */
static void lay_over_white(const png_reader *r, uint8_t *row, int pass)
{
    static const unsigned char first[7] = {0, 4, 0, 2, 0, 1, 0}, step[7] = {8, 8, 4, 4, 2, 2, 1};
    if (r->header.interlace_method) fov_alpha_over_white(r->rgba, row, r->header.width, first[pass], step[pass]);
    else fov_alpha_over_white(r->rgba, row, r->header.width, 0, 1);
}

/* @param rows out: how many rows hold something of the picture */
static int read_rows(png_reader *r, int *rows)
{
    const size_t width = r->header.width;
    *rows = 0;
    int code =
        spng_decode_image(r->ctx, NULL, 0, r->rgba ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8, SPNG_DECODE_PROGRESSIVE | SPNG_DECODE_TRNS);
    while (!code) {
        struct spng_row_info info;
        code = spng_get_row_info(r->ctx, &info);
        if (code) break;
        uint8_t *row = r->photo->pixels + 3 * width * info.row_num;
        code = spng_decode_row(r->ctx, r->rgba ? r->rgba : row, (r->rgba ? 4 : 3) * width);
        if (code && code != SPNG_EOI) break;
        if (r->rgba) lay_over_white(r, row, info.pass);
        *rows = r->header.interlace_method ? r->photo->height : (int)info.row_num + 1;
    }
    return code == SPNG_EOI ? spng_decode_chunks(r->ctx) : code;
}

static fov_status read_picture(png_reader *r, int *orientation)
{
    char       what[160];
    int        rows;
    fov_status st = repair(r);
    if (!st) st = open_png(r);
    if (!st) st = reserve(r);
    if (st) return st;
    *orientation = fov_png_orientation(r->ctx);
    int code = read_rows(r, &rows);
    if (code && r->broken) code = r->broken;
    if (!code) *orientation = fov_png_orientation(r->ctx);
    if (!code && !r->cut) return FOV_OK;
    if (fov_png_out_of_memory()) return fail_png(r, code);
    snprintf(what, sizeof what, "%s PNG: %s (%d of %d rows have pixels)", r->cut ? "truncated" : "damaged",
             code ? spng_strerror(code) : "its end is missing", rows, r->photo->height);
    return fov_photo_damaged(r->photo, r->options, r->in, rows, what, r->err);
}

static fov_status decode(const fov_encoded *in, const fov_photo_options *options, fov_photo *photo, int *orientation,
                         fov_error *err)
{
    png_reader r = {.in = in, .options = options, .photo = photo, .err = err};
    fov_status st = read_picture(&r, orientation);
    spng_ctx_free(r.ctx);
    fov_buffer_clear(&r.repaired);
    fov_free(r.rgba);
    return st;
}

const fov_codec fov_codec_png = {"PNG", recognise, decode};
