// SPDX-License-Identifier: MIT
/* Capitals to go with media/digits.h: corners on a grid of 6 x 10, for the labels of a diagram. A font would need a library. */
#include "eval/letters.h"

#include "media/digits.h"

#include <string.h>

/* Corners as x (0 to 6) and y (0 at the top to 9, A at the bottom); a blank lifts the pen. */
typedef struct glyph {
    char        name;
    const char *corners;
} glyph;

static const glyph font[] = {
    {'A', "0A306A 1656"},
    {'B', "0A004051544505 4556594A0A"},
    {'C', "61501001091A5A69"},
    {'D', "004062684A0A00"},
    {'E', "60000A6A 0555"},
    {'F', "60000A 0555"},
    {'G', "61501001091A5A696535"},
    {'H', "000A 606A 0565"},
    {'I', "1050 303A 1A5A"},
    {'J', "60684A1A08"},
    {'K', "000A 60056A"},
    {'L', "000A6A"},
    {'M', "0A0035606A"},
    {'N', "0A006A60"},
    {'O', "105061695A1A090110"},
    {'P', "0A005061645505"},
    {'Q', "105061695A1A090110 476A"},
    {'R', "0A005061645505 356A"},
    {'S', "6150100104155566695A1A09"},
    {'T', "0060 303A"},
    {'U', "00091A5A6960"},
    {'V', "003A60"},
    {'W', "001A345A60"},
    {'X', "006A 600A"},
    {'Y', "003560 353A"},
    {'Z', "00600A6A"},
    {'-', "1555"},
    {'_', "0A6A"},
    {'/', "0A60"},
    {'(', "5032385A"},
    {')', "1032381A"},
    {'+', "1555 3337"},
    {'=', "0464 0767"},
    {':', "3333 3838"},
    {'%', "0A60 0011 596A"},
};

enum { N_GLYPHS = sizeof font / sizeof *font, MAX_CORNERS = 32 };

static const float CELL_HEIGHT = 10, ADVANCE = 8.4F, CELL_WIDTH = 6, POINT_ADVANCE = 3.6F, PEN = 0.13F;

static char capital(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static float advance_of(char c)
{
    return c == '.' ? POINT_ADVANCE : ADVANCE;
}

static float coordinate(char c)
{
    return c == 'A' ? 10 : (float)(c - '0');
}

static int strokes_of(const char *corners, float x, float top, float scale, fov_segment *segment)
{
    int n = 0;
    for (const char *c = corners; c[0] && c[1] && c[2] && n < MAX_CORNERS;) {
        if (c[2] == ' ') {
            c += 3;
            continue;
        }
        segment[n++] = (fov_segment){x + coordinate(c[0]) * scale, top + coordinate(c[1]) * scale, x + coordinate(c[2]) * scale,
                                     top + coordinate(c[3]) * scale};
        c += 2;
    }
    return n;
}

static const char *corners_of(char c)
{
    for (size_t i = 0; i < N_GLYPHS; i++)
        if (font[i].name == capital(c)) return font[i].corners;
    return "";
}

void fov_letters_paint(fov_photo *photo, const char *words, float x, float y, float height, fov_ink ink)
{
    const float scale = height / CELL_HEIGHT;
    fov_segment segment[FOV_DIGITS_MAX_SEGMENTS];
    for (const char *c = words; *c; x += advance_of(*c) * scale, c++) {
        const char one[2] = {*c, '\0'};
        int        n = strchr("0123456789.", *c) ? fov_digits_strokes(one, x, y - height, height, segment)
                                                 : strokes_of(corners_of(*c), x, y - height, scale, segment);
        fov_paint_strokes(photo, segment, n, PEN * height, ink);
    }
}

float fov_letters_width(const char *words, float height)
{
    float width = 0;
    for (const char *c = words; *c; c++) width += advance_of(*c);
    return *words ? (width - ADVANCE + CELL_WIDTH) * height / CELL_HEIGHT : 0;
}
