// SPDX-License-Identifier: MIT
#include "hide/hider.h"

#include "base/alloc.h"
#include "hide/style.h"
#include "media/media.h"

#include <math.h>

static const fov_style *const styles[] = {
#define FOV_STYLE(style) &style,
#include "hide/styles.def"
#undef FOV_STYLE
};

enum { N_STYLES = sizeof styles / sizeof *styles };

static const float SOFT_PX = 1;     /* an ellipse fades out over so much beyond its edge */
static const float FARTHEST = 1e7F; /* coordinates beyond are as good as this */

fov_hide_options fov_hide_options_default(void)
{
    return (fov_hide_options){.style = FOV_HIDE_BLUR, .shape = FOV_HIDE_ELLIPSE, .margin = 0.25F};
}

fov_status fov_hider_init(fov_hider *hider, const fov_hide_options *options, fov_error *err)
{
    const fov_hide_options defaults = fov_hide_options_default();
    const fov_hide_options o = options ? *options : defaults;
    *hider = (fov_hider){.options = o};
    if ((unsigned)o.style >= N_STYLES)
        return fov_fail(err, FOV_ERR_ARGUMENT, "%d is no style of hiding faces: use one of fov_hide_style", (int)o.style);
    if (o.shape != FOV_HIDE_ELLIPSE && o.shape != FOV_HIDE_BOX)
        return fov_fail(err, FOV_ERR_ARGUMENT, "%d is no shape to hide faces by: use one of fov_hide_shape", (int)o.shape);
    if (!(o.margin >= 0 && o.margin <= 4))
        return fov_fail(err, FOV_ERR_ARGUMENT, "a margin of %g around faces: must be 0 to 4 of their size", (double)o.margin);
    if (!(o.strength >= 0 && o.strength <= 1))
        return fov_fail(err, FOV_ERR_ARGUMENT, "a strength of %g: must be 0 to 1 of the face", (double)o.strength);
    if (o.style == FOV_HIDE_PICTURE) return fov_image_check(o.picture, err);
    return FOV_OK;
}

void fov_hider_clear(fov_hider *hider)
{
    fov_free(hider->memory);
    fov_free(hider->sums);
    *hider = (fov_hider){0};
}

/* ---------------------------------------------------------------- where */

static float within(float value)
{
    return value < -FARTHEST ? -FARTHEST : value > FARTHEST ? FARTHEST : value;
}

/* The box with its margin, as stored. */
static fov_region region_of(const fov_hider *hider, const fov_surface *s, const float box[4])
{
    const bool  swaps = fov_orientation_swaps_sides(s->orientation);
    const float grow_x = hider->options.margin * (box[2] - box[0]), grow_y = hider->options.margin * (box[3] - box[1]);
    double      x0 = (double)within(box[0] - grow_x), y0 = (double)within(box[1] - grow_y);
    double      x1 = (double)within(box[2] + grow_x), y1 = (double)within(box[3] + grow_y);
    const int   width = swaps ? s->height : s->width, height = swaps ? s->width : s->height;
    fov_orientation_stored(s->orientation, width, height, &x0, &y0);
    fov_orientation_stored(s->orientation, width, height, &x1, &y1);
    return (fov_region){(float)fmin(x0, x1), (float)fmin(y0, y1), (float)fmax(x0, x1), (float)fmax(y0, y1)};
}

static int clamp_to(float value, int limit)
{
    return !(value > 0) ? 0 : value < (float)limit ? (int)value : limit;
}

/* Every sample that shows a part of the region, and the soft edge around it. */
static fov_tile tile_of(const fov_surface *s, const fov_plane *p, const fov_region *face)
{
    const float x = (float)p->ratio_x, y = (float)p->ratio_y;
    fov_tile    t = {.surface = s, .plane = p, .face = *face};
    t.left = clamp_to(floorf((face->x0 - SOFT_PX) / x), p->width);
    t.top = clamp_to(floorf((face->y0 - SOFT_PX) / y), p->height);
    t.width = clamp_to(ceilf((face->x1 + SOFT_PX) / x), p->width) - t.left;
    t.height = clamp_to(ceilf((face->y1 + SOFT_PX) / y), p->height) - t.top;
    return t;
}

static fov_status need(fov_hider *hider, fov_tile *t, fov_error *err)
{
    const size_t count = (size_t)t->width * (size_t)t->height;
    if (2 * count > hider->capacity) {
        uint16_t *memory = fov_realloc_array(hider->memory, 2 * count, sizeof *memory);
        if (!memory) return fov_fail_memory(err, "hiding a face");
        hider->memory = memory;
        hider->capacity = 2 * count;
    }
    if ((size_t)t->width > hider->sums_capacity) {
        uint32_t *sums = fov_realloc_array(hider->sums, (size_t)t->width, sizeof *sums);
        if (!sums) return fov_fail_memory(err, "hiding a face");
        hider->sums = sums;
        hider->sums_capacity = (size_t)t->width;
    }
    t->sums = hider->sums;
    t->sample = hider->memory;
    t->spare = hider->memory + count;
    return FOV_OK;
}

