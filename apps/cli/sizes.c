// SPDX-License-Identifier: MIT
#include "sizes.h"

#include <stdio.h>
#include <string.h>

/* NOLINTBEGIN(cert-err34-c): six digits fit into an int */
bool cli_parse_wxh(const char *text, int *width, int *height)
{
    int end = 0;
    return sscanf(text, "%6dx%6d%n", width, height, &end) == 2 && !text[end] && *width >= 1 && *height >= 1 &&
           *width <= CLI_MAX_SIDE && *height <= CLI_MAX_SIDE;
}

bool cli_parse_size(const char *text, fov_detect_options *o)
{
    int end = 0, n;
    if (!strcmp(text, "native")) {
        o->resize = FOV_RESIZE_NATIVE;
        return true;
    }
    if (sscanf(text, "long:%6d%n", &n, &end) == 1 && !text[end] && n >= 1 && n <= CLI_MAX_SIDE) {
        o->resize = FOV_RESIZE_LONG_SIDE;
        o->long_side = n;
        return true;
    }
    if (sscanf(text, "tiles:%6d%n", &n, &end) == 1 && !text[end] && n >= CLI_MIN_TILE && n <= CLI_MAX_TILE) {
        o->resize = FOV_RESIZE_TILES;
        o->tile = n;
        return true;
    }
    if (!cli_parse_wxh(text, &o->width, &o->height)) return false;
    o->resize = FOV_RESIZE_LETTERBOX;
    return true;
}
/* NOLINTEND(cert-err34-c) */
