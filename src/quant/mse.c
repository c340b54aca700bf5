// SPDX-License-Identifier: MIT
/* The range whose 256 codes are nearest to what was seen, by the mean squared error. A bin counts as if all its numbers lay at its
 * middle; exact zeros cost nothing, since zero has a code. Running sums of counts, middles and their squares give the error of all
 * numbers next to one code at once. Both ends are searched together, on a grid, then on finer grids around the best so far: with
 * outliers on one side and not on the other, one end after the other stops too soon. */
#include "quant/choose.h"

#include "base/alloc.h"

#include <math.h>

enum { SIDE = FOV_HISTOGRAM_SIDE, BINS = FOV_HISTOGRAM_BINS, GRID = 24, FINER = 6, ROUNDS = 3 };

/* Entry i is over the bins before i. In widths of a bin. */
typedef struct moments {
    double *count, *sum, *square;
} moments;

static double middle(int bin)
{
    return bin - SIDE + 0.5;
}

static fov_status make_moments(const fov_histogram *histogram, moments *m, fov_error *err)
{
    *m = (moments){fov_calloc(BINS + 1, sizeof *m->count), fov_calloc(BINS + 1, sizeof *m->sum),
                   fov_calloc(BINS + 1, sizeof *m->square)};
    if (!m->count || !m->sum || !m->square) return fov_fail_memory(err, "calibration by mean squared error");
    for (int i = 0; i < BINS; i++) {
        const double here = (double)histogram->bin[i];
        m->count[i + 1] = m->count[i] + here;
        m->sum[i + 1] = m->sum[i] + here * middle(i);
        m->square[i + 1] = m->square[i] + here * middle(i) * middle(i);
    }
    return FOV_OK;
}

static void clear(moments *m)
{
    fov_free(m->count);
    fov_free(m->sum);
    fov_free(m->square);
}

/* Sum of squared distances of bins first .. end - 1 from `code`. */
static double distance(const moments *m, int first, int end, double code)
{
    return (m->square[end] - m->square[first]) - 2 * code * (m->sum[end] - m->sum[first]) +
           code * code * (m->count[end] - m->count[first]);
}

/* The first bin whose middle is not below `border`. */
static int bin_from(double border)
{
    const double bin = ceil(border + SIDE - 0.5);
    return bin < 0 ? 0 : bin > BINS ? BINS : (int)bin;
}

/* Squared error of the codes of lo .. hi, which are moved so that zero is one of them. */
static double error_of(const moments *m, double lo, double hi)
{
    const double step = (hi - lo) / FOV_STEPS, zero = rint(-lo / step);
    double       sum = 0;
    int          first = 0;
    for (int code = 0; code <= FOV_STEPS; code++) {
        const double here = (code - zero) * step;
        const int    end = code == FOV_STEPS ? BINS : bin_from(here + step / 2);
        sum += distance(m, first, end, here);
        first = end;
    }
    return sum;
}

typedef struct ends {
    double lo, hi, error;
} ends;

static void try(const moments *m, const ends *limit, double lo, double hi, ends *best)
{
    lo = fmax(fmin(lo, 0), limit->lo);
    hi = fmin(fmax(hi, 0), limit->hi);
    if (!(hi > lo)) return;
    const double error = error_of(m, lo, hi);
    if (error < best->error) best->lo = lo, best->hi = hi, best->error = error;
}

static void search(const moments *m, const ends *limit, ends *best)
{
    double    step_lo = limit->lo / GRID, step_hi = limit->hi / GRID;
    const int rows = limit->lo < 0 ? GRID : 0, columns = limit->hi > 0 ? GRID : 0;
    for (int i = 0; i <= rows; i++)
        for (int j = 0; j <= columns; j++) try(m, limit, step_lo * i, step_hi * j, best);
    for (int round = 0; round < ROUNDS; round++) {
        const ends centre = *best;
        step_lo /= FINER;
        step_hi /= FINER;
        for (int i = rows ? -FINER : 0; i <= (rows ? FINER : 0); i++)
            for (int j = columns ? -FINER : 0; j <= (columns ? FINER : 0); j++)
                try(m, limit, centre.lo + step_lo * i, centre.hi + step_hi * j, best);
    }
}

fov_status fov_choose_mse(const fov_histogram *histogram, float *lo, float *hi, fov_error *err)
{
    const double width = fov_histogram_width(histogram);
    const ends   limit = {(double)histogram->lo / width, (double)histogram->hi / width, 0};
    ends         found = {limit.lo, limit.hi, INFINITY};
    moments      m;
    fov_status   st = make_moments(histogram, &m, err);
    if (!st && m.count[BINS] > 0) search(&m, &limit, &found);
    if (!st) {
        *lo = (float)(found.lo * width);
        *hi = (float)(found.hi * width);
    }
    clear(&m);
    return st;
}
