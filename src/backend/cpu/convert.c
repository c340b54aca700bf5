// SPDX-License-Identifier: MIT
#include "backend/cpu/rows.h"

fov_status fov_cpu_convert(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out,
                           fov_error *err)
{
    return fov_lower_rows(graph, node, &kernels->convert, 1, out, err);
}
