// SPDX-License-Identifier: MIT
/* Split: the opposite of Concat. Part sizes are an attribute before opset 13, then an input; without them the parts are
 * equal, except that from opset 18 the last may be smaller. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

#include <string.h>

typedef struct cut {
    int      axis;
    int64_t  size, part; /* of the dimension; of each output when `sizes` gives none */
    fov_ints sizes;
} cut;

static int64_t part_size(const cut *c, int i)
{
    if (c->sizes.data) return fov_ints_at(&c->sizes, i);
    int64_t left = c->size - i * c->part;
    return left < 0 ? 0 : left < c->part ? left : c->part;
}

static fov_status read_cut(const fov_op_call *call, cut *c, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    bool             uneven = fov_node_attr(call->node, "num_outputs") != NULL;
    int64_t          left;
    fov_status       st = fov_op_axis(call, fov_node_int(call->node, "axis", 0), x->rank, &c->axis, err);
    if (!st) st = fov_op_ints(call, 1, "split", &c->sizes, err);
    if (st) return st;
    c->size = left = x->dim[c->axis];
    c->part = (c->size + call->n_out - 1) / call->n_out;
    if (c->sizes.data && c->sizes.count != call->n_out)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "has %d outputs for %lld parts", call->n_out, (long long)c->sizes.count);
    if (!c->sizes.data && !uneven && c->size % call->n_out != 0)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "cannot cut %lld into %d equal parts", (long long)c->size, call->n_out);
    for (int i = 0; i < call->n_out; i++) {
        int64_t part = part_size(c, i);
        if (part < 0 || part > left)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "part %d of %lld does not fit into the %lld left of %lld", i,
                               (long long)part, (long long)left, (long long)c->size);
        left -= part;
    }
    if (left)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "its parts leave %lld of %lld over", (long long)left, (long long)c->size);
    return FOV_OK;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    cut        c;
    fov_status st = read_cut(call, &c, err);
    for (int i = 0; i < call->n_out && !st; i++) {
        call->out[i].dtype = call->in[0]->dtype;
        call->out[i].shape = call->in[0]->shape;
        call->out[i].shape.dim[c.axis] = part_size(&c, i);
    }
    return st;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    int64_t    start = 0;
    cut        c;
    fov_status st = read_cut(call, &c, err);
    for (int i = 0; i < call->n_out && !st; i++) {
        for (fov_walk w = fov_walk_begin(&call->out[i].shape); w.more; fov_walk_next(&w)) {
            int64_t from[FOV_MAX_RANK];
            memcpy(from, w.at, sizeof from);
            from[c.axis] += start;
            fov_view_copy(&call->out[i], w.at, call->in[0], from);
        }
        start += part_size(&c, i);
    }
    return st;
}

const fov_op_def fov_op_split = {.name = "Split", .min_in = 1, .max_in = 2, .max_out = FOV_ANY_COUNT, .infer = infer, .run = run};
