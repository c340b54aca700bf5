// SPDX-License-Identifier: MIT
/* One colour. The only style of which nothing can be guessed. */
#include "hide/style.h"

static void fill(const fov_hide_options *options, const fov_tile *t)
{
    const uint16_t value = (uint16_t)fov_plane_colour(t->plane, options->colour[0], options->colour[1], options->colour[2]);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)t->width * t->height; i++) t->sample[i] = value;
}

const fov_style fov_style_solid = {"solid", fill};
