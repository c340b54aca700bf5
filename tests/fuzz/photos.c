// SPDX-License-Identifier: MIT
#include "photos.h"

#include "base/file.h"
#include "hide/photo/photo_hide.h"
#include "media/deferred.h"
#include "media/media.h"

enum { MAX_PIXELS = 1 << 16, STYLES = 3 };

static fov_status decode(const void *data, size_t bytes, const char *name, const fov_photo_options *options, fov_error *err)
{
    fov_photo *photo = NULL;
    fov_status st = fov_photo_decode(data, bytes, name, options, &photo, err);
    fov_photo_free(photo);
    return st;
}

/* As fov_photo_load() does it. */
static void decode_later(const void *data, size_t bytes, const char *name)
{
    const fov_photo_options options = {.max_pixels = MAX_PIXELS, .defer = true};
    fov_photo              *photo = NULL;
    fov_buffer              file;
    if (fov_file_read(fuzz_file(data, bytes), FUZZ_MAX_BYTES, &file, NULL)) return;
    if (fov_photo_defer(&file, name, &options, &photo, NULL) == FOV_OK && photo) fov_photo_finish(photo, NULL);
    fov_photo_free(photo);
    fov_buffer_clear(&file);
}

fov_status photos_decode(const void *data, size_t bytes, const char *name, fov_error *err)
{
    const fov_photo_options smaller = {.max_pixels = MAX_PIXELS, .fit_width = 20, .fit_height = 20, .keep_orientation = true};
    const fov_photo_options strict = {.max_pixels = MAX_PIXELS, .strict = true};
    fov_status st = decode(data, bytes, name, bytes % 2 ? &strict : &(fov_photo_options){.max_pixels = MAX_PIXELS}, err);
    decode(data, bytes, name, &smaller, NULL);
    decode_later(data, bytes, name);
    return st;
}

/* A file of a size that takes too long says so in its header; more is for the tests of limits. */
static bool is_small(const void *data, size_t bytes, const char *name)
{
    return decode(data, bytes, name, &(fov_photo_options){.max_pixels = MAX_PIXELS}, NULL) != FOV_ERR_LIMIT;
}

fov_status photos_hide(const void *data, size_t bytes, const char *name, fov_error *err)
{
    static const fov_face face[2] = {{.box = {5, 4, 20, 24}, .score = 1}, {.box = {-10, 30, 1000, 44.5F}, .score = 0.6F}};
    const fov_encoded     in = {data, bytes, name};
    fov_hide_options      options = fov_hide_options_default();
    fov_buffer            out = {0};
    if (!is_small(data, bytes, name)) return FOV_OK;
    options.style = (fov_hide_style)(bytes % STYLES);
    options.strip_location = bytes / STYLES % 2;
    fov_status st = fov_photo_hide_encoded(&in, &(fov_faces){2, face}, &options, &out, err);
    fov_buffer_clear(&out);
    return st;
}
