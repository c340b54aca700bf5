// SPDX-License-Identifier: MIT
/* Pictures: bytes -> pixels and back, resampling, drawing. One file a format, one row in formats.def. */
#ifndef FOVEA_MEDIA_MEDIA_H
#define FOVEA_MEDIA_MEDIA_H

#include "base/error.h"
#include "base/file.h"
#include "base/threads.h"

/** A part of a picture, in its pixels from its top left corner: where pixels do not fit exactly, they are cut through. */
typedef struct fov_part {
    double x, y, width, height;
} fov_part;

struct fov_photo {
    int      width, height;
    uint8_t *pixels; /* RGB8, pitch 3 * width; fov_alloc_aligned, FOV_OVERREAD-safe (64 bytes more) */
    int      full_width, full_height;
    fov_part full; /* what of the pixels shows the full photo: all, but where it was decoded smaller and the last ones stick out */
    char     warning[256];
    struct fov_deferred *deferred; /* what the pixels, which are NULL, will be decoded from; NULL: nothing */
};

enum { FOV_PHOTO_EIGHTHS = 8 }; /* sizes at which a photo may be decoded are so many parts of its own */

/** A compressed picture in memory. */
typedef struct fov_encoded {
    const unsigned char *data;
    size_t               size;
    const char          *name; /* for messages */
} fov_encoded;

typedef struct fov_codec {
    const char *name; /* "JPEG" */
    bool (*recognise)(const fov_encoded *in);
    /**
     * Decode to RGB8 as stored. Calls fov_photo_reserve() once the size is known (it enforces max_pixels).
     * @param orientation out: EXIF 1..8, 1 if absent, 0 without memory to tell
     */
    fov_status (*decode)(const fov_encoded *in, const fov_photo_options *options, fov_photo *photo, int *orientation,
                         fov_error *err);
} fov_codec;

/** Is a photo of this size within the limits? FOV_ERR_LIMIT, FOV_ERR_FORMAT for one that cannot be. */
fov_status fov_photo_check_limits(int64_t width, int64_t height, const fov_photo_options *options, const char *name,
                                  fov_error *err);
/** The same, and allocate the pixels, which are not set to anything, and are the full photo. */
fov_status fov_photo_reserve(fov_photo *photo, int64_t width, int64_t height, const fov_photo_options *options, const char *name,
                             fov_error *err);

/**
 * The same for a photo of `width` x `height` that is decoded at `eighths` / 8 of its size, 1 to 8, sides rounded up. The limits are
 * those of the full one.
 */
fov_status fov_photo_reserve_smaller(fov_photo *photo, int64_t width, int64_t height, int eighths, const fov_photo_options *options,
                                     const char *name, fov_error *err);
/** Was it decoded at less than its full size? */
bool fov_photo_is_smaller(const fov_photo *photo);

/**
 * A codec's last word on a damaged file of which `rows` rows could be decoded. Strict, or nothing decoded: FOV_ERR_FORMAT.
 * Otherwise the rows that are missing become black, the photo gets a warning, and all is well.
 * @param what what is wrong with the file, as "truncated after row 17"
 */
fov_status fov_photo_damaged(fov_photo *photo, const fov_photo_options *options, const fov_encoded *in, int rows, const char *what,
                             fov_error *err);

/** Is this a view that can be read? FOV_ERR_ARGUMENT names what is impossible. */
fov_status fov_image_check(const fov_image *image, fov_error *err);
/** Bytes of a pixel: 1, 3 or 4. */
int fov_pixel_bytes(fov_pixel_format format);
/** Pixels of one row as RGB8. */
void fov_image_row_rgb(const fov_image *image, int y, uint8_t *rgb);

/** Lay a row of RGBA8 pixels over white: pixels first, first + step, ... below `width` become RGB8. */
void fov_alpha_over_white(const uint8_t *rgba, uint8_t *rgb, size_t width, size_t first, size_t step);

