// SPDX-License-Identifier: MIT
/* Views of other people's pixels: what makes one valid, and their rows in one format. */
#include "media/media.h"

#include <string.h>

static const int pixel_bytes[] = {[FOV_RGB8] = 3, [FOV_BGR8] = 3, [FOV_GRAY8] = 1, [FOV_RGBA8] = 4};

enum { N_FORMATS = sizeof pixel_bytes / sizeof *pixel_bytes };

int fov_pixel_bytes(fov_pixel_format format)
{
    return pixel_bytes[format];
}

fov_status fov_image_check(const fov_image *image, fov_error *err)
{
    if (!image || !image->data) return fov_fail(err, FOV_ERR_ARGUMENT, "the image has no pixels: its data is NULL");
    if (image->width < 1 || image->height < 1)
        return fov_fail(err, FOV_ERR_ARGUMENT, "the image has %d x %d pixels: both must be at least 1", image->width,
                        image->height);
    if ((unsigned)image->format >= N_FORMATS)
        return fov_fail(err, FOV_ERR_ARGUMENT, "the image has the unknown pixel format %d: use one of fov_pixel_format",
                        (int)image->format);
    ptrdiff_t need = (ptrdiff_t)image->width * pixel_bytes[image->format];
    if (image->pitch < need && image->pitch > -need) /* negative: rows stored from the bottom up */
        return fov_fail(err, FOV_ERR_ARGUMENT, "the image has a pitch of %td bytes: a row of %d pixels needs at least %td",
                        image->pitch, image->width, need);
    return FOV_OK;
}

void fov_image_row_rgb(const fov_image *image, int y, uint8_t *rgb)
{
    const uint8_t *in = image->data + y * image->pitch;
    size_t         width = (size_t)image->width;
    switch (image->format) {
    case FOV_RGB8:
        memcpy(rgb, in, 3 * width);
        break;
    case FOV_BGR8:
        for (size_t x = 0; x < width; x++, in += 3, rgb += 3) {
            rgb[0] = in[2];
            rgb[1] = in[1];
            rgb[2] = in[0];
        }
        break;
    case FOV_GRAY8:
        for (size_t x = 0; x < width; x++, rgb += 3) rgb[0] = rgb[1] = rgb[2] = in[x];
        break;
    case FOV_RGBA8:
        for (size_t x = 0; x < width; x++, in += 4, rgb += 3) memcpy(rgb, in, 3);
        break;
    }
}

static uint8_t over_white(unsigned colour, unsigned alpha)
{
    return (uint8_t)((colour * alpha + 255 * (255 - alpha) + 127) / 255);
}

void fov_alpha_over_white(const uint8_t *rgba, uint8_t *rgb, size_t width, size_t first, size_t step)
{
    for (size_t x = first; x < width; x += step)
        for (size_t c = 0; c < 3; c++) rgb[3 * x + c] = over_white(rgba[4 * x + c], rgba[4 * x + 3]);
}
