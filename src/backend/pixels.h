// SPDX-License-Identifier: MIT
/* Activations as kernels of all backends see them. */
#ifndef FOVEA_BACKEND_PIXELS_H
#define FOVEA_BACKEND_PIXELS_H

#include "base/error.h"
#include "graph/graph.h"

/** An activation as kernels see it: pixels in the order n, h, w, each `ld` elements after the one before. */
typedef struct fov_pixels {
    ptrdiff_t n, c, h, w, ld;
    union {
        float         *data;  /* of F32 */
        unsigned char *bytes; /* of any type */
    };
    ptrdiff_t        size; /* bytes of an element */
    fov_dtype        dtype;
    const fov_quant *quant; /* of U8 */
} fov_pixels;

/** False when the view is not NHWC of F32, F16, BF16 or U8. Strides of dimensions of size 1 do not matter. */
bool fov_pixels_of_any(const fov_view *view, fov_pixels *pixels);
/** The same of F32 only. */
bool fov_pixels_of(const fov_view *view, fov_pixels *pixels);

/** Pixel `index` in the order n, h, w. */
static inline unsigned char *fov_pixel_at(const fov_pixels *pixels, ptrdiff_t index)
{
    return pixels->bytes + index * pixels->ld * pixels->size;
}

/** The failure when fov_pixels_of() says false: only a bug in Fovea lays activations out in another way. */
fov_status fov_fail_layout(const fov_node *node, fov_error *err);

#endif