/** What bytes that no codec recognises seem to be: "a GIF picture", "a text file". @param picture out: is it a kind of picture? */
const char *fov_looks_like(const unsigned char *data, size_t size, bool *picture);

/** fov_file_wanted: begins like a photo. */
bool fov_photo_wanted(const unsigned char *start, size_t bytes);

/** At how many parts of its size libjpeg decodes a photo of this upright size. */
int fov_jpeg_eighths(double width, double height, const fov_photo_options *options);

fov_status fov_jpeg_encode(const fov_image *image, int quality, fov_buffer *out, fov_error *err);
fov_status fov_png_encode(const fov_image *image, fov_buffer *out, fov_error *err);

/** EXIF orientation 1..8 of an APP1/EXIF block; 1 if there is none, 0 without memory to tell. @param data with or without the
 * leading "Exif\0\0" */
int fov_exif_orientation(const unsigned char *data, size_t size);

/** Do width and height change places when a picture of this orientation is turned upright? */
bool fov_orientation_swaps_sides(int orientation);

/** Where the pixels of the upright picture are in the stored one: (x, y) is `first + x * step_x + y * step_y` bytes from its start.
 */
typedef struct fov_walk {
    ptrdiff_t first, step_x, step_y;
} fov_walk;
/** @param width,height of the stored picture; pixel, pitch: bytes to its next pixel and row; an orientation not of 2..8 is none */
fov_walk fov_orientation_walk(int orientation, int width, int height, ptrdiff_t pixel, ptrdiff_t pitch);
/** A place of the upright picture, whose size is given, in the stored one; and back. */
void fov_orientation_stored(int orientation, double width, double height, double *x, double *y);
void fov_orientation_upright(int orientation, double width, double height, double *x, double *y);
/** Turn the pixels upright (EXIF 1..8). */
fov_status fov_photo_orient(fov_photo *photo, int orientation, fov_error *err);

/**
 * The network's input: resize to `scaled_w` x `scaled_h`, place at (left, top) of an out_w x out_h float image, subtract the
 * mean, multiply by scale, fill the rest.
 *
 * The filter is the triangle of Pillow's BILINEAR: separable, pixel centres aligned ((i + 0.5) * in/out - 0.5), support
 * widened by the ratio when shrinking so that no pixel is skipped; equal to OpenCV's INTER_LINEAR when enlarging; none at all
 * when the size is unchanged. Computed in float, no rounding to 8 bits in between.
 */
typedef struct fov_letterbox {
    int      scaled_w, scaled_h, left, top, out_w, out_h;
    float    fill[3];           /* 0..255, in the network's channel order, before mean and scale */
    float    mean[3], scale[3]; /* in the network's channel order */
    bool     bgr;               /* network's channel order */
    fov_part part;              /* of the image that becomes the scaled one; all 0: all of it */
} fov_letterbox;

/**
 * The box must fit: left + scaled_w <= out_w, top + scaled_h <= out_h. The result does not depend on the pool's size.
 * @param out NHWC float, 3 channels, `ld` floats a pixel, of which the first 3 are written
 * @param scratch fov_letterbox_scratch() bytes
 */
void   fov_letterbox_run(const fov_letterbox *box, const fov_image *image, float *out, ptrdiff_t ld, void *scratch, fov_pool *pool);
size_t fov_letterbox_scratch(const fov_letterbox *box, int image_width, int image_height, int threads);

/** Row y of the network's input: out_w pixels of 3 floats, which are the callee's until it returns. Called by several threads. */
typedef void fov_letterbox_sink(void *context, int y, float *row);
/** The same, row by row, each to `sink` as soon as it is made. @param scratch fov_letterbox_rows_scratch() bytes */
void   fov_letterbox_rows(const fov_letterbox *box, const fov_image *image, fov_letterbox_sink *sink, void *context, void *scratch,
                          fov_pool *pool);
size_t fov_letterbox_rows_scratch(const fov_letterbox *box, int image_width, int image_height, int threads);

#endif
