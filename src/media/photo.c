// SPDX-License-Identifier: MIT
/* The photo: pixels that the library owns, and the limits that are checked before they are allocated. */
#include "media/media.h"

#include "base/alloc.h"
#include "media/deferred.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    OVERREAD_BYTES = 64,    /* vector code may read, never use, this much behind the last pixel                             */
    MAX_SIDE = 1000 * 1000, /* resizing takes memory by the side, for every thread: a line of 256 million pixels takes gigabytes */
};

static const uint64_t DEFAULT_MAX_PIXELS = 256 * 1000 * 1000;

static size_t row_bytes(const fov_photo *photo)
{
    return 3 * (size_t)photo->width;
}

fov_status fov_photo_check_limits(int64_t width, int64_t height, const fov_photo_options *options, const char *name, fov_error *err)
{
    uint64_t limit = options && options->max_pixels ? options->max_pixels : DEFAULT_MAX_PIXELS;
    uint64_t pixels, bytes;
    if (width < 1 || height < 1 || width > INT32_MAX || height > INT32_MAX)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: a picture of %lld x %lld pixels cannot be", name, (long long)width,
                        (long long)height);
    if (width > MAX_SIDE || height > MAX_SIDE)
        return fov_fail(err, FOV_ERR_LIMIT, "%s: %lld x %lld pixels, the limit of a side is %d; cut the picture into parts", name,
                        (long long)width, (long long)height, MAX_SIDE);
    if (__builtin_mul_overflow((uint64_t)width, (uint64_t)height, &pixels) || pixels > limit)
        return fov_fail(err, FOV_ERR_LIMIT, "%s: %lld x %lld pixels, the limit is %llu in all; raise it (--max-pixels) to take it",
                        name, (long long)width, (long long)height, (unsigned long long)limit);
    if (__builtin_mul_overflow(pixels, 3, &bytes) || bytes > SIZE_MAX / 2)
        return fov_fail(err, FOV_ERR_LIMIT, "%s: %llu pixels are more than this machine can address", name,
                        (unsigned long long)pixels);
    return FOV_OK;
}

fov_status fov_photo_reserve_smaller(fov_photo *photo, int64_t width, int64_t height, int eighths, const fov_photo_options *options,
                                     const char *name, fov_error *err)
{
    fov_status st = fov_photo_check_limits(width, height, options, name, err);
    if (st) return st;
    photo->full_width = (int)width;
    photo->full_height = (int)height;
    photo->full = (fov_part){0, 0, (double)width * eighths / FOV_PHOTO_EIGHTHS, (double)height * eighths / FOV_PHOTO_EIGHTHS};
    photo->width = (int)ceil(photo->full.width);
    photo->height = (int)ceil(photo->full.height);
    const size_t bytes = row_bytes(photo) * (size_t)photo->height;
    photo->pixels = fov_alloc_aligned(bytes + OVERREAD_BYTES);
    if (!photo->pixels) return fov_fail(err, FOV_ERR_MEMORY, "%s: no memory for %zu pixels", name, bytes / 3);
    memset(photo->pixels + bytes, 0, OVERREAD_BYTES);
    return FOV_OK;
}

fov_status fov_photo_reserve(fov_photo *photo, int64_t width, int64_t height, const fov_photo_options *options, const char *name,
                             fov_error *err)
{
    return fov_photo_reserve_smaller(photo, width, height, FOV_PHOTO_EIGHTHS, options, name, err);
}

bool fov_photo_is_smaller(const fov_photo *photo)
{
    return photo->width != photo->full_width || photo->height != photo->full_height;
}

fov_status fov_photo_damaged(fov_photo *photo, const fov_photo_options *options, const fov_encoded *in, int rows, const char *what,
                             fov_error *err)
{
    if (rows < 1) return fov_fail(err, FOV_ERR_FORMAT, "%s: %s; nothing of the picture could be decoded", in->name, what);
    if (options && options->strict) return fov_fail(err, FOV_ERR_FORMAT, "%s: %s", in->name, what);
    if (rows < photo->height)
        memset(photo->pixels + row_bytes(photo) * (size_t)rows, 0, row_bytes(photo) * (size_t)(photo->height - rows));
    snprintf(photo->warning, sizeof photo->warning, "%s", what);
    return FOV_OK;
}

fov_status fov_photo_new(int width, int height, fov_photo **out, fov_error *err)
{
    const fov_photo_options no_limit = {.max_pixels = UINT64_MAX};

    *out = NULL;
    if (width < 1 || height < 1)
        return fov_fail(err, FOV_ERR_ARGUMENT, "a picture of %d x %d pixels cannot be made: both must be at least 1", width,
                        height);
    fov_photo *photo = fov_calloc(1, sizeof *photo);
    if (!photo) return fov_fail_memory(err, "a picture");
    fov_status st = fov_photo_reserve(photo, width, height, &no_limit, "new picture", err);
    if (st) {
        fov_photo_free(photo);
        return st;
    }
    memset(photo->pixels, 0, row_bytes(photo) * (size_t)height);
    *out = photo;
    return FOV_OK;
}

fov_image fov_photo_image(const fov_photo *photo)
{
    return (fov_image){photo->pixels, photo->width, photo->height, (ptrdiff_t)row_bytes(photo), FOV_RGB8};
}

int fov_photo_width(const fov_photo *photo)
{
    return photo->full_width;
}

int fov_photo_height(const fov_photo *photo)
{
    return photo->full_height;
}

uint8_t *fov_photo_pixels(fov_photo *photo)
{
    return photo->pixels;
}

const char *fov_photo_warning(const fov_photo *photo)
{
    return photo->warning;
}

void fov_photo_free(fov_photo *photo)
{
    if (!photo) return;
    fov_free_aligned(photo->pixels);
    fov_deferred_free(photo->deferred);
    fov_free(photo);
}
