// SPDX-License-Identifier: MIT
#include "media/media.h"

#include "base/alloc.h"
#include "media/png_memory.h"

static struct spng_ihdr header_of(const fov_image *image)
{
    static const uint8_t colour_types[] = {[FOV_RGB8] = SPNG_COLOR_TYPE_TRUECOLOR,
                                           [FOV_BGR8] = SPNG_COLOR_TYPE_TRUECOLOR,
                                           [FOV_GRAY8] = SPNG_COLOR_TYPE_GRAYSCALE,
                                           [FOV_RGBA8] = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};
    return (struct spng_ihdr){.width = (uint32_t)image->width,
                              .height = (uint32_t)image->height,
                              .bit_depth = 8,
                              .color_type = colour_types[image->format]};
}

/* @param rgb room for a row, used where the image's own bytes are in another order */
static int write_rows(spng_ctx *ctx, const fov_image *image, uint8_t *rgb)
{
    const size_t row_bytes = (size_t)image->width * (size_t)fov_pixel_bytes(image->format);
    int          code = 0;
    for (int y = 0; y < image->height && !code; y++) {
        const uint8_t *row = image->data + y * image->pitch;
        if (image->format == FOV_BGR8) {
            fov_image_row_rgb(image, y, rgb);
            row = rgb;
        }
        code = spng_encode_row(ctx, row, row_bytes);
    }
    return code == SPNG_EOI ? 0 : code;
}

static int write_picture(spng_ctx *ctx, const fov_image *image, uint8_t *rgb, fov_buffer *out)
{
    struct spng_ihdr header = header_of(image);
    int              code = spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    if (!code) code = spng_set_ihdr(ctx, &header);
    if (!code) code = spng_encode_image(ctx, NULL, 0, SPNG_FMT_PNG, SPNG_ENCODE_PROGRESSIVE | SPNG_ENCODE_FINALIZE);
    if (!code) code = write_rows(ctx, image, rgb);
    if (!code) out->data = spng_get_png_buffer(ctx, &out->size, &code);
    return code;
}

fov_status fov_png_encode(const fov_image *image, fov_buffer *out, fov_error *err)
{
    *out = (fov_buffer){0};
    fov_status st = fov_image_check(image, err);
    if (st) return st;
    spng_ctx *ctx = fov_png_context(SPNG_CTX_ENCODER);
    uint8_t  *rgb = fov_alloc_array((size_t)image->width, 3);
    if (!ctx || !rgb) {
        st = fov_fail_memory(err, "a PNG encoder");
    } else {
        int code = write_picture(ctx, image, rgb, out);
        if (code)
            st = fov_fail(err, fov_png_out_of_memory() ? FOV_ERR_MEMORY : FOV_ERR_UNSUPPORTED,
                          "a picture of %d x %d cannot be written as PNG: %s", image->width, image->height, spng_strerror(code));
    }
    spng_ctx_free(ctx);
    fov_free(rgb);
    return st;
}
