// SPDX-License-Identifier: MIT
/* A file or bytes in memory -> an upright RGB8 photo, by whichever codec knows the content. */
#include "media/media.h"

#include "base/alloc.h"
#include "media/deferred.h"

#include <string.h>

#define FOV_CODEC(codec) extern const fov_codec codec;
#include "media/formats.def"
#undef FOV_CODEC

static const fov_codec *const codecs[] = {
#define FOV_CODEC(codec) &codec,
#include "media/formats.def"
#undef FOV_CODEC
};

enum { N_CODECS = sizeof codecs / sizeof *codecs, MAX_FILE_BYTES = 1 << 30 };

static const fov_codec *find_codec(const fov_encoded *in)
{
    for (size_t i = 0; i < N_CODECS; i++)
        if (codecs[i]->recognise(in)) return codecs[i];
    return NULL;
}

bool fov_photo_wanted(const unsigned char *start, size_t bytes)
{
    return find_codec(&(fov_encoded){.data = start, .size = bytes});
}

static fov_status fail_unknown(const fov_encoded *in, fov_error *err)
{
    bool        picture;
    const char *kind = fov_looks_like(in->data, in->size, &picture);
    if (picture)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: looks like %s, which is not read here: convert it to JPEG, PNG or WebP",
                        in->name, kind);
    return fov_fail(err, FOV_ERR_FORMAT, "%s: not a JPEG, PNG or WebP picture, it looks like %s (%zu bytes%s)", in->name, kind,
                    in->size, in->size == FOV_FILE_START ? " or more" : "");
}

static fov_status decode_into(const fov_encoded *in, const fov_photo_options *options, fov_photo *photo, fov_error *err)
{
    int              orientation = 1;
    const fov_codec *codec = find_codec(in);
    if (!codec) return fail_unknown(in, err);
    fov_status st = codec->decode(in, options, photo, &orientation, err);
    if (!st && !orientation) st = fov_fail_memory(err, in->name);
    if (st || (options && options->keep_orientation)) return st;
    return fov_photo_orient(photo, orientation, err);
}

fov_status fov_photo_decode(const void *data, size_t bytes, const char *name, const fov_photo_options *options, fov_photo **out,
                            fov_error *err)
{
    const fov_encoded in = {data, bytes, name ? name : "picture in memory"};

    *out = NULL;
    if (!data && bytes) return fov_fail(err, FOV_ERR_ARGUMENT, "%s: %zu bytes at NULL", in.name, bytes);
    fov_photo *photo = fov_calloc(1, sizeof *photo);
    if (!photo) return fov_fail_memory(err, in.name);
    fov_status st = decode_into(&in, options, photo, err);
    if (st) {
        fov_photo_free(photo);
        return st;
    }
    *out = photo;
    return FOV_OK;
}

static fov_status read_photo(const char *path, fov_buffer *file, fov_error *err)
{
    if (!path) return fov_fail(err, FOV_ERR_ARGUMENT, "no path to a photo was given");
    return fov_file_read_if(path, fov_photo_wanted, MAX_FILE_BYTES, file, err);
}

fov_status fov_photo_read(const char *path, void **data, size_t *bytes, fov_error *err)
{
    fov_buffer file = {0};
    *data = NULL;
    *bytes = 0;
    const fov_status st = read_photo(path, &file, err);
    if (st) return st;
    *data = file.data;
    *bytes = file.size;
    return FOV_OK;
}

fov_status fov_photo_load(const char *path, const fov_photo_options *options, fov_photo **photo, fov_error *err)
{
    fov_buffer file;

    *photo = NULL;
    fov_status st = read_photo(path, &file, err);
    if (st) return st;
    const char *name = strcmp(path, "-") ? path : "standard input";
    if (options && options->defer) st = fov_photo_defer(&file, name, options, photo, err);
    if (!st && !*photo) st = fov_photo_decode(file.data, file.size, name, options, photo, err);
    fov_buffer_clear(&file);
    return st;
}
