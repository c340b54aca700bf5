// SPDX-License-Identifier: MIT
/* Transpose: dimension i of the output is dimension perm[i] of the input; without perm the order is reversed. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

static fov_status read_perm(const fov_op_call *call, int *perm, fov_error *err)
{
    int        rank = call->in[0]->shape.rank;
    bool       set[FOV_MAX_RANK];
    fov_ints   list;
    fov_status st = fov_op_ints(call, FOV_NONE, "perm", &list, err);
    for (int i = 0; i < rank; i++) perm[i] = rank - 1 - i;
    if (st || !list.data) return st;
    if (list.count != rank)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "permutes %lld dimensions of %d", (long long)list.count, rank);
    if ((st = fov_op_axis_set(call, &list, rank, set, err))) return st;
    for (int i = 0; i < rank && !st; i++) st = fov_op_axis(call, fov_ints_at(&list, i), rank, &perm[i], err);
    return st;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    int        perm[FOV_MAX_RANK];
    fov_status st = read_perm(call, perm, err);
    if (st) return st;
    call->out[0].dtype = call->in[0]->dtype;
    call->out[0].shape.rank = call->in[0]->shape.rank;
    for (int i = 0; i < call->in[0]->shape.rank; i++) call->out[0].shape.dim[i] = call->in[0]->shape.dim[perm[i]];
    return FOV_OK;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    int        perm[FOV_MAX_RANK];
    fov_status st = read_perm(call, perm, err);
    if (st) return st;
    for (fov_walk w = fov_walk_begin(&call->out[0].shape); w.more; fov_walk_next(&w)) {
        int64_t from[FOV_MAX_RANK];
        for (int i = 0; i < call->in[0]->shape.rank; i++) from[perm[i]] = w.at[i];
        fov_view_copy(&call->out[0], w.at, call->in[0], from);
    }
    return FOV_OK;
}

const fov_op_def fov_op_transpose = {.name = "Transpose", .min_in = 1, .max_in = 1, .max_out = 1, .infer = infer, .run = run};
