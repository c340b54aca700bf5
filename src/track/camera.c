// SPDX-License-Identifier: MIT
/* The shift at which two small views differ least, found in smaller ones first. */
#include "track/camera.h"

#include "track/cells.h"

#include <math.h>
#include <stdlib.h>

enum { LOOKS = 2, MOST_ACROSS = 10, MOST_DOWN = 6 /* cells of the small view, a frame */ };

static const float BETTER = 0.85F, SAME_SCENE = 0.55F; /* of the difference without a shift */
static const float LEAST_GAIN = 0.5F, MOST_LEFT = 30;  /* levels of 255                    */

/* ---------------------------------------------------------------- views */

static uint8_t mean_of_cell(const fov_image *image, int column, int row)
{
    static const fov_grid grid = {FOV_VIEW_WIDTH, FOV_VIEW_HEIGHT, LOOKS};
    return (uint8_t)(fov_cell_sum(image, &grid, column, row) / (LOOKS * LOOKS));
}

static uint8_t mean_of_cells(const uint8_t *fine, int column, int row)
{
    int sum = 0;
    for (int j = 0; j < FOV_VIEW_SHRINK; j++)
        for (int i = 0; i < FOV_VIEW_SHRINK; i++)
            sum += fine[(row * FOV_VIEW_SHRINK + j) * FOV_VIEW_WIDTH + column * FOV_VIEW_SHRINK + i];
    return (uint8_t)(sum / (FOV_VIEW_SHRINK * FOV_VIEW_SHRINK));
}

void fov_camera_look(fov_camera_view *view, const fov_image *image)
{
    view->width = image->width;
    view->height = image->height;
    for (int row = 0; row < FOV_VIEW_HEIGHT; row++)
        for (int column = 0; column < FOV_VIEW_WIDTH; column++)
            view->fine[row * FOV_VIEW_WIDTH + column] = mean_of_cell(image, column, row);
    for (int row = 0; row < FOV_SMALL_HEIGHT; row++)
        for (int column = 0; column < FOV_SMALL_WIDTH; column++)
            view->small[row * FOV_SMALL_WIDTH + column] = mean_of_cells(view->fine, column, row);
}

/* ---------------------------------------------------------------- shifts */

typedef struct pair {
    const uint8_t *before, *after;
    int            width, height;
} pair;

/* Mean difference where both show the same, `after` shifted by (x, y). */
static float difference(const pair *p, int x, int y)
{
    const int left = x < 0 ? -x : 0, right = p->width - (x > 0 ? x : 0);
    const int top = y < 0 ? -y : 0, bottom = p->height - (y > 0 ? y : 0);
    unsigned  sum = 0;
    for (int row = top; row < bottom; row++) {
        const uint8_t *a = p->before + (ptrdiff_t)row * p->width, *b = p->after + (ptrdiff_t)(row + y) * p->width + x;
        for (int column = left; column < right; column++) sum += (unsigned)abs(a[column] - b[column]);
    }
    return (float)sum / (float)((right - left) * (bottom - top));
}

static float search(const pair *p, int middle[2], int across, int down)
{
    const int from[2] = {middle[0], middle[1]};
    float     least = INFINITY;
    for (int y = from[1] - down; y <= from[1] + down; y++)
        for (int x = from[0] - across; x <= from[0] + across; x++) {
            const float d = difference(p, x, y);
            if (d >= least) continue;
            least = d;
            middle[0] = x;
            middle[1] = y;
        }
    return least;
}

/* Where a parabola through three differences is lowest, from the middle one. */
static float between_cells(float before, float middle, float after)
{
    const float bend = before - 2 * middle + after;
    return bend > 0 ? fmaxf(-0.5F, fminf(0.5F, (before - after) / (2 * bend))) : 0;
}

bool fov_camera_between(const fov_camera_view *before, const fov_camera_view *after, float moved[2])
{
    const pair small = {before->small, after->small, FOV_SMALL_WIDTH, FOV_SMALL_HEIGHT};
    const pair fine = {before->fine, after->fine, FOV_VIEW_WIDTH, FOV_VIEW_HEIGHT};
    int        at[2] = {0, 0};
    moved[0] = moved[1] = 0;
    search(&small, at, MOST_ACROSS, MOST_DOWN);
    for (int i = 0; i < 2; i++) at[i] *= FOV_VIEW_SHRINK;
    const float least = search(&fine, at, FOV_VIEW_SHRINK - 1, FOV_VIEW_SHRINK - 1), still = difference(&fine, 0, 0);
    const float x = (float)at[0] + between_cells(difference(&fine, at[0] - 1, at[1]), least, difference(&fine, at[0] + 1, at[1]));
    const float y = (float)at[1] + between_cells(difference(&fine, at[0], at[1] - 1), least, difference(&fine, at[0], at[1] + 1));
    if (least > MOST_LEFT || least > BETTER * still || still - least < LEAST_GAIN) return false;
    moved[0] = x * (float)after->width / FOV_VIEW_WIDTH;
    moved[1] = y * (float)after->height / FOV_VIEW_HEIGHT;
    return least < SAME_SCENE * still;
}
