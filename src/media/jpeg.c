// SPDX-License-Identifier: MIT
/* JPEG by libjpeg(-turbo): every subsampling, progressive, gray, RGB, and the two four-colour forms. */
#include "media/media.h"

#include "media/jpeg_guard.h"
#include "media/jpeg_header.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    EXIF_MARKER = JPEG_APP0 + 1,
};

/* How much larger than it is going to be a photo must still be decoded. At 1, the network would get the sharper filter of the DCT
 * in place of the letterbox's, and finds less; from 1.5 on it finds as much (docs/benchmarks.md). */
static const double MARGIN = 1.5;

typedef struct jpeg_reader {
    struct jpeg_decompress_struct info;
    fov_jpeg_guard                guard;
    const fov_encoded            *in;
    const fov_photo_options      *options;
    fov_photo                    *photo;
    int                          *orientation;
    int                           rows; /* written to the photo so far */
    fov_error                    *err;
} jpeg_reader;

static bool recognise(const fov_encoded *in)
{
    return in->size >= 2 && in->data[0] == 0xff && in->data[1] == 0xd8 && (in->size == 2 || in->data[2] == 0xff);
}

static int exif_of(const struct jpeg_decompress_struct *info)
{
    for (jpeg_saved_marker_ptr m = info->marker_list; m; m = m->next)
        if (m->marker == EXIF_MARKER && m->data_length >= 6 && !memcmp(m->data, "Exif\0", 6))
            return fov_exif_orientation(m->data, m->data_length);
    return 1;
}

static fov_status choose_colours(jpeg_reader *r)
{
    switch (r->info.jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_RGB:
    case JCS_YCbCr:
        r->info.out_color_space = JCS_RGB;
        return FOV_OK;
    case JCS_CMYK:
    case JCS_YCCK:
        r->info.out_color_space = JCS_CMYK;
        return FOV_OK;
    default:
        return fov_fail(r->err, FOV_ERR_UNSUPPORTED, "%s: a JPEG with %d colour components of unknown meaning; convert it to RGB",
                        r->in->name, r->info.num_components);
    }
}

/* Adobe's programs store ink inverted (255: none) and say so by their marker; the standard's sense is 255: full. */
static void cmyk_to_rgb(const JSAMPLE *cmyk, bool inverted, uint8_t *rgb, size_t width)
{
    const unsigned flip = inverted ? 0 : 255;
    for (size_t x = 0; x < width; x++, cmyk += 4, rgb += 3)
        for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(((cmyk[c] ^ flip) * (cmyk[3] ^ flip) + 127) / 255);
}

/* The DCT of a block can be undone at a part of its size: the same picture, smaller, for less work. Of all eighths, libjpeg-turbo
 * has vector code for 1, 2 and 4; 3 takes longer than 4, and from 5 on they take longer than the full size. */
int fov_jpeg_eighths(double width, double height, const fov_photo_options *o)
{
    if (!o || o->fit_width < 1 || o->fit_height < 1) return FOV_PHOTO_EIGHTHS;
    const double needed = fmin(o->fit_width / width, o->fit_height / height);
    int          eighths = 1;
    while (eighths < FOV_PHOTO_EIGHTHS && eighths < FOV_PHOTO_EIGHTHS * MARGIN * needed) eighths *= 2;
    return eighths;
}

static int choose_eighths(const jpeg_reader *r)
{
    const fov_photo_options *o = r->options;
    const bool               swapped = o && !o->keep_orientation && fov_orientation_swaps_sides(*r->orientation);
    const double             width = swapped ? r->info.image_height : r->info.image_width;
    const double             height = swapped ? r->info.image_width : r->info.image_height;
    return fov_jpeg_eighths(width, height, o);
}

static fov_status choose_size(jpeg_reader *r)
{
    struct jpeg_decompress_struct *info = &r->info;
    const int                      eighths = choose_eighths(r);
    fov_status                     st =
        fov_photo_reserve_smaller(r->photo, info->image_width, info->image_height, eighths, r->options, r->in->name, r->err);
    if (st) return st;
    info->scale_num = (unsigned)eighths;
    info->scale_denom = FOV_PHOTO_EIGHTHS;
    jpeg_calc_output_dimensions(info);
    assert(info->output_width == (JDIMENSION)r->photo->width && info->output_height == (JDIMENSION)r->photo->height);
    return FOV_OK;
}

