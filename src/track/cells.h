// SPDX-License-Identifier: MIT
/* An image seen as a grid of cells, each looked at in a few places. */
#ifndef FOVEA_TRACK_CELLS_H
#define FOVEA_TRACK_CELLS_H

#include "fovea/fovea.h"

typedef struct fov_grid {
    int columns, rows;
    int looks; /* into a cell, in each direction */
} fov_grid;

/** @return the sum of a cell's looks, of which there are the square of `looks`; green serves for brightness */
int fov_cell_sum(const fov_image *image, const fov_grid *grid, int column, int row);

#endif
