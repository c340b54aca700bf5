// SPDX-License-Identifier: MIT
/* Concat: tensors of one shape but for `axis`, one behind the other. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

#include <string.h>

static fov_status read_axis(const fov_op_call *call, int *axis, fov_error *err)
{
    if (!fov_node_attr(call->node, "axis")) return fov_op_fail(call, FOV_ERR_FORMAT, err, "does not say along which axis");
    return fov_op_axis(call, fov_node_int(call->node, "axis", 0), call->in[0]->shape.rank, axis, err);
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    fov_shape  shape = call->in[0]->shape;
    int        axis;
    fov_status st = read_axis(call, &axis, err);
    if (st) return st;
    for (int i = 1; i < call->n_in; i++) {
        if (!call->in[i]) return fov_op_fail(call, FOV_ERR_FORMAT, err, "input %d is left out but not optional", i);
        fov_shape other = call->in[i]->shape;
        char      ta[128], tb[128];
        if (other.rank == shape.rank) other.dim[axis] = shape.dim[axis];
        if (call->in[i]->dtype != call->in[0]->dtype || !fov_shape_equal(&other, &shape))
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "input %d, %s, does not continue %s along axis %d", i,
                               fov_shape_print(&call->in[i]->shape, ta, sizeof ta), fov_shape_print(&shape, tb, sizeof tb), axis);
        shape.dim[axis] += call->in[i]->shape.dim[axis]; /* at most FOV_ANY_COUNT * FOV_MAX_ELEMENTS */
    }
    call->out[0].dtype = call->in[0]->dtype;
    call->out[0].shape = shape;
    return FOV_OK;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    int64_t    start = 0;
    int        axis;
    fov_status st = read_axis(call, &axis, err);
    for (int i = 0; i < call->n_in && !st; i++) {
        for (fov_walk w = fov_walk_begin(&call->in[i]->shape); w.more; fov_walk_next(&w)) {
            int64_t to[FOV_MAX_RANK];
            memcpy(to, w.at, sizeof to);
            to[axis] += start;
            fov_view_copy(&call->out[0], to, call->in[i], w.at);
        }
        start += call->in[i]->shape.dim[axis];
    }
    return st;
}

const fov_op_def fov_op_concat = {.name = "Concat", .min_in = 1, .max_in = FOV_ANY_COUNT, .max_out = 1, .infer = infer, .run = run};
