// SPDX-License-Identifier: MIT
/* Tile: the whole tensor again and again, as often along each dimension as `repeats` says. */
#include "graph/ops/map.h"
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    fov_ints         repeats;
    fov_status       st = fov_op_ints(call, 1, NULL, &repeats, err);
    if (st) return st;
    if (repeats.count != x->rank)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "has %lld repeats for %d dimensions", (long long)repeats.count, x->rank);
    call->out[0].dtype = call->in[0]->dtype;
    call->out[0].shape.rank = x->rank;
    for (int i = 0; i < x->rank; i++) {
        int64_t times = fov_ints_at(&repeats, i);
        if (times < 0 || __builtin_mul_overflow(x->dim[i], times, &call->out[0].shape.dim[i]))
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "cannot repeat %lld elements %lld times", (long long)x->dim[i],
                               (long long)times);
    }
    return FOV_OK;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *x = call->in[0], *out = &call->out[0];
    (void)err;
    for (fov_walk w = fov_walk_begin(&out->shape); w.more; fov_walk_next(&w)) {
        int64_t from[FOV_MAX_RANK];
        for (int i = 0; i < x->shape.rank; i++) from[i] = w.at[i] % x->shape.dim[i];
        fov_view_copy(out, w.at, x, from);
    }
    return FOV_OK;
}

const fov_op_def fov_op_tile = {.name = "Tile", .min_in = 2, .max_in = 2, .max_out = 1, .infer = infer, .run = run};
