// SPDX-License-Identifier: MIT
/* What the lowerings of the CPU backend share. */
#ifndef FOVEA_BACKEND_CPU_LOWER_H
#define FOVEA_BACKEND_CPU_LOWER_H

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "backend/pixels.h"

/** Make a node ready with the kernels of one table; the result keeps what it needs of the table. */
typedef fov_status fov_cpu_lower(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out,
                                 fov_error *err);

#define FOV_OP(name, definition, cpu, cuda) fov_cpu_lower cpu;
#include "graph/ops.def"
#undef FOV_OP

/** Chunks that a step should have at least, per thread: an uneven finish then costs two threads a tenth of the step at
 * worst, and many a fifth. More is paid for with more copies of borders, and more reading of weights. */
enum { FOV_CPU_CHUNKS_PER_THREAD = 5 };

/** How many of `rows` a chunk should have; at least 1. */
ptrdiff_t fov_cpu_rows_per_chunk(ptrdiff_t rows, int threads);

#endif
