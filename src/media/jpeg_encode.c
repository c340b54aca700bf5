// SPDX-License-Identifier: MIT
#include "media/media.h"

#include "base/alloc.h"
#include "media/jpeg_guard.h"
#include "media/jpeg_sink.h"

enum { FINE_COLOUR_QUALITY = 90 }; /* from here on colour is not subsampled: drawn lines keep their edges */

typedef struct jpeg_writer {
    struct jpeg_compress_struct info;
    fov_jpeg_guard              guard;
    fov_jpeg_sink               sink;
} jpeg_writer;

static void describe(struct jpeg_compress_struct *info, const fov_image *image, int quality)
{
    static const J_COLOR_SPACE spaces[] = {
        [FOV_RGB8] = JCS_EXT_RGB, [FOV_BGR8] = JCS_EXT_BGR, [FOV_GRAY8] = JCS_GRAYSCALE, [FOV_RGBA8] = JCS_EXT_RGBX};
    info->image_width = (JDIMENSION)image->width;
    info->image_height = (JDIMENSION)image->height;
    info->input_components = fov_pixel_bytes(image->format);
    info->in_color_space = spaces[image->format];
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    info->optimize_coding = TRUE;
    if (quality >= FINE_COLOUR_QUALITY) info->comp_info[0].h_samp_factor = info->comp_info[0].v_samp_factor = 1;
}

static void write_picture(jpeg_writer *w, const fov_image *image, int quality)
{
    jpeg_create_compress(&w->info);
    w->info.dest = fov_jpeg_sink_init(&w->sink);
    describe(&w->info, image, quality);
    jpeg_start_compress(&w->info, TRUE);
    for (int y = 0; y < image->height; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(image->data + y * image->pitch); /* libjpeg's type is not const, its use is */
        jpeg_write_scanlines(&w->info, &row, 1);
    }
    jpeg_finish_compress(&w->info);
}

static fov_status write_guarded(jpeg_writer *w, const fov_image *image, int quality, fov_error *err)
{
    w->info.err = fov_jpeg_guard_init(&w->guard);
    if (setjmp(w->guard.escape)) {
        fov_status code = w->guard.status == FOV_ERR_MEMORY ? FOV_ERR_MEMORY : FOV_ERR_UNSUPPORTED;
        return fov_fail(err, code, "a picture of %d x %d cannot be written as JPEG: %s", image->width, image->height,
                        w->guard.error);
    }
    write_picture(w, image, quality);
    return w->sink.out.failed ? fov_fail_memory(err, "a JPEG") : FOV_OK;
}

fov_status fov_jpeg_encode(const fov_image *image, int quality, fov_buffer *out, fov_error *err)
{
    *out = (fov_buffer){0};
    fov_status st = fov_image_check(image, err);
    if (st) return st;
    if (quality < 1 || quality > 100) return fov_fail(err, FOV_ERR_ARGUMENT, "JPEG quality %d: must be 1 to 100", quality);
    if (image->width > JPEG_MAX_DIMENSION || image->height > JPEG_MAX_DIMENSION)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%d x %d pixels: a JPEG holds at most %ld a side; write a .png", image->width,
                        image->height, JPEG_MAX_DIMENSION);
    jpeg_writer *w = fov_calloc(1, sizeof *w);
    if (!w) return fov_fail_memory(err, "a JPEG encoder");
    st = write_guarded(w, image, quality, err);
    jpeg_destroy_compress(&w->info);
    if (st) {
        fov_text_clear(&w->sink.out);
    } else {
        *out = (fov_buffer){(unsigned char *)w->sink.out.data, w->sink.out.size};
    }
    fov_free(w);
    return st;
}
