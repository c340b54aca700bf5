// SPDX-License-Identifier: MIT
#include "eval/canvas.h"

#include "eval/letters.h"

#include <string.h>

static const float SCALE = 2;

/* Few at a time: painting looks at every pixel around all that it is given. */
enum { AT_ONCE = 4 };

static fov_status begin(fov_canvas *c, fov_error *err)
{
    fov_status st = fov_photo_new(c->width * (int)SCALE, c->height * (int)SCALE, &c->photo, err);
    if (!st) memset(c->photo->pixels, 255, 3 * (size_t)c->photo->width * (size_t)c->photo->height);
    return st;
}

static void line(fov_canvas *c, const fov_point *point, size_t count, float width, fov_ink ink)
{
    fov_segment part[AT_ONCE];
    int         n = 0;
    for (size_t i = 1; i < count; i++) {
        part[n++] = (fov_segment){SCALE * point[i - 1].x, SCALE * point[i - 1].y, SCALE * point[i].x, SCALE * point[i].y};
        if (n < AT_ONCE && i + 1 < count) continue;
        fov_paint_strokes(c->photo, part, n, SCALE * width, ink);
        n = 0;
    }
}

static void words(fov_canvas *c, fov_point at, fov_align align, fov_ink ink, const char *text)
{
    const float height = SCALE * FOV_CANVAS_CAPITAL, width = fov_letters_width(text, height);
    const float left = align == FOV_ALIGN_LEFT ? 0 : align == FOV_ALIGN_MIDDLE ? width / 2 : width;
    fov_letters_paint(c->photo, text, SCALE * at.x - left, SCALE * at.y, height, ink);
}

static fov_status end(fov_canvas *c, fov_buffer *file, fov_error *err)
{
    const fov_image image = fov_photo_image(c->photo);
    return fov_png_encode(&image, file, err);
}

const fov_canvas_format fov_canvas_png = {".png", begin, line, words, end};
