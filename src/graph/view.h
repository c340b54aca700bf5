// SPDX-License-Identifier: MIT
/* Shapes, and strided views of tensors. A view says nothing of memory order: NCHW in meaning, any order in memory. */
#ifndef FOVEA_GRAPH_VIEW_H
#define FOVEA_GRAPH_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOV_MAX_RANK 6

typedef enum fov_dtype { FOV_F32 = 0, FOV_I64 = 1, FOV_BOOL = 2 } fov_dtype;

/** Dimensions of a tensor; -1 where a dimension is open (batch, height, width) until a plan closes it. */
typedef struct fov_shape {
    int     rank;
    int64_t dim[FOV_MAX_RANK];
} fov_shape;

/** A tensor somewhere in memory. Element (i0, i1, ..) is at data + sum(i * stride), strides in elements. */
typedef struct fov_view {
    fov_dtype dtype;
    fov_shape shape; /* all dimensions closed */
    int64_t   stride[FOV_MAX_RANK];
    void     *data; /* NULL while only the shape is known */
} fov_view;

size_t    fov_dtype_size(fov_dtype dtype);
fov_shape fov_shape_make(int rank, const int64_t *dim);
bool      fov_shape_equal(const fov_shape *a, const fov_shape *b);
bool      fov_shape_closed(const fov_shape *shape); /* no dimension is open */
/** Number of elements; false when a dimension is open or the product overflows. A rank of 0 has one element. */
bool fov_shape_count(const fov_shape *shape, size_t *count);
/** "1x3x640x640", open dimensions as "?"; into `text` of `size` bytes, returns text. */
char *fov_shape_print(const fov_shape *shape, char *text, size_t size);

/** Dense row-major view. */
fov_view fov_view_dense(fov_dtype dtype, const fov_shape *shape, void *data);
/** NCHW shape, NHWC memory with `ld` elements from one pixel to the next: how backends keep activations. */
fov_view fov_view_nhwc(int64_t n, int64_t c, int64_t h, int64_t w, int64_t ld, float *data);

#endif
