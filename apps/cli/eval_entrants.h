// SPDX-License-Identifier: MIT
/* The engines that stand side by side: each model in each precision that was asked for. */
#ifndef FOVEA_CLI_EVAL_ENTRANTS_H
#define FOVEA_CLI_EVAL_ENTRANTS_H

#include <popt.h>

#include "exit_codes.h"
#include "fovea/fovea.h"

extern struct poptOption cli_entrant_options[]; /* -m, --precision; each may be repeated */

typedef struct cli_entrants {
    fov_entrant *item; /* names and engines are ours */
    size_t       count, capacity;
    int          threads;
} cli_entrants;

/** Says what failed; close in any case. */
cli_exit cli_entrants_open(cli_entrants *entrants);
void     cli_entrants_close(cli_entrants *entrants);

#endif
