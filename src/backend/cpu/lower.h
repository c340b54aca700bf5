// SPDX-License-Identifier: MIT
/* What the lowerings of the CPU backend share. */
#ifndef FOVEA_BACKEND_CPU_LOWER_H
#define FOVEA_BACKEND_CPU_LOWER_H

#include "backend/backend.h"
#include "backend/cpu/kernels.h"

/** Make a node ready with the kernels of one table; the result keeps what it needs of the table. */
typedef fov_status fov_cpu_lower(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out,
                                 fov_error *err);

#define FOV_OP(name, definition, cpu) fov_cpu_lower cpu;
#include "graph/ops.def"
#undef FOV_OP

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

/** Chunks that a step should have at least, per thread: an uneven finish then costs two threads a tenth of the step at
 * worst, and many a fifth. More is paid for with more copies of borders, and more reading of weights. */
enum { FOV_CPU_CHUNKS_PER_THREAD = 5 };

/** How many of `rows` a chunk should have; at least 1. */
ptrdiff_t fov_cpu_rows_per_chunk(ptrdiff_t rows, int threads);

/** The failure when fov_pixels_of() says false: only a bug in Fovea lays activations out in another way. */
fov_status fov_fail_layout(const fov_node *node, fov_error *err);

#endif
