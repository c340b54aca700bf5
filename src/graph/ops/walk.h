// SPDX-License-Identifier: MIT
/* Walking over the elements of strided views, in row-major order of the shape whatever the order in memory:
 *
 *     for (fov_walk w = fov_walk_begin(&out->shape); w.more; fov_walk_next(&w))
 *         *fov_view_f32(out, w.at) = ...;
 */
#ifndef FOVEA_GRAPH_OPS_WALK_H
#define FOVEA_GRAPH_OPS_WALK_H

#include "graph/view.h"

typedef struct fov_walk {
    const fov_shape *shape;
    bool             more; /* `at` is an element; false at once for a shape with a 0 */
    int64_t          at[FOV_MAX_RANK];
} fov_walk;

fov_walk fov_walk_begin(const fov_shape *shape);
void     fov_walk_next(fov_walk *walk);

/** Elements from the view's first to the one at `at`. */
int64_t  fov_view_offset(const fov_view *view, const int64_t *at);
float   *fov_view_f32(const fov_view *view, const int64_t *at);
int64_t *fov_view_i64(const fov_view *view, const int64_t *at);
/** Copy one element between views of the same dtype. */
void fov_view_copy(const fov_view *to, const int64_t *to_at, const fov_view *from, const int64_t *from_at);

/** Copy all elements, both views in row-major order; they have the same dtype and number of elements. */
void fov_view_copy_all(const fov_view *to, const fov_view *from);

#endif
