// SPDX-License-Identifier: MIT
#include "backend/cpu/winograd_strip.h"

enum { SUM_BYTES = 4 };

static int at_most(ptrdiff_t n, int most)
{
    return n < most ? (int)n : most;
}

int fov_winograd_strip_tiles(const fov_winograd_layout *layout, ptrdiff_t tile, ptrdiff_t left)
{
    const ptrdiff_t in_row = layout->columns - tile % layout->columns;
    return at_most(left < in_row ? left : in_row, FOV_STRIP_TILES);
}

void fov_winograd_strip_end(const fov_conv_end *end, const fov_conv *conv, const fov_conv_shape *shape,
                            const fov_winograd_layout *layout, ptrdiff_t first, int tiles, ptrdiff_t channel, int columns,
                            const void *sums)
{
    const fov_pixels        *y = &shape->y;
    const fov_winograd_place at = fov_winograd_place_of(layout, first);
    const int                pixels = at_most(y->w - at.x, tiles * FOV_WINOGRAD_OUT);
    const void              *residual[FOV_STRIP_PIXELS];
    for (int i = 0; i < at_most(y->h - at.y, FOV_WINOGRAD_OUT); i++) {
        const ptrdiff_t pixel = (at.n * y->h + at.y + i) * y->w + at.x;
        if (shape->residual.data) fov_conv_residual_find(shape, conv->fused.residual_scale, pixel, pixels, residual);
        fov_conv_end_run(
            end, shape,
            &(fov_conv_end_block){.m = pixels,
                                  .n = at_most(y->c - channel, columns),
                                  .channel = channel,
                                  .sum = (const unsigned char *)sums + (ptrdiff_t)i * FOV_STRIP_PIXELS * columns * SUM_BYTES,
                                  .ldsum = columns,
                                  .c = fov_pixel_at(y, pixel),
                                  .residual = shape->residual.data ? residual : NULL});
    }
}
