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
    fov_free(hider->share);
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
    if ((size_t)t->width > hider->share_capacity) {
        float *share = fov_realloc_array(hider->share, (size_t)t->width, sizeof *share);
        if (share) hider->share = share;
        uint32_t *sums = share ? fov_realloc_array(hider->sums, (size_t)t->width, sizeof *sums) : NULL;
        if (!sums) return fov_fail_memory(err, "hiding a face");
        hider->sums = sums;
        hider->share_capacity = (size_t)t->width;
    }
    t->sums = hider->sums;
    t->sample = hider->memory;
    t->spare = hider->memory + count;
    return FOV_OK;
}

/* ---------------------------------------------------------------- how much of what was there is replaced, 0 to 1 */

/* A row's shares. A sample that touches the ellipse is replaced whole; SOFT_PX beyond, it is as it was. */
static void in_ellipse(const fov_tile *t, int y, float *share)
{
    const fov_region *f = &t->face;
    const float       ratio_x = (float)t->plane->ratio_x, ratio_y = (float)t->plane->ratio_y;
    const float       a = (f->x1 - f->x0 + ratio_x) / 2, b = (f->y1 - f->y0 + ratio_y) / 2;
    const float       down = (((float)(t->top + y) + 0.5F) * ratio_y - (f->y0 + f->y1) / 2) / b;
    const float       middle = (f->x0 + f->x1) / 2, soft = 1 + SOFT_PX / fminf(a, b);
    for (int x = 0; x < t->width; x++) {
        const float across = (((float)(t->left + x) + 0.5F) * ratio_x - middle) / a, square = across * across + down * down;
        share[x] = square <= 1 ? 1 : square < soft * soft ? (soft - sqrtf(square)) / (soft - 1) : 0;
    }
}

static void in_box(const fov_tile *t, int y, float *share)
{
    const fov_region *f = &t->face;
    const float       top = (float)((t->top + y) * t->plane->ratio_y);
    const bool        row = top < f->y1 && top + (float)t->plane->ratio_y > f->y0;
    for (int x = 0; x < t->width; x++) {
        const float left = (float)((t->left + x) * t->plane->ratio_x);
        share[x] = row && left < f->x1 && left + (float)t->plane->ratio_x > f->x0;
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
        if (p->bytes == 1)
            for (int x = 0; x < t->width; x++) out[x] = sample[(ptrdiff_t)x * p->step];
        else
            for (int x = 0; x < t->width; x++, sample += p->step) out[x] = (uint16_t)fov_plane_get(p, sample);
    }
}

/* @param share room for a row */
static void lay_over(const fov_tile *t, void (*covered)(const fov_tile *t, int y, float *share), float *share)
{
    for (int y = 0; y < t->height; y++) {
        const uint16_t *shown = t->sample + (ptrdiff_t)y * t->width;
        uint8_t        *sample = row_of(t, y);
        covered(t, y, share);
        for (int x = 0; x < t->width; x++, sample += t->plane->step) {
            if (share[x] <= 0) continue;
            const float before = share[x] < 1 ? (float)fov_plane_get(t->plane, sample) : 0;
            fov_plane_put(t->plane, sample,
                          share[x] < 1 ? (unsigned)(before + ((float)shown[x] - before) * share[x] + 0.5F) : shown[x]);
        }
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
        styles[hider->options.style]->fill(&hider->options, &t);
        lay_over(&t, hider->options.shape == FOV_HIDE_BOX ? in_box : in_ellipse, hider->share);
    }
    return FOV_OK;
}
