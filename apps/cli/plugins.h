// SPDX-License-Identifier: MIT
/* --plugin and --heads: operators that shared libraries give. Nothing but these options loads a library. */
#ifndef FOVEA_CLI_PLUGINS_H
#define FOVEA_CLI_PLUGINS_H

#include <popt.h>

#include "exit_codes.h"
#include "fovea/fovea.h"

extern struct poptOption cli_plugin_options[];

/** What the options name, for fov_model_options; loaded once. Says what failed, and returns CLI_OK, CLI_USAGE or CLI_MODEL. */
cli_exit cli_plugins(const fov_plugin *const **plugins, size_t *count);

/** Operator of --heads; NULL: none. */
const char *cli_head_plugin(void);

#endif
