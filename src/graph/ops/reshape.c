// SPDX-License-Identifier: MIT
/* Reshape: 0 keeps the dimension (unless allowzero), one -1 takes what is left. */
#include "graph/ops/params.h"
#include "graph/ops/rearrange.h"

/* Fill in zeros; multiplies `rest` with all dimensions but the -1, whose place is noted in `open`. */
static fov_status read_shape(const fov_op_call *call, fov_shape *shape, int *open, int64_t *rest, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    bool             keep_zero = fov_node_int(call->node, "allowzero", 0) != 0;
    fov_ints         list;
    fov_status       st = fov_op_ints(call, 1, "shape", &list, err);
    if (st) return st;
    if (!list.data || list.count > FOV_MAX_RANK)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "its shape has %lld dimensions, at most %d are supported",
                           (long long)list.count, FOV_MAX_RANK);
    shape->rank = (int)list.count;
    for (int i = 0; i < shape->rank; i++) {
        int64_t dim = fov_ints_at(&list, i);
        if (dim == 0 && !keep_zero && i >= x->rank)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "dimension %d is to be kept, but the input has rank %d", i, x->rank);
        if (dim == 0 && !keep_zero) dim = x->dim[i];
        if (dim < -1 || (dim == -1 && *open != FOV_NONE))
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "dimension %d cannot be %lld", i, (long long)dim);
        if (dim == -1) *open = i;
        else if (__builtin_mul_overflow(*rest, dim, rest))
            return fov_op_fail(call, FOV_ERR_LIMIT, err, "the shape has too many elements");
        shape->dim[i] = dim;
    }
    return FOV_OK;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    fov_shape *shape = &call->out[0].shape;
    int        open = FOV_NONE;
    int64_t    rest = 1;
    size_t     count = 0;
    char       from[128], to[128];
    fov_status st = read_shape(call, shape, &open, &rest, err);
    if (st) return st;
    fov_shape_count(&call->in[0]->shape, &count);
    if (open != FOV_NONE && rest) shape->dim[open] = (int64_t)count / rest;
    if (open != FOV_NONE) rest *= rest ? shape->dim[open] : 0;
    if (rest != (int64_t)count || (open != FOV_NONE && shape->dim[open] < 0))
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "cannot make %s of %s", fov_shape_print(shape, to, sizeof to),
                           fov_shape_print(&call->in[0]->shape, from, sizeof from));
    call->out[0].dtype = call->in[0]->dtype;
    return FOV_OK;
}

const fov_op_def fov_op_reshape = {
    .name = "Reshape", .min_in = 1, .max_in = 2, .max_out = 1, .infer = infer, .run = fov_op_run_copy};
