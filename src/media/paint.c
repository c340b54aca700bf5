// SPDX-License-Identifier: MIT
#include "media/paint.h"

#include <math.h>

typedef struct rect {
    float x0, y0, x1, y1;
} rect;

/* Signed distance of a point to the shape's skeleton or edge, negative inside. */
typedef float distance_to(const void *shape, float x, float y);

static float strokes_distance(const fov_segment *segment, int count, float x, float y)
{
    float best = INFINITY;
    for (int i = 0; i < count; i++, segment++) {
        float dx = segment->x1 - segment->x0, dy = segment->y1 - segment->y0, length2 = dx * dx + dy * dy;
        float px = x - segment->x0, py = y - segment->y0;
        float t = length2 > 0 ? (px * dx + py * dy) / length2 : 0;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        float ex = px - t * dx, ey = py - t * dy, d2 = ex * ex + ey * ey;
        if (d2 < best) best = d2;
    }
    return sqrtf(best);
}

typedef struct strokes {
    const fov_segment *segment;
    int                count;
} strokes;

static float to_strokes(const void *shape, float x, float y)
{
    const strokes *s = shape;
    return strokes_distance(s->segment, s->count, x, y);
}

/* A rounded box is a smaller box grown by its corner's radius; the distance to a box is that to its nearest edge or corner. */
static float to_filled(const void *shape, float x, float y)
{
    const fov_round_box *b = shape;
    float                dx = fabsf(x - (b->x0 + b->x1) / 2) - (b->x1 - b->x0) / 2 + b->corner;
    float                dy = fabsf(y - (b->y0 + b->y1) / 2) - (b->y1 - b->y0) / 2 + b->corner;
    float                outside = hypotf(dx > 0 ? dx : 0, dy > 0 ? dy : 0), inside = dx > dy ? dx : dy;
    return outside + (inside < 0 ? inside : 0) - b->corner;
}

static float to_outline(const void *shape, float x, float y)
{
    return fabsf(to_filled(shape, x, y));
}

static int clamp_to(float value, int limit)
{
    return !(value > 0) ? 0 : value < (float)limit ? (int)value : limit;
}

static void blend(uint8_t *pixel, fov_ink ink, float alpha)
{
    const float colour[3] = {ink.r, ink.g, ink.b};
    for (int c = 0; c < 3; c++) pixel[c] = (uint8_t)((float)pixel[c] + ((colour[c] - (float)pixel[c]) * alpha) + 0.5F);
}

/* @param hole pixels inside need not be looked at, which is most of a large face's box */
static void paint(fov_photo *photo, rect bounds, rect hole, distance_to *distance, const void *shape, float radius, fov_ink ink)
{
    const int left = clamp_to(floorf(bounds.x0), photo->width), right = clamp_to(ceilf(bounds.x1), photo->width);
    const int top = clamp_to(floorf(bounds.y0), photo->height), bottom = clamp_to(ceilf(bounds.y1), photo->height);
    const int hole_left = clamp_to(ceilf(hole.x0), photo->width), hole_right = clamp_to(floorf(hole.x1), photo->width);
    for (int y = top; y < bottom; y++) {
        uint8_t *row = photo->pixels + 3 * (size_t)photo->width * (size_t)y;
        bool     through_hole = (float)y >= hole.y0 && (float)y + 1 <= hole.y1 && hole_left < hole_right;
        for (int x = left; x < right; x++) {
            if (through_hole && x >= hole_left && x < hole_right) x = hole_right;
            if (x >= right) break;
            float coverage = radius + 0.5F - distance(shape, (float)x + 0.5F, (float)y + 0.5F);
            if (coverage > 0) blend(row + 3 * (size_t)x, ink, ink.opacity * (coverage < 1 ? coverage : 1));
        }
    }
}

static rect grown(rect r, float by)
{
    return (rect){r.x0 - by, r.y0 - by, r.x1 + by, r.y1 + by};
}

static const rect no_hole = {0, 0, 0, 0};

void fov_paint_strokes(fov_photo *photo, const fov_segment *segments, int count, float width, fov_ink ink)
{
    const strokes shape = {segments, count};
    rect          bounds = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (int i = 0; i < count; i++) {
        const fov_segment *s = &segments[i];
        bounds.x0 = fminf(bounds.x0, fminf(s->x0, s->x1));
        bounds.y0 = fminf(bounds.y0, fminf(s->y0, s->y1));
        bounds.x1 = fmaxf(bounds.x1, fmaxf(s->x0, s->x1));
        bounds.y1 = fmaxf(bounds.y1, fmaxf(s->y0, s->y1));
    }
    if (count > 0) paint(photo, grown(bounds, width / 2 + 1), no_hole, to_strokes, &shape, width / 2, ink);
}

void fov_paint_outline(fov_photo *photo, const fov_round_box *box, float width, fov_ink ink)
{
    const rect edge = {box->x0, box->y0, box->x1, box->y1};
    paint(photo, grown(edge, width / 2 + 1), grown(edge, -width / 2 - 1 - box->corner), to_outline, box, width / 2, ink);
}

void fov_paint_filled(fov_photo *photo, const fov_round_box *box, fov_ink ink)
{
    const rect edge = {box->x0, box->y0, box->x1, box->y1};
    paint(photo, grown(edge, 1), no_hole, to_filled, box, 0, ink);
}
