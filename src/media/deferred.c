// SPDX-License-Identifier: MIT
#include "media/deferred.h"

#include "base/alloc.h"

/* Above this libjpeg's threads are no worse, for they may decode at less than the full size, and the memory elsewhere counts. */
static const int64_t MOST_PIXELS = 4 << 20;

void fov_deferred_free(struct fov_deferred *d)
{
    if (!d) return;
    fov_buffer_clear(&d->file);
    fov_free(d->name);
    fov_free(d);
}

/* Sizes are within the limits, and libjpeg would decode the photo at its full size too, so that it does not matter who does. */
static bool suits(const fov_encoded *in, const fov_photo_options *options, fov_jpeg_header *header)
{
    if (fov_jpeg_header_read(in, header, NULL) || !header->baseline || header->scans != 1) return false;
    if (fov_photo_check_limits(header->width, header->height, options, in->name, NULL)) return false;
    const bool swapped = !options->keep_orientation && fov_orientation_swaps_sides(header->orientation);
    const int  width = swapped ? header->height : header->width, height = swapped ? header->width : header->height;
    return (int64_t)width * height <= MOST_PIXELS && fov_jpeg_eighths(width, height, options) == FOV_PHOTO_EIGHTHS;
}

fov_status fov_photo_defer(fov_buffer *file, const char *name, const fov_photo_options *options, fov_photo **out, fov_error *err)
{
    const fov_encoded in = {file->data, file->size, name};
    fov_jpeg_header   header;
    *out = NULL;
    if (!suits(&in, options, &header)) return FOV_OK;
    fov_photo           *photo = fov_calloc(1, sizeof *photo);
    struct fov_deferred *d = fov_calloc(1, sizeof *d);
    char                *copy = fov_strdup(name);
    if (!photo || !d || !copy) {
        fov_free(photo);
        fov_free(d);
        fov_free(copy);
        return fov_fail_memory(err, name);
    }
    if (options->keep_orientation) header.orientation = 1;
    const bool swapped = fov_orientation_swaps_sides(header.orientation);
    *d = (struct fov_deferred){*file, copy, {file->data, file->size, copy}, header, *options};
    d->options.defer = false;
    *file = (fov_buffer){0};
    photo->deferred = d;
    photo->full_width = swapped ? header.height : header.width;
    photo->full_height = swapped ? header.width : header.height;
    photo->full = (fov_part){0, 0, photo->full_width, photo->full_height};
    *out = photo;
    return FOV_OK;
}

fov_status fov_photo_finish(fov_photo *photo, fov_error *err)
{
    struct fov_deferred *d = photo->deferred;
    fov_photo           *decoded;
    if (!d) return FOV_OK;
    fov_status st = fov_photo_decode(d->in.data, d->in.size, d->name, &d->options, &decoded, err);
    if (st) return st;
    *photo = *decoded;
    fov_free(decoded);
    fov_deferred_free(d);
    return FOV_OK;
}
