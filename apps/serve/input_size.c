// SPDX-License-Identifier: MIT
#include "input_size.h"

#include <stdio.h>

/* Before the padding to the stride. */
static void size_of_input(const fov_detect_options *o, double *width, double *height)
{
    const double longer = *width > *height ? *width : *height;
    switch (o->resize) {
    case FOV_RESIZE_LONG_SIDE:
        if (longer <= o->long_side) break;
        *width *= o->long_side / longer;
        *height *= o->long_side / longer;
        break;
    case FOV_RESIZE_LETTERBOX:
        *width = o->width;
        *height = o->height;
        break;
    case FOV_RESIZE_TILES:
        *width = *width < o->tile ? *width : o->tile;
        *height = *height < o->tile ? *height : o->tile;
        break;
    default:
        break; /* FOV_RESIZE_NATIVE: the photo's */
    }
}

fov_status srv_input_check(const fov_detect_options *detect, int width, int height, uint64_t most_pixels, fov_error *err)
{
    double w = width, h = height;
    size_of_input(detect, &w, &h);
    if (w * h <= (double)most_pixels) return FOV_OK;
    err->code = FOV_ERR_LIMIT;
    snprintf(err->message, sizeof err->message,
             "the network's input would be %.0f x %.0f, and this server takes %llu pixels at most: ask for a smaller size, such as "
             "long:1280",
             w, h, (unsigned long long)most_pixels);
    return FOV_ERR_LIMIT;
}
