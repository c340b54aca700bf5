// SPDX-License-Identifier: MIT
#include "input_size.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* Of the networks that are known here; of others a bound that is somewhat off serves as well. */
static const double STRIDE = 32;

/* ---------------------------------------------------------------- one input */

/* Before the padding to the stride. */
static void size_of_input(const fov_detect_options *o, double *width, double *height)
{
    const double longer = *width > *height ? *width : *height;
    switch (o->resize) {
    case FOV_RESIZE_LONG_SIDE:
        if (longer <= o->long_side) break;
        *width *= o->long_side / longer;
        *height *= o->long_side / longer;
        break;
    case FOV_RESIZE_LETTERBOX:
        *width = o->width;
        *height = o->height;
        break;
    case FOV_RESIZE_TILES:
        *width = fmin(*width * (double)o->tile_scale, o->tile);
        *height = fmin(*height * (double)o->tile_scale, o->tile);
        break;
    default:
        break; /* FOV_RESIZE_NATIVE: the photo's */
    }
}

static fov_status check_one(const fov_detect_options *detect, double w, double h, uint64_t most, fov_error *err)
{
    size_of_input(detect, &w, &h);
    if (w * h <= (double)most) return FOV_OK;
    snprintf(err->message, sizeof err->message,
             "the network's input would be %.0f x %.0f, and this server takes %llu pixels at most: ask for a smaller size, such as "
             "long:1280",
             w, h, (unsigned long long)most);
    return err->code = FOV_ERR_LIMIT;
}

/* ---------------------------------------------------------------- all tiles of a photo */

static double padded(double side)
{
    return ceil(side / STRIDE) * STRIDE;
}

/* Along one side, which is covered by one or by several that overlap. @return pixels of all of them */
static double pixels_along(double side, double tile, double overlap)
{
    const double total = padded(side);
    return total <= tile ? total : tile * ceil((total - overlap) / (tile - overlap));
}

/* As api/tiles.h says that they lie: level after level, each a third of the size, until one tile has the whole photo. */
static double pixels_of_tiles(const fov_detect_options *o, double width, double height)
{
    const double tile = padded(o->tile), overlap = padded(o->tile_overlap ? o->tile_overlap : floor(o->tile / 4.0));
    const double last = o->tile / fmax(width, height); /* scale at which it fits */
    double       sum = 0, scale = (double)o->tile_scale;
    if (overlap > tile / 2) return 0; /* is refused with a sentence of its own */
    for (bool fits = false; !fits;) {
        sum += pixels_along(width * scale, tile, overlap) * pixels_along(height * scale, tile, overlap);
        fits = scale <= last;
        scale = fmax(scale / 3, last);
    }
    return sum;
}

static fov_status check_tiles(const fov_detect_options *detect, double width, double height, srv_input_limit most, fov_error *err)
{
    const double pixels = pixels_of_tiles(detect, width, height), limit = SRV_TILES_TIMES * (double)most.pixels;
    if (pixels <= limit) return FOV_OK;
    snprintf(err->message, sizeof err->message,
             "in tiles of %d the network's inputs would have %.0f pixels in all, and this server takes %.0f at most (%d times %s): "
             "ask for larger tiles, such as tiles:1280, or for a smaller size, such as long:1280",
             detect->tile, pixels, limit, SRV_TILES_TIMES, most.option);
    return err->code = FOV_ERR_LIMIT;
}

fov_status srv_input_check(const fov_detect_options *detect, int width, int height, srv_input_limit most, fov_error *err)
{
    const fov_status st = check_one(detect, width, height, most.pixels, err);
    return st || detect->resize != FOV_RESIZE_TILES ? st : check_tiles(detect, width, height, most, err);
}
