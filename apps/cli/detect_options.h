// SPDX-License-Identifier: MIT
/* Options for how a photo becomes a network's input and which faces are kept. */
#ifndef FOVEA_CLI_DETECT_OPTIONS_H
#define FOVEA_CLI_DETECT_OPTIONS_H

#include <popt.h>

#include "fovea/fovea.h"

extern struct poptOption cli_detect_options[];
extern struct poptOption cli_decode_options[]; /* --full-decode, of commands that decode photos only to find faces */

/** The library's defaults with the options given laid over them. @return false: it was said which option is wrong */
bool cli_detect_options_get(fov_detect_options *out);
/** The same, over what is there. */
bool cli_detect_options_lay_over(fov_detect_options *out);

enum { CLI_MAX_COUNT = 1000000 }; /* of --top-k and --max-faces */

/** What --size takes, for messages. */
#define CLI_SIZES                                                                                                                  \
    "WxH such as 640x480, long:N such as long:1280, native, or tiles:N such as tiles:1280; sides from 1 to 65536, of tiles from "  \
    "64 to 8192"
/** The text of --size. Says nothing, and changes nothing but what it means. */
bool cli_parse_size(const char *text, fov_detect_options *options);

/** "WxH" with both from 1. Says nothing. */
bool cli_parse_wxh(const char *text, int *width, int *height);

#endif
