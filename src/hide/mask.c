// SPDX-License-Identifier: MIT
/* Pictures to lay over faces, with the transparency that photos lose when they are decoded. */
#include "base/alloc.h"
#include "hide/photo/photo_hide.h"
#include "media/png_memory.h"

#include <string.h>

enum { MAX_FILE_BYTES = 64 << 20, MAX_CHUNK_BYTES = 1 << 20 };

static fov_status read_png(const fov_encoded *in, fov_image *mask, fov_error *err)
{
    struct spng_ihdr header;
    size_t           size;
    uint8_t         *data = NULL;
    spng_ctx        *ctx = fov_png_context(0);
    if (!ctx) return fov_fail_memory(err, in->name);
    int        code = spng_set_chunk_limits(ctx, MAX_CHUNK_BYTES, MAX_CHUNK_BYTES);
    fov_status st = FOV_OK;
    if (!code) code = spng_set_png_buffer(ctx, in->data, in->size);
    if (!code) code = spng_get_ihdr(ctx, &header);
    if (!code) st = fov_photo_check_limits(header.width, header.height, NULL, in->name, err);
    if (!code && !st) code = spng_decoded_image_size(ctx, SPNG_FMT_RGBA8, &size);
    if (!code && !st && !(data = fov_alloc(size))) st = fov_fail_memory(err, in->name);
    if (!code && !st) code = spng_decode_image(ctx, data, size, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS);
    spng_ctx_free(ctx);
    if (code && fov_png_out_of_memory()) st = fov_fail_memory(err, in->name);
    else if (code) st = fov_fail(err, FOV_ERR_FORMAT, "%s: damaged PNG: %s", in->name, spng_strerror(code));
    if (st) fov_free(data);
    else *mask = (fov_image){data, (int)header.width, (int)header.height, 4 * (ptrdiff_t)header.width, FOV_RGBA8};
    return st;
}

static fov_status read_opaque(const fov_encoded *in, fov_image *mask, fov_error *err)
{
    fov_photo *photo;
    fov_status st = fov_photo_decode(in->data, in->size, in->name, NULL, &photo, err);
    if (st) return st;
    const size_t pixels = (size_t)photo->width * (size_t)photo->height;
    uint8_t     *data = fov_alloc_array(pixels, 4);
    for (size_t i = 0; data && i < pixels; i++) {
        memcpy(data + 4 * i, photo->pixels + 3 * i, 3);
        data[4 * i + 3] = 255;
    }
    if (data) *mask = (fov_image){data, photo->width, photo->height, 4 * (ptrdiff_t)photo->width, FOV_RGBA8};
    fov_photo_free(photo);
    return data ? FOV_OK : fov_fail_memory(err, in->name);
}

fov_status fov_mask_load(const char *path, fov_image *mask, fov_error *err)
{
    fov_buffer file;
    *mask = (fov_image){0};
    fov_status st = fov_file_read_if(path, fov_photo_wanted, MAX_FILE_BYTES, &file, err);
    if (st) return st;
    const fov_encoded in = {file.data, file.size, path};
    st = fov_codec_png.recognise(&in) ? read_png(&in, mask, err) : read_opaque(&in, mask, err);
    fov_buffer_clear(&file);
    return st;
}

void fov_mask_clear(fov_image *mask)
{
    fov_free((void *)(uintptr_t)mask->data);
    *mask = (fov_image){0};
}
