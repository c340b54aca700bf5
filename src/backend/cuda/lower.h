// SPDX-License-Identifier: MIT
/* What the lowerings of the CUDA backend share. Each is a column of ops.def. */
#ifndef FOVEA_BACKEND_CUDA_LOWER_H
#define FOVEA_BACKEND_CUDA_LOWER_H

#include "backend/conv.h"
#include "backend/cuda/record.h"

typedef fov_status fov_cuda_lower(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err);

#define FOV_OP(name, definition, cpu, cuda) fov_cuda_lower cuda;
#include "graph/ops.def"
#undef FOV_OP

/** Fail with FOV_ERR_UNSUPPORTED: the node, and what of it GPUs cannot do. */
fov_status fov_cuda_refuse(const fov_node *node, fov_error *err, const char *what);

/** Refuse a node whose input `i`, which the host reads when it makes the program, only comes with the photo. Inputs left out are
 * known. */
fov_status fov_cuda_need_known(const fov_node *node, const fov_recorder *recorder, const fov_view *const *in, int i, fov_error *err);

/** fov_lowered.record of operators that refuse, and of those that only move elements. */
fov_status fov_cuda_record_none(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                                fov_error *err);
fov_status fov_cuda_record_rearrange(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                                     fov_error *err);

/** A step that keeps nothing but its node: `record` of `out` is set, `impl` is a fov_cuda_node. */
typedef struct fov_cuda_node {
    const fov_graph *graph;
    const fov_node  *node;
    int64_t          opset;
} fov_cuda_node;

/** The Convert that a step is; NULL if it is another. */
const fov_cuda_node *fov_cuda_convert_of(const fov_lowered *lowered);

fov_status fov_cuda_lower_node(const fov_graph *graph, const fov_node *node, const char *kernel,
                               __typeof__(((fov_lowered *)0)->record) record, fov_lowered *out, fov_error *err);

#endif
