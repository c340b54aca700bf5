// SPDX-License-Identifier: MIT
/* "Did you mean": the candidate at the smallest edit distance from what was typed. */
#ifndef FOVEA_CLI_NEAREST_H
#define FOVEA_CLI_NEAREST_H

typedef struct cli_nearest {
    const char *typed;
    const char *best;  /* NULL: nothing near enough to be worth a suggestion */
    int         limit; /* only a candidate below this distance replaces the best */
} cli_nearest;

cli_nearest cli_nearest_to(const char *typed);
void        cli_nearest_try(cli_nearest *nearest, const char *candidate);

#endif
