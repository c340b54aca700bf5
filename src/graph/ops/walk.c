// SPDX-License-Identifier: MIT
#include "graph/ops/walk.h"

#include <string.h>

fov_walk fov_walk_begin(const fov_shape *shape)
{
    fov_walk walk = {.shape = shape, .more = true};
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] == 0) walk.more = false;
    return walk;
}

void fov_walk_next(fov_walk *walk)
{
    for (int i = walk->shape->rank - 1; i >= 0; i--) {
        if (++walk->at[i] < walk->shape->dim[i]) return;
        walk->at[i] = 0;
    }
    walk->more = false;
}

int64_t fov_view_offset(const fov_view *view, const int64_t *at)
{
    int64_t offset = 0;
    for (int i = 0; i < view->shape.rank; i++) offset += at[i] * view->stride[i];
    return offset;
}

float *fov_view_f32(const fov_view *view, const int64_t *at)
{
    return (float *)view->data + fov_view_offset(view, at);
}

int64_t *fov_view_i64(const fov_view *view, const int64_t *at)
{
    return (int64_t *)view->data + fov_view_offset(view, at);
}

void fov_view_copy(const fov_view *to, const int64_t *to_at, const fov_view *from, const int64_t *from_at)
{
    ptrdiff_t size = (ptrdiff_t)fov_dtype_size(to->dtype);
    memcpy((char *)to->data + fov_view_offset(to, to_at) * size, (const char *)from->data + fov_view_offset(from, from_at) * size,
           (size_t)size);
}

void fov_view_copy_all(const fov_view *to, const fov_view *from)
{
    fov_walk source = fov_walk_begin(&from->shape);
    for (fov_walk w = fov_walk_begin(&to->shape); w.more; fov_walk_next(&w), fov_walk_next(&source))
        fov_view_copy(to, w.at, from, source.at);
}