static void read_rows(jpeg_reader *r)
{
    struct jpeg_decompress_struct *info = &r->info;
    const size_t                   width = info->output_width;
    const bool                     cmyk = info->out_color_space == JCS_CMYK;
    JSAMPARRAY ink = cmyk ? info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, (JDIMENSION)(4 * width), 1) : NULL;

    while (info->output_scanline < info->output_height) {
        JSAMPROW row = r->photo->pixels + 3 * width * info->output_scanline;
        jpeg_read_scanlines(info, cmyk ? ink : &row, 1);
        if (cmyk) cmyk_to_rgb(ink[0], info->saw_Adobe_marker, row, width);
        r->rows = (int)info->output_scanline;
    }
}

static fov_status read_picture(jpeg_reader *r)
{
    struct jpeg_decompress_struct *info = &r->info;
    jpeg_create_decompress(info);
    fov_jpeg_guard_scans(&r->guard, info);
    jpeg_mem_src(info, r->in->data, r->in->size);
    jpeg_save_markers(info, EXIF_MARKER, 0xffff);
    jpeg_read_header(info, TRUE);
    jpeg_save_markers(info, EXIF_MARKER, 0); /* between scans nobody looks for them */
    r->guard.max_scans = fov_jpeg_max_scans(info->image_width, info->image_height);
    *r->orientation = exif_of(info);

    fov_status st = choose_colours(r);
    if (!st) st = choose_size(r);
    if (st) return st;
    jpeg_start_decompress(info);
    read_rows(r);
    jpeg_finish_decompress(info);
    return FOV_OK;
}

/* The source stands at data it does not own once it has run out and libjpeg feeds itself an end marker. */
static size_t offset_of(const jpeg_reader *r)
{
    const struct jpeg_source_mgr *source = r->info.src;
    if (!source || source->next_input_byte < r->in->data || source->next_input_byte > r->in->data + r->in->size) return r->in->size;
    return (size_t)(source->next_input_byte - r->in->data);
}

static fov_status after_fatal(jpeg_reader *r)
{
    char what[JMSG_LENGTH_MAX + 80];
    if (r->guard.status == FOV_ERR_UNSUPPORTED)
        return fov_fail(r->err, r->guard.status,
                        "%s: a JPEG of a kind that is not read here (%s); convert it to an 8-bit baseline or "
                        "progressive one",
                        r->in->name, r->guard.error);
    if (r->guard.status != FOV_ERR_FORMAT) return fov_fail(r->err, r->guard.status, "%s: JPEG: %s", r->in->name, r->guard.error);
    snprintf(what, sizeof what, "damaged JPEG: %s (at byte %zu of %zu)", r->guard.error, offset_of(r), r->in->size);
    return fov_photo_damaged(r->photo, r->options, r->in, r->rows, what, r->err);
}

static fov_status after_warnings(jpeg_reader *r)
{
    char what[JMSG_LENGTH_MAX + 80];
    snprintf(what, sizeof what, "damaged or truncated JPEG: %s", r->guard.warning);
    return fov_photo_damaged(r->photo, r->options, r->in, r->rows, what, r->err);
}

static fov_status read_guarded(jpeg_reader *r)
{
    r->info.err = fov_jpeg_guard_init(&r->guard);
    if (setjmp(r->guard.escape)) return after_fatal(r);
    fov_status st = read_picture(r);
    return !st && r->guard.base.num_warnings ? after_warnings(r) : st;
}

static fov_status decode(const fov_encoded *in, const fov_photo_options *options, fov_photo *photo, int *orientation,
                         fov_error *err)
{
    jpeg_reader r = {.in = in, .options = options, .photo = photo, .orientation = orientation, .err = err};
    fov_status  st = read_guarded(&r);
    jpeg_destroy_decompress(&r.info);
    return st;
}

const fov_codec fov_codec_jpeg = {"JPEG", recognise, decode};
