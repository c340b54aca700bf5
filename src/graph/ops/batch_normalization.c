// SPDX-License-Identifier: MIT
/* BatchNormalization as in inference: y = (x - mean[c]) / sqrt(var[c] + epsilon) * scale[c] + bias[c]. */
#include "graph/ops/params.h"
#include "graph/ops/map.h"
#include "graph/ops/walk.h"

#include <math.h>

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    fov_status       st;
    if (x->rank < 2) return fov_op_fail(call, FOV_ERR_FORMAT, err, "an input of rank %d has no channels", x->rank);
    if (fov_node_int(call->node, "training_mode", 0))
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "it is in training mode: export the model for inference");
    for (int i = 1; i < 5; i++) {
        if ((st = fov_op_expect(call, i, FOV_F32, 1, err))) return st;
        if (call->in[i]->shape.dim[0] != x->dim[1])
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "input %d has %lld elements for %lld channels", i,
                               (long long)call->in[i]->shape.dim[0], (long long)x->dim[1]);
    }
    return fov_op_infer_float(call, err);
}

static double channel(const fov_op_call *call, int input, int64_t c)
{
    return (double)*fov_view_f32(call->in[input], &c);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    (void)err;
    double epsilon = (double)fov_node_float(call->node, "epsilon", 1e-5F);
    for (fov_walk w = fov_walk_begin(&call->out[0].shape); w.more; fov_walk_next(&w)) {
        int64_t c = w.at[1];
        double  x = (double)*fov_view_f32(call->in[0], w.at);
        *fov_view_f32(&call->out[0], w.at) =
            (float)((x - channel(call, 3, c)) / sqrt(channel(call, 4, c) + epsilon) * channel(call, 1, c) + channel(call, 2, c));
    }
    return FOV_OK;
}

const fov_op_def fov_op_batch_normalization = {
    .name = "BatchNormalization", .min_in = 5, .max_in = 5, .max_out = 1, .infer = infer, .run = run};
