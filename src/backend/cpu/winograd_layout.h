// SPDX-License-Identifier: MIT
/* How the tiles of a Winograd convolution are shared out, whatever their numbers are. A run goes through blocks of tiles: all tiles
 * of a block are transformed, then for one panel after the other come 36 products and the transform back. So a panel is read once a
 * block and what lies between the transforms stays in the cache. Chunks, which threads share, are blocks times groups of panels. */
#ifndef FOVEA_BACKEND_CPU_WINOGRAD_LAYOUT_H
#define FOVEA_BACKEND_CPU_WINOGRAD_LAYOUT_H

#include "backend/cpu/lower.h"

/** What lowering decides. */
typedef struct fov_winograd_work {
    ptrdiff_t cin, panel_columns, panels;
    ptrdiff_t tiles;          /* that make products fast */
    size_t    packed_bytes;   /* of weights */
    size_t    x_size, v_size; /* bytes of an element of a patch, and of the transformed input; of products: 4 */
} fov_winograd_work;

/** At one size of the output. A block lies in a thread's scratch as transformed input, products, and a patch for a tile at the edge
 * of the image. Strides are in elements; those of points are whole cache lines. */
typedef struct fov_winograd_layout {
    ptrdiff_t rows, columns, tiles; /* of tiles: rows and columns in one image */
    ptrdiff_t block, blocks, groups;
    ptrdiff_t ldv, v_point, m_point;
    size_t    m_bytes, patch_bytes, thread_bytes; /* where products and the patch begin */
} fov_winograd_layout;

fov_winograd_layout fov_winograd_layout_of(const fov_winograd_work *work, const fov_view *out, int threads);

/** Where a tile's first output is. */
typedef struct fov_winograd_place {
    ptrdiff_t n, y, x;
} fov_winograd_place;

fov_winograd_place fov_winograd_place_of(const fov_winograd_layout *layout, ptrdiff_t tile);

/** The 6 x 6 input pixels of a tile, at steps of bytes. */
typedef struct fov_winograd_source {
    const unsigned char *x;
    ptrdiff_t            row, pixel;
} fov_winograd_source;

/**
 * In the image, or, where the tile sticks out of it, copied to `patch` with a border.
 * @param y, x  of the first pixel; either may be negative
 * @param zero  a pixel of the border; NULL: zeros
 */
fov_winograd_source fov_winograd_source_of(const fov_pixels *image, ptrdiff_t n, ptrdiff_t y, ptrdiff_t x, const void *zero,
                                           unsigned char *patch);
/** The same of halves, always as floats in `patch`, with a border of zeros. */
fov_winograd_source fov_winograd_source_wide(const fov_pixels *image, ptrdiff_t n, ptrdiff_t y, ptrdiff_t x, fov_widen_run *widen,
                                             unsigned char *patch);

#endif
