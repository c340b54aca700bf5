// SPDX-License-Identifier: MIT
/* Add of two activations of one shape; broadcasting and other types are left to the definition. */
#include "backend/cpu/rows.h"

fov_status fov_cpu_add(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    return fov_lower_rows(graph, node, &kernels->add, 2, out, err);
}
