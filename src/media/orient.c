// SPDX-License-Identifier: MIT
/* EXIF orientation: where the camera's top and left went, and turning the pixels back. */
#include "media/media.h"

#include "base/alloc.h"

#include <string.h>

/* What to do with the stored picture to see it upright: first exchange rows and columns, then mirror. */
static const struct {
    bool transpose, mirror_x, mirror_y;
} turns[9] = {
    [1] = {false, false, false}, [2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true},
    [5] = {true, false, false},  [6] = {true, true, false},  [7] = {true, true, true},  [8] = {true, false, true},
};

bool fov_orientation_swaps_sides(int orientation)
{
    return orientation >= 1 && orientation <= 8 && turns[orientation].transpose;
}

fov_walk fov_orientation_walk(int orientation, int width, int height, ptrdiff_t pixel, ptrdiff_t pitch)
{
    const bool      transpose = fov_orientation_swaps_sides(orientation);
    const ptrdiff_t out_w = transpose ? height : width, out_h = transpose ? width : height;
    fov_walk        w = {0, transpose ? pitch : pixel, transpose ? pixel : pitch};
    if (orientation < 2 || orientation > 8) return w;
    if (turns[orientation].mirror_x) {
        w.first += (out_w - 1) * w.step_x;
        w.step_x = -w.step_x;
    }
    if (turns[orientation].mirror_y) {
        w.first += (out_h - 1) * w.step_y;
        w.step_y = -w.step_y;
    }
    return w;
}

void fov_orientation_stored(int orientation, double width, double height, double *x, double *y)
{
    const double across = *x, down = *y;
    if (orientation < 2 || orientation > 8) return;
    const double from_left = turns[orientation].mirror_x ? width - across : across;
    const double from_top = turns[orientation].mirror_y ? height - down : down;
    *x = turns[orientation].transpose ? from_top : from_left;
    *y = turns[orientation].transpose ? from_left : from_top;
}

void fov_orientation_upright(int orientation, double width, double height, double *x, double *y)
{
    if (orientation < 2 || orientation > 8) return;
    const double across = turns[orientation].transpose ? *y : *x, down = turns[orientation].transpose ? *x : *y;
    *x = turns[orientation].mirror_x ? width - across : across;
    *y = turns[orientation].mirror_y ? height - down : down;
}

/* In tiles, because reading a whole column of a large photo touches a cache line for every pixel. */
static void turn(const uint8_t *in, fov_walk w, uint8_t *out, int out_w, int out_h)
{
    enum { TILE = 32 };
    for (int top = 0; top < out_h; top += TILE)
        for (int left = 0; left < out_w; left += TILE)
            for (int y = top; y < out_h && y < top + TILE; y++)
                for (int x = left; x < out_w && x < left + TILE; x++)
                    memcpy(out + 3 * ((ptrdiff_t)y * out_w + x), in + w.first + x * w.step_x + y * w.step_y, 3);
}

/* Where the part of the full photo lies when its pixels are turned: what stuck out on the right may then do so on the left. */
static fov_part turned_part(const fov_photo *photo, int orientation)
{
    const fov_part full = photo->full;
    const bool     transpose = turns[orientation].transpose;
    fov_part       part = transpose ? (fov_part){full.y, full.x, full.height, full.width} : full;
    if (turns[orientation].mirror_x) part.x = (transpose ? photo->height : photo->width) - part.width - part.x;
    if (turns[orientation].mirror_y) part.y = (transpose ? photo->width : photo->height) - part.height - part.y;
    return part;
}

fov_status fov_photo_orient(fov_photo *photo, int orientation, fov_error *err)
{
    const fov_photo_options no_limit = {.max_pixels = UINT64_MAX};
    fov_photo               upright = {0};

    if (orientation < 2 || orientation > 8) return FOV_OK;
    bool       transpose = fov_orientation_swaps_sides(orientation);
    int        out_w = transpose ? photo->height : photo->width, out_h = transpose ? photo->width : photo->height;
    fov_status st = fov_photo_reserve(&upright, out_w, out_h, &no_limit, "turning a photo upright", err);
    if (st) return st;
    turn(photo->pixels, fov_orientation_walk(orientation, photo->width, photo->height, 3, 3 * (ptrdiff_t)photo->width),
         upright.pixels, out_w, out_h);
    upright.full = turned_part(photo, orientation);
    upright.full_width = transpose ? photo->full_height : photo->full_width;
    upright.full_height = transpose ? photo->full_width : photo->full_height;
    fov_free_aligned(photo->pixels);
    memcpy(upright.warning, photo->warning, sizeof upright.warning);
    *photo = upright;
    return FOV_OK;
}