/* ---------------------------------------------------------------- how much of what was there is replaced */

/* A row's samples [from, to) are replaced at least in part, [whole_from, whole_to) of them whole. */
typedef struct span {
    int from, whole_from, whole_to, to;
} span;

/* As a row of a tile sees an ellipse: in units of its half axes, `down` of its middle. */
typedef struct ellipse_row {
    float a, middle, down, soft;
} ellipse_row;

static ellipse_row ellipse_row_of(const fov_tile *t, int y)
{
    const fov_region *f = &t->face;
    const float       ratio_x = (float)t->plane->ratio_x, ratio_y = (float)t->plane->ratio_y;
    const float       a = (f->x1 - f->x0 + ratio_x) / 2, b = (f->y1 - f->y0 + ratio_y) / 2;
    return (ellipse_row){.a = a,
                         .middle = (f->x0 + f->x1) / 2,
                         .down = (((float)(t->top + y) + 0.5F) * ratio_y - (f->y0 + f->y1) / 2) / b,
                         .soft = 1 + SOFT_PX / fminf(a, b)};
}

/* A sample that touches the ellipse is replaced whole; SOFT_PX beyond, it is as it was. */
static float share_in(const ellipse_row *row, const fov_tile *t, int x)
{
    const float across = (((float)(t->left + x) + 0.5F) * (float)t->plane->ratio_x - row->middle) / row->a;
    const float square = across * across + row->down * row->down;
    return square <= 1 ? 1 : square < row->soft * row->soft ? (row->soft - sqrtf(square)) / (row->soft - 1) : 0;
}

/* Samples whose middles lie within `reach` half axes of the ellipse's, and `more` on each side; none where that is less than none.
 */
static void reach_of(const ellipse_row *row, const fov_tile *t, float reach, float more, int *from, int *to)
{
    const float square = reach * reach - row->down * row->down, across = square > 0 ? sqrtf(square) * row->a : 0;
    const float ratio = (float)t->plane->ratio_x, left = (float)t->left + 0.5F;
    *from = clamp_to(ceilf((row->middle - across) / ratio - left - more), t->width);
    *to = clamp_to(floorf((row->middle + across) / ratio - left + more) + 1, t->width);
}

/* The ends come a sample too far out and the middle one too short, where share_in() decides: rounding is of no account. */
static span in_ellipse(const fov_tile *t, const ellipse_row *row)
{
    span s;
    reach_of(row, t, row->soft, 1, &s.from, &s.to);
    reach_of(row, t, 1, -1, &s.whole_from, &s.whole_to);
    if (s.whole_to <= s.whole_from) s.whole_from = s.whole_to = s.to;
    return s;
}

static span in_box(const fov_tile *t, int y)
{
    const fov_region *f = &t->face;
    const float       ratio_x = (float)t->plane->ratio_x, ratio_y = (float)t->plane->ratio_y;
    const float       top = (float)(t->top + y) * ratio_y;
    if (top >= f->y1 || top + ratio_y <= f->y0) return (span){0};
    const int from = clamp_to(floorf(f->x0 / ratio_x) - (float)t->left, t->width);
    const int to = clamp_to(ceilf(f->x1 / ratio_x) - (float)t->left, t->width);
    return (span){from, from, to, to};
}

/* ---------------------------------------------------------------- what is seen where the picture is transparent */

static const float WHITE = 255;

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* 0 to 1: the mean of the pixels that a sample stands for. */
static float opacity_of(const fov_tile *t, int x, int y)
{
    const fov_plane *p = t->plane, *alpha = &t->surface->alpha;
    const int        left = (t->left + x) * p->ratio_x, top = (t->top + y) * p->ratio_y;
    const int        right = least(left + p->ratio_x, alpha->width), bottom = least(top + p->ratio_y, alpha->height);
    uint32_t         sum = 0;
    for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++)
            sum += fov_plane_get(alpha, alpha->data + row * alpha->pitch + (ptrdiff_t)column * alpha->step);
    return (float)sum / ((float)((right - left) * (bottom - top)) * (float)((1 << alpha->depth) - 1));
}

/* As a detector saw the picture: what is transparent may be what shows a face, or what is under it that nobody sees. */
static float over_white(const fov_tile *t, int x, int y, float value)
{
    if (!t->surface->alpha.data) return value;
    const float opacity = opacity_of(t, x, y);
    return value * opacity + (float)fov_plane_colour(t->plane, WHITE, WHITE, WHITE) * (1 - opacity);
}

