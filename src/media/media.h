// SPDX-License-Identifier: MIT
/* Pictures: bytes -> pixels and back, resampling, drawing. One file a format, one row in formats.def. */
#ifndef FOVEA_MEDIA_MEDIA_H
#define FOVEA_MEDIA_MEDIA_H

#include "base/error.h"
#include "base/file.h"
#include "base/threads.h"

struct fov_photo {
    int      width, height;
    uint8_t *pixels; /* RGB8, pitch 3 * width; fov_alloc_aligned, FOV_OVERREAD-safe (64 bytes more) */
    char     warning[256];
};

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
     * @param orientation out: EXIF 1..8, 1 if absent
     */
    fov_status (*decode)(const fov_encoded *in, const fov_photo_options *options, fov_photo *photo, int *orientation, fov_error *err);
} fov_codec;

/** Check the limits and allocate the pixels. */
fov_status fov_photo_reserve(fov_photo *photo, int64_t width, int64_t height, const fov_photo_options *options, const char *name,
                             fov_error *err);

fov_status fov_jpeg_encode(const fov_image *image, int quality, fov_buffer *out, fov_error *err);
fov_status fov_png_encode(const fov_image *image, fov_buffer *out, fov_error *err);

/** EXIF orientation 1..8 of an APP1/EXIF block; 1 if there is none. @param data with or without the leading "Exif\0\0" */
int fov_exif_orientation(const unsigned char *data, size_t size);

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
    int   scaled_w, scaled_h, left, top, out_w, out_h;
    float fill[3];           /* 0..255, in the network's channel order, before mean and scale */
    float mean[3], scale[3]; /* in the network's channel order */
    bool  bgr;               /* network's channel order */
} fov_letterbox;

/**
 * @param out NHWC float, 3 channels, `ld` floats a pixel
 * @param scratch fov_letterbox_scratch() bytes
 */
void   fov_letterbox_run(const fov_letterbox *box, const fov_image *image, float *out, ptrdiff_t ld, void *scratch, fov_pool *pool);
size_t fov_letterbox_scratch(const fov_letterbox *box, int image_width, int image_height, int threads);

#endif
