// SPDX-License-Identifier: MIT
/* Ctrl-C in a long run: finish the photo at hand, close what is open, leave. A second one stops at once. */
#ifndef FOVEA_CLI_INTERRUPT_H
#define FOVEA_CLI_INTERRUPT_H

#include "exit_codes.h"

#include <stdbool.h>

void     cli_interrupt_watch(void);
int      cli_interrupt_signal(void);      /* 0, or the SIGINT, SIGTERM or SIGHUP that came */
bool     cli_interrupt_stops(void *user); /* did one come? For fov_video_options.stop */
cli_exit cli_interrupt_code(void);        /* what to exit with: CLI_OK when none came      */

#endif
