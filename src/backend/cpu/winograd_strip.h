// SPDX-License-Identifier: MIT
/* Results of Winograd tiles that lie side by side, which are ended together. */
#ifndef FOVEA_BACKEND_CPU_WINOGRAD_STRIP_H
#define FOVEA_BACKEND_CPU_WINOGRAD_STRIP_H

#include "backend/cpu/conv_end.h"
#include "backend/cpu/winograd_layout.h"

/** The most tiles: their results stay in the first-level cache. */
enum { FOV_STRIP_TILES = 7, FOV_STRIP_PIXELS = FOV_STRIP_TILES * FOV_WINOGRAD_OUT };

/** How many tiles from `tile` on make a strip: they are in one row of tiles, and `left` at most. */
int fov_winograd_strip_tiles(const fov_winograd_layout *layout, ptrdiff_t tile, ptrdiff_t left);

/**
 * @param first   tile
 * @param channel the first of at most `columns`
 * @param sums    [4][FOV_STRIP_PIXELS][columns], read up to 64 bytes past its end
 */
void fov_winograd_strip_end(const fov_conv_end *end, const fov_conv *conv, const fov_conv_shape *shape,
                            const fov_winograd_layout *layout, ptrdiff_t first, int tiles, ptrdiff_t channel, int columns,
                            const void *sums);

#endif
