// SPDX-License-Identifier: MIT
#include "track/cut.h"

#include "track/cells.h"

#include <math.h>

enum { LOOKS = 4 }; /* in each direction of a cell */

static const double MOST_ALIKE = 0.3, LEAST_CHANGE = 20; /* correlation; levels of 255 */

static float mean_of_cell(const fov_image *image, int column, int row)
{
    static const fov_grid grid = {FOV_CUT_WIDTH, FOV_CUT_HEIGHT, LOOKS};
    return (float)fov_cell_sum(image, &grid, column, row) / (LOOKS * LOOKS);
}

void fov_cut_look(fov_cut_view *view, const fov_image *image)
{
    for (int row = 0; row < FOV_CUT_HEIGHT; row++)
        for (int column = 0; column < FOV_CUT_WIDTH; column++)
            view->cell[row * FOV_CUT_WIDTH + column] = mean_of_cell(image, column, row);
}

bool fov_cut_between(const fov_cut_view *before, const fov_cut_view *after)
{
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0, change = 0;
    for (int i = 0; i < FOV_CUT_CELLS; i++) {
        const double x = (double)before->cell[i], y = (double)after->cell[i];
        a += x;
        b += y;
        aa += x * x;
        bb += y * y;
        ab += x * y;
        change += fabs(x - y);
    }
    const double n = FOV_CUT_CELLS, spread = sqrt(fmax(0, aa - a * a / n) * fmax(0, bb - b * b / n));
    return change / n > LEAST_CHANGE && (ab - a * b / n) <= MOST_ALIKE * spread;
}
