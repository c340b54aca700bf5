// SPDX-License-Identifier: MIT
/* fovea serve: faces over HTTP. docs/serve.md is for users; docs/architecture.md says how the parts work together. */
#ifndef FOVEA_SERVE_H
#define FOVEA_SERVE_H

#include "config.h"
#include "exit_codes.h"

/** Serve until a signal of signals.h, then finish what was begun. Says what failed. */
cli_exit srv_serve(const srv_config *config);

#endif
