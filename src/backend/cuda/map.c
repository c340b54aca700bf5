// SPDX-License-Identifier: MIT
/* Operators that work element by element (kernels/map.cu). */
#include "backend/cuda/lower.h"
#include "graph/ops/params.h"

#include <float.h>
#include <math.h>

typedef struct map_kind {
    fov_map_op op;
    bool       two; /* takes b */
} map_kind;

static map_kind kind_of(fov_op op)
{
    switch (op) {
    case FOV_OP_Add:
        return (map_kind){FOV_MAP_ADD, true};
    case FOV_OP_Sub:
        return (map_kind){FOV_MAP_SUB, true};
    case FOV_OP_Mul:
        return (map_kind){FOV_MAP_MUL, true};
    case FOV_OP_Div:
        return (map_kind){FOV_MAP_DIV, true};
    case FOV_OP_PRelu:
        return (map_kind){FOV_MAP_PRELU, true};
    case FOV_OP_LeakyRelu:
        return (map_kind){FOV_MAP_LEAKY, false};
    case FOV_OP_Sigmoid:
        return (map_kind){FOV_MAP_SIGMOID, false};
    case FOV_OP_Exp:
        return (map_kind){FOV_MAP_EXP, false};
    case FOV_OP_Clip:
    case FOV_OP_Relu: /* a product with 0 would make NaN of -infinity */
        return (map_kind){FOV_MAP_CLIP, false};
    case FOV_OP_Floor:
        return (map_kind){FOV_MAP_FLOOR, false};
    case FOV_OP_Ceil:
        return (map_kind){FOV_MAP_CEIL, false};
    default: /* Identity, Dropout, Convert */
        return (map_kind){FOV_MAP_COPY, false};
    }
}

/* Strides of an input that is broadcast to the output's shape, both padded. */
static void broadcast(fov_tensor *tensor, const int64_t *dim)
{
    for (int i = 0; i < FOV_MAX_RANK; i++)
        if (dim[i] == 1) tensor->stride[i] = 0;
}

static fov_status read_parameters(const fov_cuda_node *step, const fov_view *const *in, const fov_recorder *recorder,
                                  fov_map_params *params, fov_error *err)
{
    const fov_node   *node = step->node;
    const fov_op_call call = {.node = node, .opset = step->opset, .in = in, .n_in = node->n_in};
    if (node->op == FOV_OP_LeakyRelu) params->parameter[0] = fov_node_float(node, "alpha", 0.01F);
    if (node->op == FOV_OP_Relu) params->parameter[1] = INFINITY;
    if (node->op != FOV_OP_Clip) return FOV_OK;
    fov_status st = fov_cuda_need_known(node, recorder, in, 1, err);
    if (!st) st = fov_cuda_need_known(node, recorder, in, 2, err);
    if (!st) st = fov_op_float(&call, 1, "min", -FLT_MAX, &params->parameter[0], err);
    return st ? st : fov_op_float(&call, 2, "max", FLT_MAX, &params->parameter[1], err);
}

static fov_status record(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                         fov_error *err)
{
    const fov_cuda_node *step = impl;
    const map_kind       kind = kind_of(step->node->op);
    fov_map_params       params = {.op = (int32_t)kind.op};
    int64_t              dim[FOV_MAX_RANK];
    size_t               count;
    (void)scratch;
    if (out->dtype == FOV_I64 || out->dtype == FOV_BOOL) return fov_cuda_refuse(step->node, err, "it does not compute whole numbers");
    if (!fov_shape_count(&out->shape, &count)) return fov_cuda_refuse(step->node, err, "an open shape does not run");
    params.count = (int64_t)count;
    fov_status st = fov_record_tensor(recorder, out, &params.out, params.dim, err);
    if (!st) st = fov_record_tensor(recorder, in[0], &params.a, dim, err);
    if (!st) broadcast(&params.a, dim);
    if (!st && kind.two) st = fov_record_tensor(recorder, in[1], &params.b, dim, err);
    if (!st && kind.two) broadcast(&params.b, dim);
    if (!st) st = read_parameters(step, in, recorder, &params, err);
    return st ? st : fov_record_elements(recorder, "fov_map", params.count, &params, sizeof params, err);
}

fov_status fov_cuda_map(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    return fov_cuda_lower_node(graph, node, "map", record, out, err);
}

const fov_cuda_node *fov_cuda_convert_of(const fov_lowered *lowered)
{
    const fov_cuda_node *step = lowered->impl;
    return lowered->record == record && step->node->op == FOV_OP_Convert ? step : NULL;
}
