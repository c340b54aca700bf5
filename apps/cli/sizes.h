// SPDX-License-Identifier: MIT
/* What --size takes, here and in the GStreamer element. */
#ifndef FOVEA_CLI_SIZES_H
#define FOVEA_CLI_SIZES_H

#include <stdbool.h>

#include "fovea/fovea.h"

enum { CLI_MAX_SIDE = 65536, CLI_MIN_TILE = 64, CLI_MAX_TILE = 8192 }; /* as CLI_SIZES tells */

/** What --size takes, for messages. */
#define CLI_SIZES                                                                                                                  \
    "WxH such as 640x480, long:N such as long:1280, native, or tiles:N such as tiles:1280; sides from 1 to 65536, of tiles from "  \
    "64 to 8192"
/** The text of --size. Says nothing, and changes nothing but what it means. */
bool cli_parse_size(const char *text, fov_detect_options *options);

/** "WxH" with both from 1. Says nothing. */
bool cli_parse_wxh(const char *text, int *width, int *height);

#endif
