// SPDX-License-Identifier: MIT
#include "api/tiles.h"

#include <math.h>

enum { LEVEL_STEP = 3 };

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---------------------------------------------------------------- levels */

/* As few tiles as cover the axis with the overlap, and those no larger than that takes. */
static fov_tile_axis axis_of(int64_t scaled, int64_t tile, int64_t overlap, int64_t stride)
{
    fov_tile_axis axis = {.total = fov_round_up(scaled, stride), .count = 1};
    if (axis.total > tile) axis.count = (axis.total - overlap + (tile - overlap) - 1) / (tile - overlap);
    axis.side = fov_round_up((axis.total + (axis.count - 1) * overlap + axis.count - 1) / axis.count, stride);
    return axis;
}

/* Steps are at most side - overlap, as both are multiples of the stride. */
static int64_t axis_origin(const fov_tile_axis *axis, int64_t i, int64_t stride)
{
    return axis->count == 1 ? 0 : (axis->total - axis->side) * i / (axis->count - 1) / stride * stride;
}

static void set_level(fov_tiling *t, double scale)
{
    const int64_t   tile = fov_round_up(t->options->tile, t->stride);
    const bool      first = t->level.scale == 0;
    fov_tile_level *level = &t->level;
    level->least = first ? 0 : (float)((double)t->overlap / 2 / level->scale);
    level->scale = scale;
    level->x = axis_of(fov_scaled(t->image.width, scale), tile, t->overlap, t->stride);
    level->y = axis_of(fov_scaled(t->image.height, scale), tile, t->overlap, t->stride);
    t->last = level->x.count == 1 && level->y.count == 1;
    level->most = t->last ? INFINITY : (float)(t->overlap / scale);
    t->next = 0;
}

static double next_scale(const fov_tiling *t)
{
    const int    longer = t->image.width > t->image.height ? t->image.width : t->image.height;
    const double fitting = (double)t->options->tile / longer, smaller = t->level.scale / LEVEL_STEP;
    return smaller > fitting ? smaller : fitting;
}

fov_status fov_tiling_start(const fov_settings *settings, const fov_detect_options *options, const fov_image *image,
                            fov_tiling *tiling, fov_error *err)
{
    fov_status st = fov_image_check(image, err);
    if (st) return st;
    const int stride = fov_largest_stride(settings), wanted = options->tile_overlap ? options->tile_overlap : options->tile / 4;
    *tiling = (fov_tiling){settings, options, .image = *image, .stride = stride, .overlap = (int)fov_round_up(wanted, stride)};
    const int64_t tile = fov_round_up(options->tile, stride);
    if (tiling->overlap > tile / 2)
        return fov_fail(
            err, FOV_ERR_ARGUMENT,
            "tiles of %lld pixels that overlap by %d (both rounded up to a multiple of %d): the overlap must be at most "
            "half the tile",
            (long long)tile, tiling->overlap, stride);
    if ((double)image->width * (double)options->tile_scale > (double)INT32_MAX / 2 ||
        (double)image->height * (double)options->tile_scale > (double)INT32_MAX / 2)
        return fov_fail(err, FOV_ERR_LIMIT, "a photo of %d x %d pixels, scaled by %g, is too large; choose a smaller scale",
                        image->width, image->height, (double)options->tile_scale);
    set_level(tiling, (double)options->tile_scale);
    return FOV_OK;
}

/* ---------------------------------------------------------------- tiles */

/* One axis of a tile, in pixels of the photo unless said otherwise. */
typedef struct span {
    int   first, count; /* the window                                 */
    int   scaled;       /* its size in the network's input            */
    float inside[2], core[2];
} span;

static span span_of(const fov_tile_axis *axis, int64_t i, int photo_side, double scale, int64_t stride, int overlap)
{
    const int64_t from = axis_origin(axis, i, stride), to = from + axis->side;
    const bool    starts = i == 0, ends = i == axis->count - 1;
    const int64_t before = starts ? 0 : axis_origin(axis, i - 1, stride) + axis->side;
    const int64_t after = ends ? 0 : axis_origin(axis, i + 1, stride);
    /* Halfway into the overlap, and an eighth of the least overlap beyond. */
    const double seam[2] = {(double)(from + before) / 2 - overlap / 8.0, (double)(to + after) / 2 + overlap / 8.0};
    const int    first = (int)least_of(llround((double)from / scale), photo_side - 1);
    const int    end = ends ? photo_side : (int)least_of(llround((double)to / scale), photo_side);
    const int    count = end - first < 1 ? 1 : end - first;
    return (span){.first = first,
                  .count = count,
                  .scaled = (int)least_of(axis->side, fov_scaled(count, scale)),
                  .inside = {starts ? -INFINITY : (float)first, ends ? INFINITY : (float)end},
                  .core = {starts ? -INFINITY : (float)(seam[0] / scale), ends ? INFINITY : (float)(seam[1] / scale)}};
}

static void set_tile(const fov_tiling *t, fov_tile *tile)
{
    const fov_tile_level *level = &t->level;
    const span            x = span_of(&level->x, t->next % level->x.count, t->image.width, level->scale, t->stride, t->overlap);
    const span            y = span_of(&level->y, t->next / level->x.count, t->image.height, level->scale, t->stride, t->overlap);
    *tile = (fov_tile){.window = t->image,
                       .inside = {x.inside[0], y.inside[0], x.inside[1], y.inside[1]},
                       .core = {x.core[0], y.core[0], x.core[1], y.core[1]},
                       .least = level->least,
                       .most = level->most};
    tile->window.data += y.first * t->image.pitch + (ptrdiff_t)x.first * fov_pixel_bytes(t->image.format);
    tile->window.width = x.count;
    tile->window.height = y.count;
    const fov_letterbox box = {
        .scaled_w = x.scaled, .scaled_h = y.scaled, .out_w = (int)level->x.side, .out_h = (int)level->y.side};
    fov_geometry_place(t->settings, t->options, x.count, y.count, &box, &tile->geometry);
    tile->geometry.mapping.offset[0] -= (float)x.first / tile->geometry.mapping.scale[0];
    tile->geometry.mapping.offset[1] -= (float)y.first / tile->geometry.mapping.scale[1];
}

bool fov_tiling_next(fov_tiling *t, fov_tile *tile)
{
    if (t->next == t->level.x.count * t->level.y.count) {
        if (t->last) return false;
        set_level(t, next_scale(t));
    }
    set_tile(t, tile);
    t->next++;
    return true;
}

bool fov_tile_keeps(const fov_tile *tile, const fov_face *face)
{
    const float *box = face->box, *in = tile->inside, *core = tile->core;
    const float  longer = fmaxf(box[2] - box[0], box[3] - box[1]);
    const float  x = (box[0] + box[2]) / 2, y = (box[1] + box[3]) / 2;
    return longer >= tile->least && longer <= tile->most && box[0] >= in[0] && box[1] >= in[1] && box[2] <= in[2] &&
           box[3] <= in[3] && x >= core[0] && y >= core[1] && x <= core[2] && y <= core[3];
}
