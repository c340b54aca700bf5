// SPDX-License-Identifier: MIT
/* Digits as a pen would write them: lines and arcs in a cell of 6 x 10. A font would need a library, and that library a
 * dozen more at every start of a program that mostly prints boxes. */
#include "media/digits.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265F

enum { ARC_SEGMENTS = 12 };

static const float CELL_HEIGHT = 10, DIGIT_ADVANCE = 8.4F, DIGIT_WIDTH = 6, POINT_ADVANCE = 3.6F;

/* A line from (a, b) to (c, d), or, with a radius, an arc around (a, b) from angle c to d in degrees, clockwise from the right. */
typedef struct stroke {
    char  glyph;
    float a, b, c, d, radius;
} stroke;

static const stroke font[] = {
    {'0', 3, 3, 180, 360, 3},
    {'0', 6, 3, 6, 7, 0},
    {'0', 3, 7, 0, 180, 3},
    {'0', 0, 7, 0, 3, 0},
    {'1', 1, 2.2F, 3.6F, 0, 0},
    {'1', 3.6F, 0, 3.6F, 10, 0},
    {'2', 3, 3, 190, 400, 3},
    {'2', 5.3F, 4.93F, 0, 10, 0},
    {'2', 0, 10, 6, 10, 0},
    {'3', 2.9F, 2.6F, 205, 450, 2.6F},
    {'3', 2.9F, 7.2F, -90, 150, 2.8F},
    {'4', 4.6F, 10, 4.6F, 0, 0},
    {'4', 4.6F, 0, 0, 6.9F, 0},
    {'4', 0, 6.9F, 6, 6.9F, 0},
    {'5', 5.4F, 0, 1, 0, 0},
    {'5', 1, 0, 0.6F, 4.7F, 0},
    {'5', 2.8F, 6.8F, -136, 145, 3.2F},
    {'6', 3, 7, 0, 360, 3},
    {'6', 9, 7, 180, 227, 9},
    {'7', 0, 0, 6, 0, 0},
    {'7', 6, 0, 2.2F, 10, 0},
    {'8', 3, 2.5F, 0, 360, 2.5F},
    {'8', 3, 7.4F, 0, 360, 2.6F},
    {'9', 3, 3, 0, 360, 3},
    {'9', -3, 3, 0, 47, 9},
    {'.', 1, 9.8F, 1, 9.8F, 0},
};

enum { N_STROKES = sizeof font / sizeof *font };

static float advance_of(char c)
{
    return c == '.' ? POINT_ADVANCE : DIGIT_ADVANCE;
}

static int arc(const stroke *s, fov_segment *out)
{
    for (int i = 0; i < ARC_SEGMENTS; i++) {
        float from = (s->c + (s->d - s->c) * (float)i / ARC_SEGMENTS) * PI / 180;
        float to = (s->c + (s->d - s->c) * (float)(i + 1) / ARC_SEGMENTS) * PI / 180;
        out[i] = (fov_segment){s->a + s->radius * cosf(from), s->b + s->radius * sinf(from), s->a + s->radius * cosf(to),
                               s->b + s->radius * sinf(to)};
    }
    return ARC_SEGMENTS;
}

static int glyph(char c, fov_segment *out)
{
    int count = 0;
    for (size_t i = 0; i < N_STROKES; i++) {
        const stroke *s = &font[i];
        if (s->glyph != c) continue;
        if (s->radius > 0) count += arc(s, out + count);
        else out[count++] = (fov_segment){s->a, s->b, s->c, s->d};
    }
    return count;
}

int fov_digits_strokes(const char *text, float x, float y, float height, fov_segment *segment)
{
    const float scale = height / CELL_HEIGHT;
    fov_segment cell[4 * ARC_SEGMENTS];
    int         total = 0;
    for (const char *c = text; *c; x += advance_of(*c) * scale, c++) {
        int count = glyph(*c, cell);
        if (total + count > FOV_DIGITS_MAX_SEGMENTS) break;
        for (int i = 0; i < count; i++)
            segment[total++] =
                (fov_segment){x + cell[i].x0 * scale, y + cell[i].y0 * scale, x + cell[i].x1 * scale, y + cell[i].y1 * scale};
    }
    return total;
}

float fov_digits_width(const char *text, float height)
{
    float width = 0;
    for (const char *c = text; *c; c++) width += advance_of(*c);
    size_t length = strlen(text);
    if (length) width -= DIGIT_ADVANCE - DIGIT_WIDTH;
    return width * height / CELL_HEIGHT;
}
