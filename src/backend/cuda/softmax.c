// SPDX-License-Identifier: MIT
/* Softmax (kernels/softmax.cu). */
#include "backend/cuda/lower.h"
#include "graph/ops/params.h"

/* Before opset 13 Softmax took all axes from `axis` on as one; only its last axis is the same then. */
static fov_status read_axis(const fov_cuda_node *step, const fov_view *const *in, int *axis, fov_error *err)
{
    const fov_op_call call = {.node = step->node, .opset = step->opset, .in = in, .n_in = step->node->n_in};
    const int         rank = in[0]->shape.rank;
    fov_status        st = fov_op_axis(&call, fov_node_int(step->node, "axis", step->opset < 13 ? 1 : -1), rank, axis, err);
    if (!st && step->opset < 13 && *axis != rank - 1) st = fov_cuda_refuse(step->node, err, "a sum over several axes does not run");
    return st;
}

static fov_status record(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                         fov_error *err)
{
    const fov_cuda_node *step = impl;
    fov_softmax_params   params = {.rows = 1};
    int                  axis;
    (void)scratch;
    fov_status st = read_axis(step, in, &axis, err);
    if (!st) st = fov_record_tensor(recorder, in[0], &params.in, params.dim, err);
    if (!st) st = fov_record_tensor(recorder, out, &params.out, NULL, err);
    if (st) return st;
    params.axis = FOV_MAX_RANK - in[0]->shape.rank + axis;
    for (int i = 0; i < FOV_MAX_RANK; i++)
        if (i != params.axis) params.rows *= params.dim[i];
    return fov_record_elements(recorder, "fov_softmax", params.rows, &params, sizeof params, err);
}

fov_status fov_cuda_softmax(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    return fov_cuda_lower_node(graph, node, "softmax", record, out, err);
}
