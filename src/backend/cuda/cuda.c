// SPDX-License-Identifier: MIT
/* The CUDA backend: each node as kernels that are launched on a GPU. */
#include "backend/cuda/conv.h"
#include "backend/cuda/lower.h"
#include "backend/cuda/place.h"
#include "base/alloc.h"

extern const fov_backend fov_backend_cuda;

fov_status fov_cuda_refuse(const fov_node *node, fov_error *err, const char *what)
{
    return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s '%.200s': %s on a GPU; run this model with --backend cpu",
                    fov_op_def_of(node->op)->name, node->name, what);
}

fov_status fov_cuda_need_known(const fov_node *node, const fov_recorder *recorder, const fov_view *const *in, int i, fov_error *err)
{
    bool known = true;
    if (i >= node->n_in || !in[i]) return FOV_OK;
    fov_status st = fov_record_is_known(recorder, in[i], &known, err);
    return st || known ? st : fov_cuda_refuse(node, err, "parameters that depend on the photo are not read");
}

/* Fourth column of ops.def: operators that exporters make shapes with, which plans know before anything runs; and plugins, which are code
 * for the host. */
fov_status fov_cuda_none(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    (void)graph;
    if (node->op == FOV_OP_Plugin) return fov_cuda_refuse(node, err, "operators of plugins do not run");
    return fov_cuda_lower_node(graph, node, "none", fov_cuda_record_none, out, err);
}

fov_status fov_cuda_record_none(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                                fov_error *err)
{
    const fov_cuda_node *step = impl;
    (void)in, (void)out, (void)scratch, (void)recorder;
    return fov_cuda_refuse(step->node, err, "this operator does not run where its inputs depend on the photo");
}

fov_status fov_cuda_lower_node(const fov_graph *graph, const fov_node *node, const char *kernel,
                               __typeof__(((fov_lowered *)0)->record) record, fov_lowered *out, fov_error *err)
{
    fov_cuda_node *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered node");
    *step = (fov_cuda_node){.graph = graph, .node = node, .opset = graph->opset};
    *out = (fov_lowered){.kernel = kernel, .impl = step, .record = record, .free = fov_free};
    return FOV_OK;
}

static fov_status lower(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    static fov_cuda_lower *const lowering[] = {
#define FOV_OP(name, definition, cpu, cuda) cuda,
#include "graph/ops.def"
#undef FOV_OP
    };
    return lowering[node->op](graph, node, out, err);
}

const fov_backend fov_backend_cuda = {
    .name = "cuda", .lower = lower, .chain = fov_cuda_conv_chain, .alike = fov_cuda_conv_alike, .join = fov_cuda_conv_join, .remote = &fov_cuda_remote};
