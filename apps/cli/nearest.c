// SPDX-License-Identifier: MIT
#include "nearest.h"

#include <string.h>

enum { LONGEST = 32 };

static int least(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours, each for 1. */
static int distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    int    d[LONGEST + 1][LONGEST + 1];
    if (n > LONGEST || m > LONGEST) return LONGEST;

    for (size_t i = 0; i <= n; i++) d[i][0] = (int)i;
    for (size_t j = 0; j <= m; j++) d[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    return d[n][m];
}

cli_nearest cli_nearest_to(const char *typed)
{
    return (cli_nearest){typed, NULL, 1 + (int)(strlen(typed) + 2) / 3};
}

void cli_nearest_try(cli_nearest *nearest, const char *candidate)
{
    int d = distance(nearest->typed, candidate);
    if (d >= nearest->limit) return;
    nearest->limit = d;
    nearest->best = candidate;
}
