// SPDX-License-Identifier: MIT
/* Lines and words of a diagram, as SVG or as PNG. Coordinates are pixels of the SVG; the PNG has twice as many each way. */
#ifndef FOVEA_EVAL_CANVAS_H
#define FOVEA_EVAL_CANVAS_H

#include "base/text.h"
#include "media/paint.h"

typedef enum fov_align { FOV_ALIGN_LEFT, FOV_ALIGN_MIDDLE, FOV_ALIGN_RIGHT } fov_align;

typedef struct fov_point {
    float x, y;
} fov_point;

typedef struct fov_canvas fov_canvas;

/** What a format does with them. `end` makes the file's bytes. */
typedef struct fov_canvas_format {
    const char *ending;
    fov_status (*begin)(fov_canvas *canvas, fov_error *err);
    void (*line)(fov_canvas *canvas, const fov_point *point, size_t count, float width, fov_ink ink);
    void (*words)(fov_canvas *canvas, fov_point at, fov_align align, fov_ink ink, const char *words);
    fov_status (*end)(fov_canvas *canvas, fov_buffer *file, fov_error *err);
} fov_canvas_format;

extern const fov_canvas_format fov_canvas_svg, fov_canvas_png;

struct fov_canvas {
    const fov_canvas_format *format;
    int                      width, height;
    fov_text                 text;  /* SVG */
    fov_photo               *photo; /* PNG */
};

/** Height of a capital. Words stand on the line y. */
#define FOV_CANVAS_CAPITAL 9.0F

#endif
