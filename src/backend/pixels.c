// SPDX-License-Identifier: MIT
#include "backend/pixels.h"

static bool is_activation(fov_dtype dtype)
{
    return dtype == FOV_F32 || dtype == FOV_F16 || dtype == FOV_BF16 || dtype == FOV_U8;
}

bool fov_pixels_of_any(const fov_view *view, fov_pixels *pixels)
{
    const int64_t *dim = view->shape.dim, *stride = view->stride;
    if (!is_activation(view->dtype) || view->shape.rank != 4) return false;
    int64_t ld = dim[3] > 1 ? stride[3] : dim[2] > 1 ? stride[2] : dim[0] > 1 ? stride[0] : dim[1];
    if ((dim[1] > 1 && stride[1] != 1) || (dim[2] > 1 && stride[2] != dim[3] * ld) ||
        (dim[0] > 1 && stride[0] != dim[2] * dim[3] * ld) || ld < dim[1])
        return false;
    *pixels = (fov_pixels){.n = dim[0],
                           .c = dim[1],
                           .h = dim[2],
                           .w = dim[3],
                           .ld = ld,
                           .bytes = view->data,
                           .size = (ptrdiff_t)fov_dtype_size(view->dtype),
                           .dtype = view->dtype,
                           .quant = view->quant};
    return true;
}

bool fov_pixels_of(const fov_view *view, fov_pixels *pixels)
{
    return view->dtype == FOV_F32 && fov_pixels_of_any(view, pixels);
}

fov_status fov_fail_layout(const fov_node *node, fov_error *err)
{
    return fov_fail(err, FOV_ERR_INTERNAL, "node '%s': an input or output is not NHWC; please report this model", node->name);
}
