// SPDX-License-Identifier: MIT
/* What a list of times says. */
#ifndef FOVEA_CLI_BENCH_STATS_H
#define FOVEA_CLI_BENCH_STATS_H

#include <stddef.h>

typedef struct cli_stats {
    double median, p90, min, max, mean;
} cli_stats;

/** @param count at least 1. The order of `values` is left alone. */
cli_stats cli_stats_of(const double *values, size_t count);

#endif
