// SPDX-License-Identifier: MIT
/* Dropout as in inference: y = x, and a mask that is true everywhere. */
#include "graph/ops/map.h"
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    const fov_view *training = fov_op_input(call, 2);
    size_t          count = 0;
    if (training && training->dtype == FOV_BOOL && training->data && fov_shape_count(&training->shape, &count) && count == 1 &&
        *(const bool *)training->data)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "it is in training mode: export the model for inference");
    if (call->n_out > 1) {
        call->out[1].dtype = FOV_BOOL;
        call->out[1].shape = call->in[0]->shape;
    }
    return fov_op_infer_same(call, err);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    (void)err;
    fov_view_copy_all(&call->out[0], call->in[0]);
    if (call->n_out < 2) return FOV_OK;
    for (fov_walk w = fov_walk_begin(&call->out[1].shape); w.more; fov_walk_next(&w))
        ((bool *)call->out[1].data)[fov_view_offset(&call->out[1], w.at)] = true;
    return FOV_OK;
}

const fov_op_def fov_op_dropout = {.name = "Dropout", .min_in = 1, .max_in = 3, .max_out = 2, .infer = infer, .run = run};
