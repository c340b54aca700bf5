// SPDX-License-Identifier: MIT
/* Steps that make each pixel of the output of the same pixel of one or two inputs: Add and Convert. */
#ifndef FOVEA_BACKEND_CPU_ROWS_H
#define FOVEA_BACKEND_CPU_ROWS_H

#include "backend/cpu/lower.h"

/** Lower such a node; shapes or layouts that kernels do not know are left to its definition. @param n_in 1 or 2 */
fov_status fov_lower_rows(const fov_graph *graph, const fov_node *node, const fov_rows_kernel *kernel, int n_in, fov_lowered *out,
                          fov_error *err);

#endif
