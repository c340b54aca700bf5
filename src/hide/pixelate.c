// SPDX-License-Identifier: MIT
/* Squares of one colour each, the mean of what was there. */
#include "hide/style.h"

#include <math.h>

static const float DEFAULT_CELL = 0.125F; /* of the face */

typedef struct range {
    int first, end;
} range;

/* Samples, counted from the tile's edge, of square `i` of those that start at the face's edge. */
static range cell(int i, float cell_px, float face_px, int ratio, int offset, int count)
{
    range r = {(int)ceilf((face_px + (float)i * cell_px) / (float)ratio - 0.5F) - offset,
               (int)ceilf((face_px + (float)(i + 1) * cell_px) / (float)ratio - 0.5F) - offset};
    if (r.first < 0) r.first = 0;
    if (r.end > count) r.end = count;
    return r;
}

static void level(const fov_tile *t, range columns, range rows)
{
    uint64_t sum = 0, count = 0;
    for (int y = rows.first; y < rows.end; y++)
        for (int x = columns.first; x < columns.end; x++, count++) sum += t->sample[(ptrdiff_t)y * t->width + x];
    for (int y = rows.first; y < rows.end; y++)
        for (int x = columns.first; x < columns.end; x++)
            /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the loops above had the same turns */
            t->sample[(ptrdiff_t)y * t->width + x] = (uint16_t)((sum + count / 2) / count);
}

static void fill(const fov_hide_options *options, const fov_tile *t)
{
    const float share = options->strength > 0 ? options->strength : DEFAULT_CELL;
    const float size = fmaxf(1, share * fov_tile_face_size(t));
    const int   right = (int)ceilf((t->face.x1 - t->face.x0) / size), bottom = (int)ceilf((t->face.y1 - t->face.y0) / size);
    for (int j = -1; j <= bottom; j++) /* one more on each side, for the soft edge */
        for (int i = -1; i <= right; i++)
            level(t, cell(i, size, t->face.x0, t->plane->ratio_x, t->left, t->width),
                  cell(j, size, t->face.y0, t->plane->ratio_y, t->top, t->height));
}

const fov_style fov_style_pixelate = {"pixelate", fill};