static void lay_over_white(const fov_tile *t)
{
    for (int y = 0; t->surface->alpha.data && y < t->height; y++)
        for (int x = 0; x < t->width; x++) {
            uint16_t *sample = t->sample + (ptrdiff_t)y * t->width + x;
            *sample = (uint16_t)(over_white(t, x, y, (float)*sample) + 0.5F);
        }
}

/* ---------------------------------------------------------------- the work */

static uint8_t *row_of(const fov_tile *t, int y)
{
    return t->plane->data + (t->top + y) * t->plane->pitch + (ptrdiff_t)t->left * t->plane->step;
}

static void load(const fov_tile *t)
{
    const fov_plane *p = t->plane;
    for (int y = 0; y < t->height; y++) {
        const uint8_t *sample = row_of(t, y);
        uint16_t      *out = t->sample + (ptrdiff_t)y * t->width;
        if (p->bytes == 1 && p->step == 1) /* said apart, for compilers make vectors of it */
            for (int x = 0; x < t->width; x++) out[x] = sample[x];
        else if (p->bytes == 1)
            for (int x = 0; x < t->width; x++) out[x] = sample[(ptrdiff_t)x * p->step];
        else
            for (int x = 0; x < t->width; x++, sample += p->step) out[x] = (uint16_t)fov_plane_get(p, sample);
    }
}

static void replace(const fov_tile *t, int y, int from, int to)
{
    const fov_plane *p = t->plane;
    const uint16_t  *shown = t->sample + (ptrdiff_t)y * t->width;
    uint8_t         *sample = row_of(t, y) + (ptrdiff_t)from * p->step;
    if (p->bytes == 1 && p->step == 1)
        for (int x = from; x < to; x++) sample[x - from] = (uint8_t)shown[x];
    else
        for (int x = from; x < to; x++, sample += p->step) fov_plane_put(p, sample, shown[x]);
}

static void mix(const fov_tile *t, int y, const ellipse_row *row, int from, int to)
{
    const uint16_t *shown = t->sample + (ptrdiff_t)y * t->width;
    uint8_t        *sample = row_of(t, y) + (ptrdiff_t)from * t->plane->step;
    for (int x = from; x < to; x++, sample += t->plane->step) {
        const float share = share_in(row, t, x), before = over_white(t, x, y, (float)fov_plane_get(t->plane, sample));
        if (share > 0) fov_plane_put(t->plane, sample, (unsigned)(before + ((float)shown[x] - before) * share + 0.5F));
    }
}

static void lay_over(const fov_tile *t, fov_hide_shape shape)
{
    for (int y = 0; y < t->height; y++) {
        const ellipse_row row = ellipse_row_of(t, y);
        const span        s = shape == FOV_HIDE_BOX ? in_box(t, y) : in_ellipse(t, &row);
        mix(t, y, &row, s.from, s.whole_from);
        replace(t, y, s.whole_from, s.whole_to);
        mix(t, y, &row, s.whole_to, s.to);
    }
}

/* Last, for until then it tells what was seen. */
static void make_opaque(const fov_surface *surface, const fov_region *face, fov_hide_shape shape)
{
    const fov_tile t = tile_of(surface, &surface->alpha, face);
    const unsigned opaque = (1U << surface->alpha.depth) - 1;
    for (int y = 0; y < t.height; y++) {
        const ellipse_row row = ellipse_row_of(&t, y);
        const span        s = shape == FOV_HIDE_BOX ? in_box(&t, y) : in_ellipse(&t, &row);
        for (int x = s.from; x < s.to; x++)
            if (shape == FOV_HIDE_BOX || share_in(&row, &t, x) > 0)
                fov_plane_put(t.plane, row_of(&t, y) + (ptrdiff_t)x * t.plane->step, opaque);
    }
}

fov_status fov_hider_run(fov_hider *hider, const fov_surface *surface, const float box[4], fov_error *err)
{
    for (int i = 0; i < 4; i++)
        if (!isfinite(box[i]))
            return fov_fail(err, FOV_ERR_ARGUMENT, "a face to hide has a coordinate that is not a finite number");
    const fov_region face = region_of(hider, surface, box);
    for (int i = 0; i < surface->planes; i++) {
        fov_tile t = tile_of(surface, &surface->plane[i], &face);
        if (t.width < 1 || t.height < 1 || face.x1 <= face.x0 || face.y1 <= face.y0) continue;
        fov_status st = need(hider, &t, err);
        if (st) return st;
        load(&t);
        lay_over_white(&t);
        styles[hider->options.style]->fill(&hider->options, &t);
        lay_over(&t, hider->options.shape);
    }
    if (surface->alpha.data && face.x1 > face.x0 && face.y1 > face.y0) make_opaque(surface, &face, hider->options.shape);
    return FOV_OK;
}
