// SPDX-License-Identifier: MIT
#include "track/cells.h"

#include "media/media.h"

int fov_cell_sum(const fov_image *image, const fov_grid *grid, int column, int row)
{
    const int pixel = fov_pixel_bytes(image->format), channel = pixel > 1, looks = grid->looks;
    int       sum = 0;
    for (int j = 0; j < looks; j++)
        for (int i = 0; i < looks; i++) {
            const int64_t x =
                (int64_t)image->width * (2 * ((int64_t)column * looks + i) + 1) / (2 * (int64_t)grid->columns * looks);
            const int64_t y = (int64_t)image->height * (2 * ((int64_t)row * looks + j) + 1) / (2 * (int64_t)grid->rows * looks);
            sum += image->data[y * image->pitch + x * pixel + channel];
        }
    return sum;
}
