// SPDX-License-Identifier: MIT
/* Gather: out[a][i][b] = x[a][indices[i]][b], where a, i, b stand for any number of dimensions and x's axis lies between. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

#include <string.h>

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape, *indices = &call->in[1]->shape;
    fov_shape       *y = &call->out[0].shape;
    int              axis;
    fov_status       st = fov_op_axis(call, fov_node_int(call->node, "axis", 0), x->rank, &axis, err);
    if (!st) st = fov_op_expect(call, 1, FOV_I64, FOV_ANY_RANK, err);
    if (st) return st;
    if (x->rank + indices->rank - 1 > FOV_MAX_RANK)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "its result has rank %d, at most %d is supported",
                           x->rank + indices->rank - 1, FOV_MAX_RANK);
    call->out[0].dtype = call->in[0]->dtype;
    y->rank = x->rank + indices->rank - 1;
    for (int i = 0; i < axis; i++) y->dim[i] = x->dim[i];
    for (int i = 0; i < indices->rank; i++) y->dim[axis + i] = indices->dim[i];
    for (int i = axis + 1; i < x->rank; i++) y->dim[i + indices->rank - 1] = x->dim[i];
    return FOV_OK;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *x = call->in[0], *indices = call->in[1];
    int             axis;
    fov_status      st = fov_op_axis(call, fov_node_int(call->node, "axis", 0), x->shape.rank, &axis, err);
    if (st) return st;
    int64_t size = x->shape.dim[axis];
    for (fov_walk w = fov_walk_begin(&call->out[0].shape); w.more; fov_walk_next(&w)) {
        int64_t from[FOV_MAX_RANK], index = *fov_view_i64(indices, w.at + axis);
        if (index < -size || index >= size)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "index %lld is outside of a dimension of %lld", (long long)index,
                               (long long)size);
        memcpy(from, w.at, sizeof from);
        from[axis] = index < 0 ? index + size : index;
        for (int i = axis + 1; i < x->shape.rank; i++) from[i] = w.at[i + indices->shape.rank - 1];
        fov_view_copy(&call->out[0], w.at, x, from);
    }
    return FOV_OK;
}

const fov_op_def fov_op_gather = {.name = "Gather", .min_in = 2, .max_in = 2, .max_out = 1, .infer = infer, .run = run};
