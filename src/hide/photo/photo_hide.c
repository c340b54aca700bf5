// SPDX-License-Identifier: MIT
#include "hide/photo/photo_hide.h"

#include "hide/metadata/metadata.h"

#include <string.h>

static const struct {
    const fov_codec    *codec;
    fov_photo_hide_run *run;
} formats[] = {
#define FOV_PHOTO_HIDE(codec, run) {&codec, run},
#include "hide/photo/formats.def"
#undef FOV_PHOTO_HIDE
};

enum { N_FORMATS = sizeof formats / sizeof *formats };

fov_status fov_photo_hide_faces(const fov_photo_hiding *h, const fov_surface *surface)
{
    fov_status st = surface->orientation ? FOV_OK : fov_fail_memory(h->err, h->in->name);
    for (size_t i = 0; i < h->faces->count && !st; i++) st = fov_hider_run(h->hider, surface, h->faces->face[i].box, h->err);
    return st;
}

fov_buffer fov_photo_exif(unsigned char *block, size_t size, bool location, unsigned char *instead)
{
    int orientation;
    if (fov_exif_clean(block, size, location, &orientation)) return (fov_buffer){block, size};
    if (!orientation) return (fov_buffer){0};
    fov_exif_orientation_only(orientation, instead);
    return (fov_buffer){instead, FOV_EXIF_ORIENTATION_BYTES};
}

static fov_status hide(const fov_photo_hiding *h, fov_buffer *out)
{
    bool        picture;
    const char *kind;
    for (size_t i = 0; i < N_FORMATS; i++)
        if (formats[i].codec->recognise(h->in)) return formats[i].run(h, out);
    kind = fov_looks_like(h->in->data, h->in->size, &picture);
    return fov_fail(h->err, FOV_ERR_UNSUPPORTED, "%s: looks like %s: faces are hidden in JPEG, PNG and WebP photos", h->in->name,
                    kind);
}

fov_status fov_photo_hide_encoded(const fov_encoded *in, const fov_faces *faces, const fov_hide_options *options, fov_buffer *out,
                                  fov_error *err)
{
    fov_hider hider;
    *out = (fov_buffer){0};
    fov_status st = fov_hider_init(&hider, options, err);
    if (st) return st;
    st = hide(&(fov_photo_hiding){in, faces, &hider, err}, out);
    fov_hider_clear(&hider);
    return st;
}

static fov_status check(const fov_faces *faces, const char *output, fov_error *err)
{
    if (output && faces && (faces->face || !faces->count)) return FOV_OK;
    return fov_fail(err, FOV_ERR_ARGUMENT, "hiding faces in a photo needs faces and a path to write to; one is NULL");
}

fov_status fov_photo_hide_data(const void *data, size_t bytes, const char *name, const fov_faces *faces,
                               const fov_hide_options *options, const char *output, fov_error *err)
{
    const fov_encoded in = {data, bytes, name ? name : "picture in memory"};
    fov_buffer        hidden;
    fov_status        st = check(faces, output, err);
    if (!st && !data && bytes) st = fov_fail(err, FOV_ERR_ARGUMENT, "%s: %zu bytes at NULL", in.name, bytes);
    if (st) return st;
    st = fov_photo_hide_encoded(&in, faces, options, &hidden, err);
    if (!st) st = fov_file_write(output, hidden.data, hidden.size, err);
    fov_buffer_clear(&hidden);
    return st;
}

fov_status fov_photo_hide(const char *path, const fov_faces *faces, const fov_hide_options *options, const char *output,
                          fov_error *err)
{
    void      *data;
    size_t     bytes;
    fov_status st = check(faces, output, err);
    if (!st) st = fov_photo_read(path, &data, &bytes, err);
    if (st) return st;
    st = fov_photo_hide_data(data, bytes, strcmp(path, "-") ? path : "standard input", faces, options, output, err);
    fov_data_free(data);
    return st;
}
