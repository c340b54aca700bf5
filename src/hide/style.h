// SPDX-License-Identifier: MIT
/* What is shown in place of a face: one file a style, one row in styles.def, in the order of fov_hide_style. */
#ifndef FOVEA_HIDE_STYLE_H
#define FOVEA_HIDE_STYLE_H

#include "fovea/fovea.h"
#include "hide/surface.h"

/** A rectangle in pixels as stored. */
typedef struct fov_region {
    float x0, y0, x1, y1;
} fov_region;

/** A plane's samples around a face. */
typedef struct fov_tile {
    uint16_t          *sample;                   /* width * height, row by row: what is there, to become what is shown */
    uint16_t          *spare;                    /* as many, of any values                                             */
    uint32_t          *sums;                     /* as many as there are columns, of any values */
    int                left, top, width, height; /* samples of the plane                             */
    const fov_plane   *plane;
    const fov_surface *surface;
    fov_region         face; /* what is hidden, as stored */
} fov_tile;

typedef struct fov_style {
    const char *name;
    void (*fill)(const fov_hide_options *options, const fov_tile *tile);
} fov_style;

#define FOV_STYLE(style) extern const fov_style style;
#include "hide/styles.def"
#undef FOV_STYLE

/** Longer side of the face, in pixels. */
static inline float fov_tile_face_size(const fov_tile *t)
{
    const float width = t->face.x1 - t->face.x0, height = t->face.y1 - t->face.y0;
    return width > height ? width : height;
}

#endif
