// SPDX-License-Identifier: MIT
#include "bench_stats.h"

#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

cli_stats cli_stats_of(const double *values, size_t count)
{
    double *sorted = cli_calloc(count, sizeof *sorted), sum = 0;
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    for (size_t i = 0; i < count; i++) sum += values[i];
    /* p90 by nearest rank: the smallest value that 90 % of all do not exceed */
    cli_stats stats = {.median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2,
                       .p90 = sorted[(size_t)ceil(0.9 * (double)count) - 1],
                       .min = sorted[0],
                       .max = sorted[count - 1],
                       .mean = sum / (double)count};
    free(sorted);
    return stats;
}
