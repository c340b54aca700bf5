// SPDX-License-Identifier: MIT
/* Options for what a model file cannot tell. Each option is named as the setting, so the table is the list of settings. */
#ifndef FOVEA_CLI_SETTINGS_H
#define FOVEA_CLI_SETTINGS_H

#include <popt.h>

extern struct poptOption cli_settings_options[];

/** The settings given so far, for fov_model_options.settings; NULL: none. */
const char *cli_settings(void);

#endif
