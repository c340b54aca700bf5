// SPDX-License-Identifier: MIT
/* A picture, such as an emoji, stretched over the face; below it the face is blurred, for what of the picture is transparent would
 * show it. */
#include "hide/blur.h"
#include "hide/style.h"
#include "media/media.h"

#include <math.h>

static const float SIGMA = 0.2F; /* of the face */

/* The picture's pixel for a place of the face, 0..1 of its upright width and height. */
static const uint8_t *pixel_at(const fov_image *picture, double u, double v)
{
    const int x = (int)(u * picture->width), y = (int)(v * picture->height);
    return picture->data + (y < picture->height ? y : picture->height - 1) * picture->pitch +
           (ptrdiff_t)(x < picture->width ? x : picture->width - 1) * fov_pixel_bytes(picture->format);
}

static unsigned laid_over(const fov_plane *plane, const fov_image *picture, const uint8_t *p, unsigned below)
{
    const bool  gray = picture->format == FOV_GRAY8, bgr = picture->format == FOV_BGR8;
    const float alpha = picture->format == FOV_RGBA8 ? (float)p[3] / 255 : 1;
    const float shown = (float)fov_plane_colour(plane, p[gray || !bgr ? 0 : 2], p[gray ? 0 : 1], p[gray || bgr ? 0 : 2]);
    return (unsigned)((float)below + (shown - (float)below) * alpha + 0.5F);
}

static void fill(const fov_hide_options *options, const fov_tile *t)
{
    const double     width = (double)(t->face.x1 - t->face.x0), height = (double)(t->face.y1 - t->face.y0);
    const fov_plane *plane = t->plane;
    fov_tile_blur(t, SIGMA * fov_tile_face_size(t));
    for (int y = 0; y < t->height; y++)
        for (int x = 0; x < t->width; x++) {
            double u = ((t->left + x + 0.5) * plane->ratio_x - (double)t->face.x0) / width;
            double v = ((t->top + y + 0.5) * plane->ratio_y - (double)t->face.y0) / height;
            fov_orientation_upright(t->surface->orientation, 1, 1, &u, &v);
            if (u < 0 || v < 0 || u > 1 || v > 1) continue;
            uint16_t *sample = t->sample + (ptrdiff_t)y * t->width + x;
            *sample = (uint16_t)laid_over(plane, options->picture, pixel_at(options->picture, u, v), *sample);
        }
}

const fov_style fov_style_picture = {"picture", fill};
