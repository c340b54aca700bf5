// SPDX-License-Identifier: MIT
/* Options for how a photo becomes a network's input and which faces are kept. */
#ifndef FOVEA_CLI_DETECT_OPTIONS_H
#define FOVEA_CLI_DETECT_OPTIONS_H

#include <popt.h>

#include "detect_text.h"

extern struct poptOption cli_detect_options[];
extern struct poptOption cli_decode_options[]; /* --full-decode, of commands that decode photos only to find faces */

/** The library's defaults with the options given laid over them. @return false: it was said which option is wrong */
bool cli_detect_options_get(fov_detect_options *out);
/** The same, over what is there. */
bool cli_detect_options_lay_over(fov_detect_options *out);

#endif
